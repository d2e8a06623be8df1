import type { Extent } from "../description.js";

/**
 * A model's functions as float32 WebAssembly: what each reads and writes, and the calls that it is. Sizes are bound at
 * run time; addresses and strides are worked out then.
 */
export interface NetworkModule {
  readonly plain: NetworkCode;
  /** With fused multiply-add (relaxed SIMD). */
  readonly relaxed: NetworkCode;
  readonly functions: readonly NetworkFunction[];
}

/** A WebAssembly module. What is called from outside has the parameters (block of arguments, begin, end). */
export interface NetworkCode {
  /** In base64. */
  readonly bytes: string;
  /** Place of the byte that says whether its memory is shared: 1 no, 3 yes. */
  readonly memoryFlags: number;
  /** The part of a product that is made at once. */
  readonly tile: { readonly rows: number; readonly columns: number };
}

export interface NetworkFunction {
  readonly name: string;
  /** Axes by number; "rows" are those of the block. */
  readonly axes: readonly (Extent | { readonly rows: true })[];
  readonly buffers: readonly NetworkBuffer[];
  readonly calls: readonly NetworkCall[];
  /** Which buffer each output is. */
  readonly outputs: readonly { readonly name: string; readonly buffer: number }[];
}

export interface NetworkBuffer {
  readonly kind: "parameter" | "data" | "table" | "work" | "output";
  /** Of a stored value; of a work buffer for prints only. */
  readonly name: string;
  /** Numbers of its axes, in stored order, outermost first. */
  readonly axes: readonly number[];
  /** Stored dimensions that are longer than their axis: entries that nobody writes stay 0. */
  readonly extents?: readonly { readonly position: number; readonly extent: number }[];
}

/** Where the entry of a stored dimension lies that several axes of the reader pick together. */
export interface PlaceAlong {
  /** Stored position of the dimension, whose axis is -1. */
  readonly position: number;
  readonly offset: number;
  /** Entries that a step along an axis goes; times the sizes of the axes `by`. */
  readonly terms: readonly { readonly axis: number; readonly step: number; readonly by?: readonly number[] }[];
}

export type NetworkCall =
  /** C[m, n] = sum over k of A[m, k] B[k, n]; groups of axes, each contiguous where it is stored. */
  | {
      readonly kind: "product";
      readonly left: Operand;
      readonly right: Operand;
      readonly result: number;
      readonly rows: readonly number[];
      readonly columns: readonly number[];
      readonly summed: readonly number[];
      /** A value with the axes of the result: where it is 0, the result is multiplied by 0, and may be 0 itself. */
      readonly needed?: Operand;
    }
  /** A loop nest over `loops`, outermost first. */
  | {
      readonly kind: "map";
      /** Name of the exported function. */
      readonly kernel: string;
      readonly loops: readonly number[];
      readonly result: number;
      /** Where in the result a cell is, where not along the result's own axes. */
      readonly place?: { readonly axes: readonly number[]; readonly along: readonly PlaceAlong[] };
      /** The kernel reads the counters of its loops, or an index: they are run as they are. */
      readonly counted?: true;
      /** What the result holds before: reductions accumulate. */
      readonly fill?: number;
      /** The axis of the result that an index picks (scatter). */
      readonly scattered?: number;
      readonly leaves: readonly Leaf[];
    };

/** A buffer read with its axes under the names of the reader: `axes[i]` is the reader's axis for the i-th stored one. */
export interface Operand {
  readonly buffer: number;
  readonly axes: readonly number[];
  /** Many of its numbers may be 0, which is known when they are there. */
  readonly isOftenZero?: true;
}

export type Leaf =
  | ({
      readonly kind: "buffer";
      /** Entries picked by number: stored position and place. */
      readonly slices: readonly { readonly position: number; readonly at: number }[];
      readonly along?: readonly PlaceAlong[];
      /** Stored position of an axis that an index picks; its stride goes to the kernel. */
      readonly gathered?: number;
    } & Operand)
  /** The size of an axis, as a number. */
  | { readonly kind: "size"; readonly axis: number };
