import type { BinaryFunction, Sweep, UnaryFunction } from "../../ir/plan.js";
import type { UpdateFunction } from "../loops/loop-ir.js";
import type { Polynomial } from "./polynomial.js";

/**
 * The Kernel IR: the Loop IR with places as polynomials and with memory sorted by who shares it.
 *
 * A value is *uniform* (the same for every row at hand) or *varying* (one entry per lane, `lanes` rows at once). What a
 * varying value holds in a lane without a row is nobody's business, until it is added to a total.
 */
export interface KernelFunction {
  readonly name: string;
  readonly documentation?: string;
  /** Name in polynomials → size symbol. */
  readonly sizes: ReadonlyMap<string, string>;
  /** Name of the number of rows in polynomials. */
  readonly rows: string;
  readonly arrays: ReadonlyMap<string, KernelArray>;
  /** Names in polynomials of float64 numbers taken as whole numbers. */
  readonly positions: ReadonlyMap<string, KernelExpression>;
  readonly segments: readonly Segment[];
  /** Runs over the rows once per data set, to compute derived columns. */
  readonly columns?: readonly KernelStatement[];
  /** Each lane is a sequence, whose rows are gone through in order: the group is a step. */
  readonly sweep?: Sweep;
}

/**
 * `once`: outside the rows. `rows`: one group of rows after another; `group` is the loop variable. Rows are run shard by
 * shard: before each its totals are cleared, and after all the totals of one shard after the other are collected.
 */
export interface Segment {
  readonly kind: "once" | "rows";
  readonly body: readonly KernelStatement[];
  readonly totals?: { readonly clear: readonly KernelStatement[]; readonly collect: readonly KernelStatement[] };
}

/** Name of the group at hand in polynomials. */
export const groupName = "#group";

export type KernelArray = { readonly name: string } & (
  | { readonly kind: "input"; readonly source: "parameter" | "previous" | "table"; readonly key: string }
  /** One entry per lane and field; the group's part is addressed. */
  | {
      readonly kind: "rowInput";
      /** derived: computed from the data by the function's `columns` · lanes: of a sweep, see `laneMarks`. */
      readonly source: "data" | "table" | "derived" | "lanes";
      readonly key: string;
      readonly width: Polynomial;
    }
  /** Added to. */
  | { readonly kind: "output"; readonly key: string; readonly length: Polynomial }
  | { readonly kind: "rowOutput"; readonly key: string; readonly width: Polynomial }
  /** What the steps of sequences leave each other, for as many steps as are gone through together. */
  | { readonly kind: "kept"; readonly key: string; readonly width: Polynomial }
  | { readonly kind: "uniform"; readonly length: Polynomial }
  | { readonly kind: "varying"; readonly length: Polynomial }
  /** A vector of two per cell, in which lanes are accumulated; collected into the uniform array `collected`. */
  | {
      readonly kind: "total";
      readonly length: Polynomial;
      readonly collected: string;
      readonly function: "add" | "maximum";
    }
);

/** expOrZero: exp, but 0 where that is below 2^-1022, and infinite from 709.4 on. */
export type KernelUnaryFunction = UnaryFunction | "expOrZero";

export type KernelExpression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "scalar"; readonly name: string }
  | { readonly kind: "load"; readonly array: string; readonly index: Polynomial }
  /** With the row's number where the index mentions `rowName`. */
  | { readonly kind: "fromIndex"; readonly index: Polynomial }
  | { readonly kind: "unary"; readonly function: KernelUnaryFunction; readonly operand: KernelExpression }
  | {
      readonly kind: "binary";
      readonly function: BinaryFunction;
      readonly left: KernelExpression;
      readonly right: KernelExpression;
    }
  | {
      readonly kind: "select";
      readonly condition: KernelExpression;
      readonly whenTrue: KernelExpression;
      readonly whenFalse: KernelExpression;
    }
  | {
      readonly kind: "pick";
      /** What the entry calls the position in polynomials. */
      readonly name: string;
      readonly position: KernelExpression;
      readonly size: Polynomial;
      readonly entry: KernelExpression;
    }
  /** The operand in lanes that have a row, 0 in the others. */
  | { readonly kind: "masked"; readonly operand: KernelExpression };

/** The array that says of each lane and step, by all bits being set: is there a row, does it count, is it the last? */
export const laneMarks = "#lanes";
export const laneMark = { row: 0, counted: 1, last: 2 } as const;
export const laneMarkWidth = 3;

/** Name of the row's number in polynomials. */
export const rowName = "#row";

export type KernelStatement =
  | { readonly kind: "comment"; readonly text: string }
  | { readonly kind: "declare"; readonly name: string; readonly value: KernelExpression; readonly mutable: boolean }
  | {
      readonly kind: "update";
      readonly name: string;
      readonly function: UpdateFunction;
      readonly value: KernelExpression;
    }
  | { readonly kind: "store"; readonly array: string; readonly index: Polynomial; readonly value: KernelExpression }
  | {
      readonly kind: "updateStore";
      readonly array: string;
      readonly index: Polynomial;
      readonly function: UpdateFunction;
      readonly value: KernelExpression;
    }
  | KernelLoop
  | {
      readonly kind: "ifPosition";
      readonly name: string;
      readonly position: KernelExpression;
      readonly size: Polynomial;
      readonly body: readonly KernelStatement[];
    }
  /** Where the condition is not 0 in any lane. */
  | { readonly kind: "ifAny"; readonly condition: KernelExpression; readonly body: readonly KernelStatement[] }
  /** Every cell 0, or minus infinity. */
  | { readonly kind: "clear"; readonly array: string; readonly value: 0 | -1 }
  /** Adds the lanes of a total to its uniform array. */
  | { readonly kind: "collect"; readonly total: string };

export interface KernelLoop {
  readonly kind: "for";
  readonly variable: string;
  readonly from: Polynomial;
  readonly to: Polynomial;
  readonly descending: boolean;
  readonly body: readonly KernelStatement[];
  /** The body does two turns at once; this one does the last if it is alone. */
  readonly alone?: readonly KernelStatement[];
}

/** A function cannot be a kernel: random draws, or an axis of rows that is not the outermost. */
export class NotAKernelError extends Error {
  constructor(
    name: string,
    readonly reason: string,
  ) {
    super(`${name} is no kernel: ${reason}`);
    this.name = "NotAKernelError";
  }
}
