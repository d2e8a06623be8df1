import type { Span } from "../diagnostics/span.js";
import type { Expression, FunctionName } from "../ir/model.js";
import { type Latents, type VariableReference, variableReferences } from "./latents.js";

/** A step of a linear map, applied to the value that the earlier steps give. */
export type LinearStep =
  /** Elementwise, or by a scalar. */
  | { readonly kind: "multiply"; readonly by: Expression }
  | { readonly kind: "divide"; readonly by: Expression }
  /** matrix * value */
  | { readonly kind: "matrixTimes"; readonly matrix: Expression }
  /** value * right, where the value is itself a matrix */
  | { readonly kind: "timesRight"; readonly right: Expression }
  | { readonly kind: "dot"; readonly vector: Expression }
  | { readonly kind: "apply"; readonly function: LinearFunction }
  | { readonly kind: "element"; readonly indices: readonly Expression[] }
  /** Argument number `position` of a concat, stack or list of `among`; zero at the others' places. */
  | {
      readonly kind: "place";
      readonly function: "concat" | "stack" | "list";
      readonly position: number;
      readonly among: readonly Expression[];
    }
  /** The value where the condition is `whenTrue`, else zero. */
  | { readonly kind: "select"; readonly condition: Expression; readonly whenTrue: boolean };

export type LinearFunction = "negate" | "sum" | "mean" | "transpose" | "diag";

/**
 * A linear map of a latent. A graph, not a tree: what a `let` shares is shared here too, so that a ladder of sums stays
 * as small as it is written.
 */
export type LinearMap =
  | { readonly kind: "identity" }
  | { readonly kind: "then"; readonly first: LinearMap; readonly step: LinearStep }
  | { readonly kind: "sum"; readonly maps: readonly LinearMap[] };

/** A linear map, applied to one latent at one lag. */
export interface AffineTerm {
  readonly variable: string;
  readonly lag: number;
  readonly map: LinearMap;
  readonly span: Span;
}

/** Why an expression is not affine in the continuous latents. */
export type NonAffineReason =
  | { readonly kind: "product"; readonly left: string; readonly right: string }
  | { readonly kind: "function"; readonly function: FunctionName; readonly latent: string }
  | { readonly kind: "network"; readonly network: string; readonly latent: string }
  | { readonly kind: "divisor"; readonly latent: string }
  | { readonly kind: "condition"; readonly latent: string }
  | { readonly kind: "index"; readonly latent: string }
  | { readonly kind: "sequence"; readonly latent: string };

export interface NonAffinePlace {
  readonly reason: NonAffineReason;
  readonly span: Span;
  /** The continuous latents inside that place. */
  readonly latents: readonly VariableReference[];
}

export interface AffineForm {
  readonly kind: "affine";
  readonly terms: readonly AffineTerm[];
  /** What is left where every continuous latent is 0; absent: nothing. Constants stand for arrays filled with them. */
  readonly offset?: Expression;
  /** Discrete latents that coefficients and offset depend on, each once per lag. */
  readonly discrete: readonly VariableReference[];
}

export interface NonAffineForm {
  readonly kind: "nonAffine";
  readonly reason: NonAffineReason;
  readonly span: Span;
  /** All the places, the first of which `reason` and `span` repeat. */
  readonly places: readonly NonAffinePlace[];
}

/**
 * The expression as a sum of linear maps of continuous latents, plus an offset free of them.
 *
 *     e = sum_i C_i v_i + o,   C_i and o may hold parameters, discrete latents, observed and given values
 *
 * Observed values count as known, so an autoregressive term `A[k] * y[t-1]` is part of the offset.
 */
export function affine(expression: Expression, latents: Latents): AffineForm | NonAffineForm {
  const places: NonAffinePlace[] = [];
  const { terms, offset } = new Normaliser(latents, places).parts(expression);
  const [first] = places;
  if (first !== undefined) return { kind: "nonAffine", reason: first.reason, span: first.span, places };
  return {
    kind: "affine",
    terms,
    ...(offset === undefined ? {} : { offset }),
    discrete: oncePerLag(variableReferences(expression).filter((reference) => latents.discrete.has(reference.name))),
  };
}

/** The continuous latents that an expression mentions. */
export function continuousLatents(expression: Expression, latents: Latents): readonly VariableReference[] {
  return variableReferences(expression).filter((reference) => latents.continuous.has(reference.name));
}

interface Parts {
  readonly terms: readonly AffineTerm[];
  readonly offset?: Expression;
}

/** Parts of an expression that a non-affine place already disqualifies. */
const nothing: Parts = { terms: [] };

function oncePerLag(references: readonly VariableReference[]): readonly VariableReference[] {
  return [...new Map(references.map((reference) => [`${reference.name} ${reference.lag}`, reference])).values()];
}

/** Visits each node once, also where several places share it. */
class Normaliser {
  private readonly known = new Map<Expression, Parts>();
  private readonly latents: Latents;
  private readonly places: NonAffinePlace[];

  constructor(latents: Latents, places: NonAffinePlace[]) {
    this.latents = latents;
    this.places = places;
  }

  parts(expression: Expression): Parts {
    const found =
      this.known.get(expression) ?? normalise(expression, this.latents, this.places, (part) => this.parts(part));
    this.known.set(expression, found);
    return found;
  }
}

function normalise(
  expression: Expression,
  latents: Latents,
  places: NonAffinePlace[],
  recur: (part: Expression) => Parts,
): Parts {
  const inside = continuousLatents(expression, latents);
  const [first] = inside;
  if (first === undefined) return { terms: [], offset: expression };
  const isKnown = (part: Expression): boolean => continuousLatents(part, latents).length === 0;
  const refuse = (reason: NonAffineReason): Parts => {
    places.push({ reason, span: expression.span, latents: inside });
    return nothing;
  };
  switch (expression.kind) {
    case "variable":
      return {
        terms: [{ variable: expression.name, lag: expression.lag, map: { kind: "identity" }, span: expression.span }],
      };
    case "sequence":
      return refuse({ kind: "sequence", latent: first.name });
    case "network":
      return refuse({ kind: "network", network: expression.network, latent: first.name });
    case "parameter":
      return refuse({ kind: "index", latent: first.name });
    case "constant":
    case "position":
      return { terms: [], offset: expression };
    case "element":
      if (!expression.indices.every(isKnown)) return refuse({ kind: "index", latent: first.name });
      return mapParts(recur(expression.base), { kind: "element", indices: expression.indices }, (base) => ({
        ...expression,
        base,
      }));
    case "list":
      return placeParts(expression, "list", expression.items, recur);
    case "apply":
      return normaliseApplication(expression, first.name, latents, recur, refuse);
  }
}

type Application = Extract<Expression, { kind: "apply" }>;

function normaliseApplication(
  expression: Application,
  latent: string,
  latents: Latents,
  recur: (part: Expression) => Parts,
  refuse: (reason: NonAffineReason) => Parts,
): Parts {
  const isKnown = (part: Expression): boolean => continuousLatents(part, latents).length === 0;
  const rebuilt = (...operands: readonly Expression[]): Expression => ({ ...expression, arguments: operands });
  const [left, right] = expression.arguments as readonly [Expression, Expression];
  switch (expression.function) {
    case "add":
    case "subtract": {
      const a = recur(left);
      const b = recur(right);
      const sign = expression.function === "subtract" ? negateTerms(b.terms) : b.terms;
      return withOffset(mergeTerms([...a.terms, ...sign]), addOffsets(expression, a.offset, b.offset));
    }
    case "negate":
    case "sum":
    case "mean":
    case "transpose":
    case "diag":
      return mapParts(recur(left), { kind: "apply", function: expression.function }, (operand) => rebuilt(operand));
    case "multiply":
      if (isKnown(left)) return mapParts(recur(right), { kind: "multiply", by: left }, (value) => rebuilt(left, value));
      if (isKnown(right))
        return mapParts(recur(left), { kind: "multiply", by: right }, (value) => rebuilt(value, right));
      return refuse(productReason(left, right, latents));
    case "matmul":
      if (isKnown(left)) {
        return mapParts(recur(right), { kind: "matrixTimes", matrix: left }, (value) => rebuilt(left, value));
      }
      if (isKnown(right)) return mapParts(recur(left), { kind: "timesRight", right }, (value) => rebuilt(value, right));
      return refuse(productReason(left, right, latents));
    case "dot":
      if (isKnown(left)) return mapParts(recur(right), { kind: "dot", vector: left }, (value) => rebuilt(left, value));
      if (isKnown(right))
        return mapParts(recur(left), { kind: "dot", vector: right }, (value) => rebuilt(value, right));
      return refuse(productReason(left, right, latents));
    case "divide":
      if (isKnown(right)) return mapParts(recur(left), { kind: "divide", by: right }, (value) => rebuilt(value, right));
      return refuse({ kind: "divisor", latent });
    case "concat":
    case "stack":
      return placeParts(expression, expression.function, expression.arguments, recur);
    case "where": {
      const [condition, whenTrue, whenFalse] = expression.arguments as readonly [Expression, Expression, Expression];
      if (!isKnown(condition)) return refuse({ kind: "condition", latent });
      const a = recur(whenTrue);
      const b = recur(whenFalse);
      const terms = [
        ...appendStep(a.terms, { kind: "select", condition, whenTrue: true }),
        ...appendStep(b.terms, { kind: "select", condition, whenTrue: false }),
      ];
      const offset = rebuilt(condition, a.offset ?? zeroLike(whenTrue), b.offset ?? zeroLike(whenFalse));
      return withOffset(mergeTerms(terms), a.offset === undefined && b.offset === undefined ? undefined : offset);
    }
    case "power":
    case "exp":
    case "log":
    case "sqrt":
    case "abs":
    case "softplus":
    case "sigmoid":
    case "tanh":
    case "relu":
    case "lrelu":
    case "softmax":
    case "eye":
    case "square":
    case "less":
    case "lessEqual":
    case "greater":
    case "greaterEqual":
    case "equal":
    case "notEqual":
      return refuse({ kind: "function", function: expression.function, latent });
  }
}

/** The product's two sides by a latent of each; the same one twice is a square. */
function productReason(left: Expression, right: Expression, latents: Latents): NonAffineReason {
  const first = (side: Expression): string => continuousLatents(side, latents)[0]?.name ?? "";
  return { kind: "product", left: first(left), right: first(right) };
}

function withOffset(terms: readonly AffineTerm[], offset: Expression | undefined): Parts {
  return offset === undefined ? { terms } : { terms, offset };
}

function appendStep(terms: readonly AffineTerm[], step: LinearStep): readonly AffineTerm[] {
  return terms.map((term) => ({ ...term, map: { kind: "then", first: term.map, step } }));
}

function negateTerms(terms: readonly AffineTerm[]): readonly AffineTerm[] {
  return appendStep(terms, { kind: "apply", function: "negate" });
}

function mapParts(parts: Parts, step: LinearStep, rebuild: (offset: Expression) => Expression): Parts {
  return withOffset(appendStep(parts.terms, step), parts.offset === undefined ? undefined : rebuild(parts.offset));
}

function addOffsets(
  sum: Application,
  left: Expression | undefined,
  right: Expression | undefined,
): Expression | undefined {
  if (left !== undefined && right !== undefined) return { ...sum, arguments: [left, right] };
  if (right === undefined) return left;
  if (sum.function === "add") return right;
  return { kind: "apply", function: "negate", arguments: [right], type: right.type, span: right.span };
}

function placeParts(
  expression: Extract<Expression, { kind: "apply" | "list" }>,
  name: "concat" | "stack" | "list",
  items: readonly Expression[],
  recur: (part: Expression) => Parts,
): Parts {
  const parts = items.map(recur);
  const terms = parts.flatMap((part, position) =>
    appendStep(part.terms, { kind: "place", function: name, position, among: items }),
  );
  if (parts.every((part) => part.offset === undefined)) return { terms: mergeTerms(terms) };
  const offsets = parts.map((part, index) => part.offset ?? zeroLike(items[index] as Expression));
  const offset: Expression =
    expression.kind === "list" ? { ...expression, items: offsets } : { ...expression, arguments: offsets };
  return { terms: mergeTerms(terms), offset };
}

function zeroLike(expression: Expression): Expression {
  return { kind: "constant", value: 0, type: expression.type, span: expression.span };
}

/** One term per latent and lag: the maps of equal ones add. */
function mergeTerms(terms: readonly AffineTerm[]): readonly AffineTerm[] {
  const merged = new Map<string, AffineTerm>();
  for (const term of terms) {
    const key = `${term.variable}[-${term.lag}]`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? term : { ...known, map: { kind: "sum", maps: [known.map, term.map] } });
  }
  return [...merged.values()];
}
