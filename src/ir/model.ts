import type { Span } from "../diagnostics/span.js";
import type { DistributionName } from "./distribution-name.js";

/**
 * The Model IR: a plated factor graph. It knows neither the syntax it came from nor the algorithm that will learn it.
 *
 * Written by `semantics/lower-to-model.ts`; read by `inference/`. `let`s are already substituted. Names are unique
 * within a model. Every expression carries its type. Spans point into the source, for messages and for `explain`.
 */
export interface Model {
  readonly name: string;
  readonly documentation?: string;
  readonly span: Span;
  readonly sizes: readonly Size[];
  readonly axes: readonly Axis[];
  readonly parameters: readonly Parameter[];
  readonly networks: readonly Network[];
  /** Latent, observed and given variables, in source order. */
  readonly variables: readonly Variable[];
  readonly factors: readonly Factor[];
  readonly guide?: Guide;
  readonly critic?: { readonly network: string; readonly arguments: readonly Expression[]; readonly span: Span };
  readonly learn?: Learn;
}

/** `size K = 3`; without a default it is bound from the data or given at run time. */
export interface Size {
  readonly name: string;
  readonly default?: number;
  readonly documentation?: string;
  readonly span: Span;
}

export type Dimension =
  { readonly kind: "symbol"; readonly name: string } | { readonly kind: "literal"; readonly value: number };

/** A plate (exchangeable) or a chain (ordered). `parent` is the axis it is nested in. */
export interface Axis {
  readonly name: string;
  readonly kind: "plate" | "chain";
  /** Absent: as long as the data (a data plate) or as its sequence (a chain). */
  readonly size?: Dimension;
  readonly parent?: string;
  /** Name of the data column of observation weights (`each n weight c`). */
  readonly weight?: string;
  readonly span: Span;
}

/** What values a variable or parameter takes. */
export type Domain =
  /** `Real`, `Vector[D]`, `Matrix[R, C]`, `Tensor[…]`: shape [], [D], [R, C], … */
  | { readonly kind: "real"; readonly shape: readonly Dimension[] }
  /** `Positive`: (0, inf). A shape is allowed in expressions (`softplus` of a vector). */
  | { readonly kind: "positive"; readonly shape: readonly Dimension[] }
  /** `Unit`: (0, 1) */
  | { readonly kind: "unit"; readonly shape: readonly Dimension[] }
  /** `Angle`: radians */
  | { readonly kind: "angle"; readonly shape: readonly Dimension[] }
  /** `Count`: 0, 1, 2, … */
  | { readonly kind: "count"; readonly shape: readonly Dimension[] }
  /** `Binary`, `Binary[D]`: 0 or 1 */
  | { readonly kind: "binary"; readonly shape: readonly Dimension[] }
  /** `Category[K]`: 0 … K-1 */
  | { readonly kind: "category"; readonly categories: Dimension; readonly shape: readonly Dimension[] }
  | { readonly kind: "simplex"; readonly shape: readonly [Dimension] }
  | { readonly kind: "ordered"; readonly shape: readonly [Dimension] }
  /** `Cov[D]`, `Diag[D]`, `Iso[D]`, `LowRank[D, r]`: symmetric positive definite */
  | {
      readonly kind: "covariance";
      readonly structure: CovarianceStructure;
      readonly size: Dimension;
      readonly rank?: Dimension;
    }
  /** `Seq[T]`: a whole chain of values, as read by `y[*]` */
  | { readonly kind: "sequence"; readonly element: Domain };

export type CovarianceStructure = "full" | "diagonal" | "isotropic" | "lowRank";

export interface Parameter {
  readonly name: string;
  readonly documentation?: string;
  readonly span: Span;
  /** `param mean[K]`: one value per cell of these sizes. */
  readonly table: readonly Dimension[];
  readonly domain: Domain;
  /** `~ prior`: learned by MAP. */
  readonly prior?: {
    readonly distribution: DistributionName;
    readonly arguments: Readonly<Record<string, Expression>>;
    readonly span: Span;
  };
  /** `= literal`: known, never learned. */
  readonly fixed?: Expression;
  /** Of a parameter that no program declares: what makes the model the program as written. */
  readonly asWritten?: AsWritten;
}

/** Where values are given for weights of these networks and not for a parameter, every entry of it is this. */
export interface AsWritten {
  readonly networks: readonly string[];
  readonly value: number;
}

export interface Variable {
  readonly name: string;
  readonly role: "latent" | "observed" | "given";
  /** Plates and chains it repeats over, outermost first. */
  readonly axes: readonly string[];
  readonly domain: Domain;
  /** `T?`: entries may be missing. */
  readonly optional: boolean;
  readonly documentation?: string;
  readonly span: Span;
}

/**
 * One conditional density (or, for `=`, one implicit definition). A chain variable with `init` gives two factors:
 * phase "initial" for the first step and "step" for the others.
 */
export type Factor = DensityFactor | ImplicitFactor;

export interface DensityFactor {
  readonly kind: "density";
  /** Unique: the child's name, or `child.initial` for phase "initial". */
  readonly name: string;
  readonly child: string;
  readonly phase: "all" | "initial" | "step";
  readonly distribution: DistributionName;
  /** By the canonical slot names of the distribution, all present; `sd:`, `logits:` and the like are slots of their own. */
  readonly arguments: Readonly<Record<string, Expression>>;
  readonly span: Span;
}

export interface ImplicitFactor {
  readonly kind: "implicit";
  readonly name: string;
  readonly child: string;
  readonly value: Expression;
  readonly span: Span;
}

/** A network: layers are a pipeline; several outputs are several heads on the last layer. */
export interface Network {
  readonly name: string;
  readonly inputs: readonly Domain[];
  readonly outputs: readonly Domain[];
  readonly layers: readonly Layer[];
  readonly documentation?: string;
  /** Are its weights divided by their largest singular value? */
  readonly isSpectral?: true;
  readonly span: Span;
}

export interface Layer {
  readonly name: string;
  /** Positional and named arguments as written, checked: numbers, activation names, nested layers. */
  readonly arguments: readonly LayerArgument[];
  readonly span: Span;
}

export interface LayerArgument {
  readonly name?: string;
  readonly value: number | string | Layer;
}

export interface Guide {
  /** `guide auto(…)`: the layers of the encoder that will be derived. */
  readonly automatic?: readonly Layer[];
  /** `guide auto(…, spread: 1)`: standard deviation at which its draws begin, of every latent and row. */
  readonly spread?: number;
  /** Written sites, in order; `initial` sites of a chain included. */
  readonly sites: readonly DensityFactor[];
  readonly span: Span;
}

export interface Learn {
  readonly method: "em" | "elbo" | "adversarial";
  readonly options: Readonly<Record<string, LearnOption>>;
  readonly span: Span;
}

/** `tolerance: 1e-6` · `loss: hinge` · `approx: collapse(2)` */
export type LearnOption =
  | { readonly kind: "number"; readonly value: number; readonly span: Span }
  | { readonly kind: "name"; readonly name: string; readonly span: Span }
  | { readonly kind: "call"; readonly name: string; readonly arguments: readonly number[]; readonly span: Span };

/** Deterministic functions of the language, by their names in it; operators are add … power, negate. */
export type FunctionName =
  | "add"
  | "subtract"
  /** Elementwise, or a scalar with anything. */
  | "multiply"
  | "divide"
  | "power"
  | "negate"
  /** Matrix with vector or matrix (`*` whose left operand is a Matrix). */
  | "matmul"
  | "dot"
  | "transpose"
  | "exp"
  | "log"
  | "sqrt"
  | "abs"
  | "softplus"
  | "sigmoid"
  | "tanh"
  | "relu"
  | "lrelu"
  | "softmax"
  | "sum"
  | "mean"
  | "concat"
  | "stack"
  | "diag"
  | "eye"
  /** where(comparison, a, b) */
  | "where"
  | "less"
  | "lessEqual"
  | "greater"
  | "greaterEqual"
  | "equal"
  | "notEqual"
  /** log of a probability to its logit; used by alternative forms of a distribution's arguments. */
  | "square";

interface ExpressionBase {
  readonly type: Domain;
  readonly span: Span;
}

export type Expression =
  | (ExpressionBase & { readonly kind: "constant"; readonly value: number })
  /** `mean[z, j]`: the cell of the table that `indices` picks, one per table dimension. */
  | (ExpressionBase & { readonly kind: "parameter"; readonly name: string; readonly indices: readonly Expression[] })
  /** A latent, observed or given variable at this index; `lag` ≥ 1 looks back along its innermost chain. */
  | (ExpressionBase & {
      readonly kind: "variable";
      readonly name: string;
      readonly lag: number;
      /** Not the value but whether it is there: 1, or 0 where it is missing (the mask of a derived encoder). */
      readonly presence?: true;
    })
  /** `y[*]` */
  | (ExpressionBase & { readonly kind: "sequence"; readonly name: string })
  /** The position along a plate of declared size, used as an index: `p[z, j]`. */
  | (ExpressionBase & { readonly kind: "position"; readonly axis: string })
  /** An entry of a vector or a row of a matrix: `theta[z]` where theta is a Vector (not a parameter's table). */
  | (ExpressionBase & { readonly kind: "element"; readonly base: Expression; readonly indices: readonly Expression[] })
  /** A vector literal `[1, 0, 2]`; nested for matrices. */
  | (ExpressionBase & { readonly kind: "list"; readonly items: readonly Expression[] })
  | (ExpressionBase & {
      readonly kind: "apply";
      readonly function: FunctionName;
      readonly arguments: readonly Expression[];
    })
  | (ExpressionBase & {
      readonly kind: "network";
      readonly network: string;
      readonly output: number;
      readonly arguments: readonly Expression[];
    });
