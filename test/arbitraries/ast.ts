import { fc } from "@fast-check/vitest";
import type {
  Argument,
  BlockItem,
  ComparisonOperator,
  Declaration,
  DimensionExpression,
  Expression,
  GuideItem,
  Identifier,
  LayerExpression,
  NumberLiteral,
  Program,
  Subscript,
  TypeExpression,
} from "../../src/parser/ast.js";

/** Random syntax trees, as the grammar allows them; all spans are empty, to be ignored in comparisons. */

const span = { start: 0, end: 0 };

const RESERVED = "model param given each chain latent observe let net guide critic".split(" ");

const nameText = fc
  .oneof(
    { weight: 6, arbitrary: fc.constantFrom("x", "z", "K", "mean", "Normal", "A", "k'", "_t", "m0", "where_") },
    { weight: 1, arbitrary: fc.constantFrom("weight", "size", "init", "learn", "in") },
    { weight: 2, arbitrary: fc.stringMatching(/^[A-Za-z_][A-Za-z_0-9]{0,6}'?$/) },
  )
  .filter((name) => !RESERVED.includes(name) && name !== "where");

const identifier: fc.Arbitrary<Identifier> = nameText.map((text) => ({ text, span }));

const numberText = fc.oneof(
  fc.nat(1000).map(String),
  fc.tuple(fc.nat(99), fc.nat(999)).map(([whole, part]) => `${whole}.${part}`),
  fc
    .tuple(fc.nat(9), fc.constantFrom("e", "E"), fc.constantFrom("", "+", "-"), fc.nat(20))
    .map((parts) => parts.join("")),
);

const number: fc.Arbitrary<NumberLiteral> = numberText.map((text) => ({
  kind: "number",
  value: Number(text),
  text,
  span,
}));
const wholeNumber: fc.Arbitrary<NumberLiteral> = fc
  .nat(10_000)
  .map((value) => ({ kind: "number", value, text: String(value), span }));

const few = <T>(of: fc.Arbitrary<T>, least = 0): fc.Arbitrary<T[]> => fc.array(of, { minLength: least, maxLength: 3 });

/** `{ name: value }`, or nothing at all. */
const maybe = <K extends string, T>(name: K, of: fc.Arbitrary<T>): fc.Arbitrary<{ [P in K]?: T }> =>
  fc
    .option(of, { nil: undefined })
    .map((value) => (value === undefined ? {} : ({ [name]: value } as { [P in K]?: T })));

type Intersection<B extends readonly unknown[]> = B extends readonly [infer First, ...infer Rest]
  ? First & Intersection<Rest>
  : unknown;

const withMaybe = <A extends object, B extends readonly object[]>(
  base: fc.Arbitrary<A>,
  ...rest: { [I in keyof B]: fc.Arbitrary<B[I]> }
): fc.Arbitrary<A & Intersection<B>> =>
  fc.tuple(base, ...rest).map((parts: readonly object[]) => Object.assign({}, ...parts) as A & Intersection<B>);

type Tied = {
  expression: Expression;
  argument: Argument;
  subscript: Subscript;
  type: TypeExpression;
  dimension: DimensionExpression;
};

const tied = fc.letrec<Tied>((tie) => {
  const inner = tie("expression");
  const arithmetic = fc.constantFrom("+" as const, "-" as const, "*" as const, "/" as const, "^" as const);
  const comparison = fc.constantFrom<ComparisonOperator>("<", "<=", ">", ">=", "==", "!=");
  const binary = (operator: typeof arithmetic | typeof comparison): fc.Arbitrary<Expression> =>
    fc.record({ kind: fc.constant("binary" as const), operator, left: inner, right: inner, span: fc.constant(span) });
  const where: fc.Arbitrary<Expression> = fc
    .tuple(binary(comparison), few(tie("argument")))
    .map(([condition, others]) => ({
      kind: "call",
      callee: { kind: "name", name: "where", span },
      arguments: [{ value: condition, span }, ...others],
      span,
    }));
  return {
    expression: fc.oneof(
      { maxDepth: 4, depthSize: "small", withCrossShrink: true },
      fc.record({ kind: fc.constant("name" as const), name: nameText, span: fc.constant(span) }),
      number,
      binary(arithmetic),
      binary(arithmetic),
      fc.record({ kind: fc.constant("negate" as const), operand: inner, span: fc.constant(span) }),
      fc.record({
        kind: fc.constant("call" as const),
        callee: inner,
        arguments: few(tie("argument")),
        span: fc.constant(span),
      }),
      fc.record({
        kind: fc.constant("subscript" as const),
        base: inner,
        subscripts: few(tie("subscript"), 1),
        span: fc.constant(span),
      }),
      fc.record({ kind: fc.constant("field" as const), base: inner, field: identifier, span: fc.constant(span) }),
      fc.record({ kind: fc.constant("list" as const), items: few(tie("argument")), span: fc.constant(span) }),
      where,
    ),
    argument: withMaybe(fc.record({ value: inner, span: fc.constant(span) }), maybe("name", identifier)),
    subscript: fc.oneof(
      fc.constant<Subscript>({ kind: "all", span }),
      fc.record({ kind: fc.constant("index" as const), value: inner, span: fc.constant(span) }),
    ),
    type: fc.record({
      name: identifier,
      dimensions: few(tie("dimension")),
      optional: fc.boolean(),
      span: fc.constant(span),
    }),
    dimension: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      wholeNumber.map((literal): DimensionExpression => ({ kind: "integer", value: literal.value, span })),
      fc.record({ kind: fc.constant("type" as const), type: tie("type"), span: fc.constant(span) }),
    ),
  };
});

export const anyExpression: fc.Arbitrary<Expression> = tied.expression;
export const anyType: fc.Arbitrary<TypeExpression> = tied.type;

const layer: fc.Arbitrary<LayerExpression> = fc.record({
  name: identifier,
  arguments: few(tied.argument),
  span: fc.constant(span),
});

const documentationLine = fc.stringMatching(/^[ -~]{0,20}$/).map((line) => line.trimEnd());
const documentation = maybe(
  "documentation",
  fc.array(documentationLine, { minLength: 1, maxLength: 3 }).map((lines) => lines.join("\n")),
);

const initial = maybe("initial", anyExpression);

const letDeclaration = withMaybe(
  fc.record({
    kind: fc.constant("let" as const),
    names: few(identifier, 1),
    value: anyExpression,
    span: fc.constant(span),
  }),
  documentation,
);
const givenDeclaration = withMaybe(
  fc.record({ kind: fc.constant("given" as const), name: identifier, type: anyType, span: fc.constant(span) }),
  documentation,
);
const randomDeclaration = withMaybe(
  fc
    .record({
      kind: fc.constant("random" as const),
      role: fc.constantFrom("latent" as const, "observed" as const),
      name: identifier,
      type: anyType,
      relation: fc.constantFrom("~" as const, "=" as const),
      value: anyExpression,
      span: fc.constant(span),
    })
    .map((item) => (item.role === "latent" ? { ...item, relation: "~" as const } : item)),
  initial,
  documentation,
);

const blocks = fc.letrec<{ item: BlockItem; guideItem: GuideItem }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    randomDeclaration,
    letDeclaration,
    givenDeclaration,
    withMaybe(
      fc.record({
        kind: fc.constant("plate" as const),
        name: identifier,
        items: few(tie("item")),
        span: fc.constant(span),
      }),
      maybe("size", identifier),
      maybe("weight", identifier),
      documentation,
    ),
    withMaybe(
      fc.record({
        kind: fc.constant("chain" as const),
        name: identifier,
        items: few(tie("item")),
        span: fc.constant(span),
      }),
      maybe("size", identifier),
      documentation,
    ),
  ),
  guideItem: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    letDeclaration,
    withMaybe(
      fc.record({
        kind: fc.constant("site" as const),
        name: identifier,
        value: anyExpression,
        span: fc.constant(span),
      }),
      initial,
    ),
    fc.record({
      kind: fc.constant("guideChain" as const),
      name: identifier,
      items: few(tie("guideItem")),
      span: fc.constant(span),
    }),
  ),
}));

const sizeDeclaration = withMaybe(
  fc.record({
    kind: fc.constant("size" as const),
    sizes: few(withMaybe(fc.record({ name: identifier }), maybe("value", wholeNumber)), 1),
    span: fc.constant(span),
  }),
  documentation,
);
const parameterHead = fc.record({
  kind: fc.constant("parameter" as const),
  name: identifier,
  table: few(identifier),
  type: anyType,
  span: fc.constant(span),
});
const parameterDeclaration = fc.oneof(
  withMaybe(parameterHead, maybe("prior", anyExpression), documentation),
  withMaybe(parameterHead, maybe("value", anyExpression), documentation),
);
const networkDeclaration = withMaybe(
  fc.record({
    kind: fc.constant("network" as const),
    name: identifier,
    inputs: few(anyType, 1),
    outputs: few(anyType, 1),
    layers: few(layer, 1),
    span: fc.constant(span),
  }),
  documentation,
);
const guideDeclaration = fc.oneof(
  withMaybe(
    fc.record({ kind: fc.constant("guide" as const), items: few(blocks.guideItem), span: fc.constant(span) }),
    documentation,
  ),
  withMaybe(
    fc.record({
      kind: fc.constant("guide" as const),
      items: fc.constant([]),
      automatic: layer,
      span: fc.constant(span),
    }),
    documentation,
  ),
);
const criticDeclaration = withMaybe(
  fc.record({
    kind: fc.constant("critic" as const),
    network: identifier,
    arguments: few(tied.argument, 1),
    span: fc.constant(span),
  }),
  documentation,
);
const learnDeclaration = withMaybe(
  fc.record({
    kind: fc.constant("learn" as const),
    method: identifier,
    options: few(fc.record({ name: identifier, value: anyExpression })),
    span: fc.constant(span),
  }),
  documentation,
);

const declaration = fc.oneof<fc.Arbitrary<Declaration>[]>(
  blocks.item,
  blocks.item,
  sizeDeclaration,
  parameterDeclaration,
  networkDeclaration,
  guideDeclaration,
  criticDeclaration,
  learnDeclaration,
);

export const anyProgram: fc.Arbitrary<Program> = fc.record({
  kind: fc.constant("program" as const),
  models: fc.array(
    withMaybe(
      fc.record({
        kind: fc.constant("model" as const),
        name: identifier,
        declarations: fc.array(declaration, { maxLength: 6 }),
        span: fc.constant(span),
      }),
      documentation,
    ),
    { minLength: 1, maxLength: 2 },
  ),
  span: fc.constant(span),
});

/** A tree without its places, for comparison. */
export function withoutSpans(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutSpans);
  if (node === null || typeof node !== "object") return node;
  return Object.fromEntries(
    Object.entries(node).flatMap(([key, value]) => (key === "span" ? [] : [[key, withoutSpans(value)]])),
  );
}
