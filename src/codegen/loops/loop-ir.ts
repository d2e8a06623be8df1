import type { BinaryFunction, DrawFamily, Sweep, UnaryFunction } from "../../ir/plan.js";

/**
 * The Loop IR: a plan function as one nest of counted loops over flat float64 arrays.
 *
 * It knows no language: whole numbers (`IndexExpression`) and floating point numbers (`LoopExpression`) are kept apart,
 * memory is declared, and every name is one identifier that is unique within its function.
 */
export interface LoopFunction {
  readonly name: string;
  readonly documentation?: string;
  readonly body: readonly LoopStatement[];
  /** What it needs to be given. */
  /** Sequences of the block are read with `block`. */
  readonly reads: Readonly<Record<"sizes" | "parameters" | "previous" | "block" | "streams" | "outputs", boolean>>;
}

/** Whole numbers. */
export type IndexExpression =
  | { readonly kind: "integer"; readonly value: number }
  /** A loop variable, a size or a declared index. */
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "add"; readonly left: IndexExpression; readonly right: IndexExpression }
  | { readonly kind: "multiply"; readonly left: IndexExpression; readonly right: IndexExpression }
  /** The largest multiple of `factor` that is at most `index`. */
  | { readonly kind: "multipleBelow"; readonly index: IndexExpression; readonly factor: number }
  /** A float64 that holds a whole number. */
  | { readonly kind: "truncate"; readonly value: LoopExpression };

/** Float64 numbers. */
export type LoopExpression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "scalar"; readonly name: string }
  | { readonly kind: "load"; readonly array: string; readonly index: IndexExpression }
  | { readonly kind: "fromIndex"; readonly index: IndexExpression }
  | { readonly kind: "unary"; readonly function: UnaryFunction; readonly operand: LoopExpression }
  | {
      readonly kind: "binary";
      readonly function: BinaryFunction;
      readonly left: LoopExpression;
      readonly right: LoopExpression;
    }
  | {
      readonly kind: "select";
      readonly condition: LoopExpression;
      readonly whenTrue: LoopExpression;
      readonly whenFalse: LoopExpression;
    }
  /** The picked entry, or NaN where the position is not a whole number from 0 to size - 1. */
  | {
      readonly kind: "pick";
      readonly position: LoopExpression;
      readonly size: IndexExpression;
      readonly entry: LoopExpression;
    }
  | {
      readonly kind: "draw";
      readonly stream: string;
      readonly family: DrawFamily;
      readonly arguments: readonly LoopExpression[];
    };

export type ArraySource = "parameters" | "previous" | "data" | "tables" | "into";

export type LoopStatement =
  | { readonly kind: "comment"; readonly text: string }
  /** Number of rows of the block. */
  | { readonly kind: "readRows"; readonly name: string; readonly sweep?: Sweep }
  | { readonly kind: "readSize"; readonly name: string; readonly size: string }
  | { readonly kind: "bindArray"; readonly name: string; readonly source: ArraySource; readonly key: string }
  | { readonly kind: "declareIndex"; readonly name: string; readonly value: IndexExpression }
  | { readonly kind: "declareScalar"; readonly name: string; readonly value: LoopExpression; readonly mutable: boolean }
  /** Zeros. */
  | { readonly kind: "declareArray"; readonly name: string; readonly length: IndexExpression }
  /** The stream of one site and one row of the block. */
  | { readonly kind: "openStream"; readonly name: string; readonly site: string; readonly row: IndexExpression }
  | {
      readonly kind: "update";
      readonly name: string;
      readonly function: UpdateFunction;
      readonly value: LoopExpression;
    }
  | { readonly kind: "store"; readonly array: string; readonly index: IndexExpression; readonly value: LoopExpression }
  | {
      readonly kind: "updateStore";
      readonly array: string;
      readonly index: IndexExpression;
      readonly function: UpdateFunction;
      readonly value: LoopExpression;
    }
  /** from ≤ variable < to, upwards by `step`, or downwards by 1. */
  | {
      readonly kind: "for";
      readonly step: number;
      readonly variable: string;
      readonly from: IndexExpression;
      readonly to: IndexExpression;
      readonly descending: boolean;
      readonly body: readonly LoopStatement[];
    }
  /** The rows of a sweep, sequence by sequence. */
  | {
      readonly kind: "sweepRows";
      readonly sweep: Sweep;
      readonly variable: string;
      /** Names for where the sequences start, the number of one, its first row and its end. */
      readonly starts: string;
      readonly sequence: string;
      readonly first: string;
      readonly end: string;
      readonly body: readonly LoopStatement[];
    }
  /** Where the position is a whole number from 0 to size - 1. */
  | {
      readonly kind: "ifPosition";
      readonly position: LoopExpression;
      readonly size: IndexExpression;
      readonly body: readonly LoopStatement[];
    }
  /** Replaces the lower triangle of size x size entries from offset by its Cholesky factor, or all of them by NaN. */
  | {
      readonly kind: "factor";
      readonly array: string;
      readonly offset: IndexExpression;
      readonly size: IndexExpression;
    };

export type UpdateFunction = "add" | "subtract" | "maximum";
