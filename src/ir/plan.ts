/**
 * The Plan IR: the derived algorithm as pure functions over tensors whose axes have names, never positions.
 *
 * A function is a list of nodes in evaluation order (a node reads only earlier ones). A node's value has one entry per
 * cell of its axes; operands with fewer axes are read as constant along the missing ones, so there is nothing to
 * broadcast by hand. Within one function an axis name means one thing: a plate (`n`, `j`), the values of a discrete
 * variable (`z`), or an event dimension (`x.0`). Positions exist only at the edges: an input names the axis of each of
 * its stored dimensions, an output lists the order in which it is stored.
 */
export interface PlanFunction {
  readonly name: string;
  readonly documentation?: string;
  readonly axes: readonly PlanAxis[];
  readonly nodes: readonly PlanNode[];
  readonly outputs: readonly PlanOutput[];
  /** Runs over rows in the order of their sequences; absent: over all rows, in any order. */
  readonly sweep?: Sweep;
  /** Functions that run before this one, in order, over the same block: it reads what they leave per row as "carry". */
  readonly before?: readonly PlanFunction[];
}

/**
 * Which rows of each sequence a function runs over, and in which order: those at positions `from` to `to` - 1 (absent: to
 * the end), of these only the last row of the sequence where `last`.
 */
export interface Sweep {
  readonly from: number;
  readonly to?: number;
  readonly last?: boolean;
  readonly descending?: boolean;
}

export interface PlanAxis {
  readonly name: string;
  readonly size: AxisSize;
}

/** Sizes are bound at run time: by the rows of a block, by a size symbol of the model, or known. */
export type AxisSize =
  /** Rows of the block at hand. At most one such axis in a function. */
  | { readonly kind: "rows" }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "literal"; readonly value: number }
  /** A concatenation. */
  | { readonly kind: "sum"; readonly terms: readonly AxisSize[] };

/** Index of a node in `PlanFunction.nodes`. */
export type NodeId = number;

export interface PlanNode {
  readonly operation: Operation;
  /** The axes its value varies along, in the order in which the function declares its axes. */
  readonly axes: readonly string[];
  /** The rule that made it, for prints: "eliminate z", "normal-density", "d logSumExp". */
  readonly rule: string;
}

export interface PlanOutput {
  readonly name: string;
  readonly node: NodeId;
  /** Stored order; each axis of the node once. Axes the node lacks may be listed: the value is repeated along them. */
  readonly axes: readonly string[];
  /** Stored this many rows back. */
  readonly lag?: number;
  /** Read as "carry" by functions of the same group, and by nobody else. */
  readonly internal?: boolean;
}

/**
 * Elementwise, on float64 as IEEE 754 has it: NaN in gives NaN out, except where said otherwise.
 */
export type UnaryFunction =
  | "negate"
  | "exp"
  /** log 0 = -inf; of a negative number NaN. */
  | "log"
  | "log1p"
  | "expm1"
  | "sqrt"
  | "square"
  | "reciprocal"
  | "abs"
  /** -1, 0 or 1. */
  | "sign"
  /** log(1 + exp a), without overflow. */
  | "softplus"
  /** 1 / (1 + exp(-a)), without overflow. */
  | "sigmoid"
  | "tanh"
  /** max(a, 0). */
  | "relu"
  /** a where a > 0, else `leakySlope` * a. */
  | "leakyRelu"
  /** 1 where a > 0, else (also for NaN) 0: the derivative of relu. */
  | "step"
  | "sin"
  | "cos"
  | "logGamma"
  | "digamma"
  | "trigamma"
  /** log I0(a) */
  | "logBesselI0"
  /** I1(a) / I0(a): the derivative of logBesselI0. */
  | "besselRatio"
  /** 1 where a is a number, 0 where it is NaN (a missing entry). */
  | "isPresent"
  /** a where it is a number, 0 where it is NaN. */
  | "presentOrZero";

/** Slope of leakyRelu below 0. */
export const leakySlope = 0.01;

/** Elementwise; NaN in either gives NaN, except in comparisons. */
export type BinaryFunction =
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  /** left ^ right; x ^ 0 = 1 for every x; a negative number to a fraction is NaN. */
  | "power"
  | "maximum"
  | "minimum"
  /** Comparisons give 1 or 0; 0 where an operand is NaN. */
  | "less"
  | "lessEqual"
  | "equal";

/**
 * Draws with the stream of the row and site at hand. Arguments: uniform () on (0, 1), normal () with mean 0 and
 * variance 1, gamma (shape) with rate 1, beta (a, b), poisson (mean), binomial (count, probability),
 * vonMises (mean, concentration).
 */
export type DrawFamily = "uniform" | "normal" | "gamma" | "beta" | "poisson" | "binomial" | "vonMises";

export type Operation =
  | { readonly kind: "constant"; readonly value: number }
  /** The size of an axis, as a number. */
  | { readonly kind: "size"; readonly axis: string }
  /** 0, 1, 2, … along an axis. */
  | { readonly kind: "position"; readonly axis: string }
  /**
   * Stored values: a parameter, a data column, an outside table. `axes[i]` names the i-th stored dimension. With `lag`,
   * what is stored for the row that many rows back (only in a sweep, and only where there is such a row).
   */
  | {
      readonly kind: "input";
      readonly source: InputSource;
      readonly name: string;
      readonly axes: readonly string[];
      readonly lag?: number;
    }
  | { readonly kind: "unary"; readonly function: UnaryFunction; readonly operand: NodeId }
  | { readonly kind: "binary"; readonly function: BinaryFunction; readonly left: NodeId; readonly right: NodeId }
  /**
   * whenTrue where condition is not 0. The branch not taken is never mixed in (NaN there is harmless, in the adjoints
   * too). A condition is never NaN.
   */
  | { readonly kind: "select"; readonly condition: NodeId; readonly whenTrue: NodeId; readonly whenFalse: NodeId }
  /**
   * Over axes of its operand, at least one. NaN anywhere gives NaN. logSumExp of all -inf is -inf, and of anything with
   * +inf is +inf; no finite value overflows on the way.
   */
  | {
      readonly kind: "reduce";
      readonly function: "sum" | "max" | "logSumExp";
      readonly operand: NodeId;
      readonly over: readonly string[];
    }
  /** exp(a - logSumExp a) over axes of its operand, at least one; all -inf gives 0. Keeps all axes of its operand. */
  | { readonly kind: "softmax"; readonly operand: NodeId; readonly over: readonly string[] }
  /**
   * Sum over the axes of the product of at least two operands (einsum). Each axis of `over`, at least one, is an axis of
   * some operand; an operand that lacks it is constant along it. The same node may be there twice.
   */
  | { readonly kind: "contract"; readonly operands: readonly NodeId[]; readonly over: readonly string[] }
  /**
   * The entry of `table` along `axis` that `index` (integer-valued, without that axis) picks; other axes that both have
   * are the same axis, so that row n of the index reads row n of the table. An index that is NaN or beyond the axis
   * gives NaN.
   */
  | { readonly kind: "gather"; readonly table: NodeId; readonly axis: string; readonly index: NodeId }
  /**
   * result[axis = v] = sum over `over` of operand where index = v: the adjoint of gather. Neither operand nor index has
   * `axis`; each axis of `over` (may be empty) is an axis of one of them; an index that is NaN or beyond the axis adds
   * nothing.
   */
  | {
      readonly kind: "scatterAdd";
      readonly operand: NodeId;
      readonly axis: string;
      readonly index: NodeId;
      readonly over: readonly string[];
    }
  /** The same values with axis `from` called `to` (same size, and not an axis of the operand yet). */
  | { readonly kind: "rename"; readonly operand: NodeId; readonly from: string; readonly to: string }
  /** The entries where two axes of the operand (same size) agree; keeps `row`. */
  | { readonly kind: "diagonal"; readonly operand: NodeId; readonly row: string; readonly column: string }
  /** Entry number `at` along a literal or symbolic axis. */
  | { readonly kind: "slice"; readonly operand: NodeId; readonly axis: string; readonly at: number }
  /** Operand i becomes entry i of the new axis (literal size). */
  | { readonly kind: "stack"; readonly operands: readonly NodeId[]; readonly axis: string }
  /**
   * result[positions = o, offsets = k] = operand[axis = o * stride + k - before], 0 where that is beyond the axis: the
   * windows that a convolution looks through, along one axis. An operand without `axis` is constant along it.
   */
  | ({ readonly kind: "window"; readonly operand: NodeId } & Windows)
  /** result[axis = i] = sum of operand[positions = o, offsets = k] where o * stride + k - before = i: its adjoint. */
  | ({ readonly kind: "overlapAdd"; readonly operand: NodeId } & Windows)
  /** One axis as several, row by row: result[into] = operand[axis = position of `into` in row-major order]. */
  | { readonly kind: "split"; readonly operand: NodeId; readonly axis: string; readonly into: readonly string[] }
  /**
   * Several axes as one, row by row: the inverse of split, and its adjoint. An operand that lacks some of `from` is
   * constant along them.
   */
  | { readonly kind: "merge"; readonly operand: NodeId; readonly axis: string; readonly from: readonly string[] }
  /**
   * Lower factor L, L L' = A, of a symmetric positive definite matrix A[row, column]; 0 above the diagonal. Only the
   * lower triangle (row >= column) is read. Not positive definite gives NaN throughout that matrix.
   */
  | { readonly kind: "cholesky"; readonly operand: NodeId; readonly row: string; readonly column: string }
  /**
   * y with L y = b, L[row, column] lower triangular: b has axis `row`, y has axis `column`.
   * Transposed: y with L' y = b: b has axis `column`, y has axis `row`.
   * Only the lower triangle is read. b does not have the axis that y gets; further axes of L and of b are aligned by
   * name, so that L may differ from row to row and b may be a batch of vectors.
   */
  | {
      readonly kind: "triangularSolve";
      readonly matrix: NodeId;
      readonly right: NodeId;
      readonly row: string;
      readonly column: string;
      readonly transposed: boolean;
    }
  /** A random draw per cell of `axes` and the axes of its arguments; `site` keys the stream, so that equal draws at two sites differ. */
  | {
      readonly kind: "draw";
      readonly family: DrawFamily;
      readonly arguments: readonly NodeId[];
      readonly axes: readonly string[];
      readonly site: string;
    };

/** Windows along an axis: window `positions` begins at `positions * stride - before`, and has as many entries as `offsets`. */
export interface Windows {
  readonly axis: string;
  readonly positions: string;
  readonly offsets: string;
  /** Known sizes throughout. */
  readonly stride: number;
  readonly before: number;
}

/**
 * parameter: current values · previous: values at the start of this M-step · data: columns of the block ·
 * table: anything else handed in, such as the tilts of a start · carry: a per-row output of this function (of an earlier
 * row of its sweep) or of one that ran before it.
 */
export type InputSource = "parameter" | "previous" | "data" | "table" | "carry";

/** The nodes an operation reads. */
export function operandsOf(operation: Operation): readonly NodeId[] {
  switch (operation.kind) {
    case "constant":
    case "size":
    case "position":
    case "input":
      return [];
    case "unary":
    case "reduce":
    case "softmax":
    case "rename":
    case "diagonal":
    case "slice":
    case "cholesky":
    case "window":
    case "overlapAdd":
    case "split":
    case "merge":
      return [operation.operand];
    case "binary":
      return [operation.left, operation.right];
    case "select":
      return [operation.condition, operation.whenTrue, operation.whenFalse];
    case "contract":
    case "stack":
      return operation.operands;
    case "gather":
      return [operation.table, operation.index];
    case "scatterAdd":
      return [operation.operand, operation.index];
    case "triangularSolve":
      return [operation.matrix, operation.right];
    case "draw":
      return operation.arguments;
  }
}

/** The same operation reading other nodes. */
export function withOperands(operation: Operation, map: (id: NodeId) => NodeId): Operation {
  switch (operation.kind) {
    case "constant":
    case "size":
    case "position":
    case "input":
      return operation;
    case "unary":
    case "reduce":
    case "softmax":
    case "rename":
    case "diagonal":
    case "slice":
    case "cholesky":
    case "window":
    case "overlapAdd":
    case "split":
    case "merge":
      return { ...operation, operand: map(operation.operand) };
    case "binary":
      return { ...operation, left: map(operation.left), right: map(operation.right) };
    case "select":
      return {
        ...operation,
        condition: map(operation.condition),
        whenTrue: map(operation.whenTrue),
        whenFalse: map(operation.whenFalse),
      };
    case "contract":
    case "stack":
      return { ...operation, operands: operation.operands.map(map) };
    case "gather":
      return { ...operation, table: map(operation.table), index: map(operation.index) };
    case "scatterAdd":
      return { ...operation, operand: map(operation.operand), index: map(operation.index) };
    case "triangularSolve":
      return { ...operation, matrix: map(operation.matrix), right: map(operation.right) };
    case "draw":
      return { ...operation, arguments: operation.arguments.map(map) };
  }
}
