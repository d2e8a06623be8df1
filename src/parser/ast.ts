import type { Span } from "../diagnostics/span.js";

/**
 * The syntax tree of a program: what was written, with its places, before any meaning.
 *
 * Parentheses leave no node (the printer restores those that precedence needs). `documentation` holds the text of
 * the `##` lines in front of a declaration, without the marks, lines joined by newlines.
 */
export interface Program {
  readonly kind: "program";
  readonly models: readonly ModelDeclaration[];
  readonly span: Span;
}

export interface Identifier {
  readonly text: string;
  readonly span: Span;
}

interface DeclarationBase {
  readonly span: Span;
  readonly documentation?: string;
}

export interface ModelDeclaration extends DeclarationBase {
  readonly kind: "model";
  readonly name: Identifier;
  readonly declarations: readonly Declaration[];
}

export type Declaration =
  | SizeDeclaration
  | ParameterDeclaration
  | NetworkDeclaration
  | GivenDeclaration
  | RandomDeclaration
  | LetDeclaration
  | PlateDeclaration
  | ChainDeclaration
  | GuideDeclaration
  | CriticDeclaration
  | LearnDeclaration;

/** What may stand inside `each` and `chain`. */
export type BlockItem = PlateDeclaration | ChainDeclaration | GivenDeclaration | RandomDeclaration | LetDeclaration;

/** `size K = 3, D` */
export interface SizeDeclaration extends DeclarationBase {
  readonly kind: "size";
  readonly sizes: readonly { readonly name: Identifier; readonly value?: NumberLiteral }[];
}

/** `param mean[K]: Vector[D] ~ prior` or `= literal` */
export interface ParameterDeclaration extends DeclarationBase {
  readonly kind: "parameter";
  readonly name: Identifier;
  readonly table: readonly Identifier[];
  readonly type: TypeExpression;
  readonly prior?: Expression;
  readonly value?: Expression;
}

/** `given u: Vector[P]` */
export interface GivenDeclaration extends DeclarationBase {
  readonly kind: "given";
  readonly name: Identifier;
  readonly type: TypeExpression;
}

/** `latent z: T ~ e init e` and `observe x: T ~ e`, `observe x: T = e` */
export interface RandomDeclaration extends DeclarationBase {
  readonly kind: "random";
  readonly role: "latent" | "observed";
  readonly name: Identifier;
  readonly type: TypeExpression;
  readonly relation: "~" | "=";
  readonly value: Expression;
  readonly initial?: Expression;
}

/** `let a = e`, `let (a, b) = e` */
export interface LetDeclaration extends DeclarationBase {
  readonly kind: "let";
  readonly names: readonly Identifier[];
  readonly value: Expression;
}

/** `each n { … }`, `each j in J weight w { … }` */
export interface PlateDeclaration extends DeclarationBase {
  readonly kind: "plate";
  readonly name: Identifier;
  readonly size?: Identifier;
  readonly weight?: Identifier;
  readonly items: readonly BlockItem[];
}

/** `chain t { … }` */
export interface ChainDeclaration extends DeclarationBase {
  readonly kind: "chain";
  readonly name: Identifier;
  readonly size?: Identifier;
  readonly items: readonly BlockItem[];
}

/** `net f(Vector[L]) -> Vector[D] = dense(256, relu) |> …`; several outputs are a tuple. */
export interface NetworkDeclaration extends DeclarationBase {
  readonly kind: "network";
  readonly name: Identifier;
  readonly inputs: readonly TypeExpression[];
  readonly outputs: readonly TypeExpression[];
  readonly layers: readonly LayerExpression[];
}

export interface LayerExpression {
  readonly name: Identifier;
  readonly arguments: readonly Argument[];
  readonly span: Span;
}

/** `guide auto(dense(64, tanh))` or `guide { … }` */
export interface GuideDeclaration extends DeclarationBase {
  readonly kind: "guide";
  readonly automatic?: LayerExpression;
  readonly items: readonly GuideItem[];
}

export type GuideItem = LetDeclaration | GuideSite | GuideChain;

export interface GuideSite {
  readonly kind: "site";
  readonly name: Identifier;
  readonly value: Expression;
  readonly initial?: Expression;
  readonly span: Span;
}

export interface GuideChain {
  readonly kind: "guideChain";
  readonly name: Identifier;
  readonly items: readonly GuideItem[];
  readonly span: Span;
}

/** `critic F(x, c)` */
export interface CriticDeclaration extends DeclarationBase {
  readonly kind: "critic";
  readonly network: Identifier;
  readonly arguments: readonly Argument[];
}

/** `learn em { approx: collapse(2) }` */
export interface LearnDeclaration extends DeclarationBase {
  readonly kind: "learn";
  readonly method: Identifier;
  readonly options: readonly { readonly name: Identifier; readonly value: Expression }[];
}

/** `Vector[D]?`, `Seq[Vector[P]]`, `Tensor[28, 28, 1]` */
export interface TypeExpression {
  readonly name: Identifier;
  readonly dimensions: readonly DimensionExpression[];
  readonly optional: boolean;
  readonly span: Span;
}

export type DimensionExpression =
  | { readonly kind: "integer"; readonly value: number; readonly span: Span }
  | { readonly kind: "type"; readonly type: TypeExpression; readonly span: Span };

export type Expression =
  | NumberLiteral
  | NameReference
  | CallExpression
  | SubscriptExpression
  | FieldExpression
  | BinaryExpression
  | NegateExpression
  | ListExpression;

export interface NumberLiteral {
  readonly kind: "number";
  readonly value: number;
  /** As written: `1e-3` stays `1e-3`. */
  readonly text: string;
  readonly span: Span;
}

export interface NameReference {
  readonly kind: "name";
  readonly name: string;
  readonly span: Span;
}

/** `Normal(mean[z], sd: s)`: the callee is an expression, as the grammar allows, but only a name has a meaning. */
export interface CallExpression {
  readonly kind: "call";
  readonly callee: Expression;
  readonly arguments: readonly Argument[];
  readonly span: Span;
}

export interface Argument {
  readonly name?: Identifier;
  readonly value: Expression;
  readonly span: Span;
}

/** `mean[z, j]`, `x[t-1]`, `y[*]` */
export interface SubscriptExpression {
  readonly kind: "subscript";
  readonly base: Expression;
  readonly subscripts: readonly Subscript[];
  readonly span: Span;
}

export type Subscript =
  | { readonly kind: "all"; readonly span: Span }
  | { readonly kind: "index"; readonly value: Expression; readonly span: Span };

export interface FieldExpression {
  readonly kind: "field";
  readonly base: Expression;
  readonly field: Identifier;
  readonly span: Span;
}

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "^";
export type ComparisonOperator = "<" | "<=" | ">" | ">=" | "==" | "!=";

/** Comparisons stand only as the first argument of `where(…)`. */
export interface BinaryExpression {
  readonly kind: "binary";
  readonly operator: ArithmeticOperator | ComparisonOperator;
  readonly left: Expression;
  readonly right: Expression;
  readonly span: Span;
}

export interface NegateExpression {
  readonly kind: "negate";
  readonly operand: Expression;
  readonly span: Span;
}

export interface ListExpression {
  readonly kind: "list";
  readonly items: readonly Argument[];
  readonly span: Span;
}
