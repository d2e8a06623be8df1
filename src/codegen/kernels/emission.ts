import type { KernelArray, KernelFunction, Segment } from "./kernel-ir.js";
import type { Polynomial } from "./polynomial.js";
import type { FunctionContext } from "./functions/vector-function.js";
import type { HostFunctionName, VectorFunctionName } from "./functions/index.js";
import type { Shapes } from "./shapes.js";
import type { Code, ValueType } from "./wasm/instructions.js";
import type { FunctionBuilder } from "./wasm/function-builder.js";

/** Rows that are worked on at once, as vectors of two. */
export const lanes = 8;
export const vectors = lanes / 2;

/** Bytes of one cell. */
export function cellBytes(array: KernelArray): number {
  switch (array.kind) {
    case "input":
    case "output":
    case "uniform":
      return 8;
    case "rowInput":
    case "rowOutput":
    case "kept":
    case "varying":
      return 8 * lanes;
    case "total":
      return 16;
  }
}

/** A loop or block whose code is being written. */
export interface Scope {
  /** What is known only inside: a loop variable. */
  readonly variable?: string;
  readonly local?: number;
  /** A loop's: places are stepped from turn to turn. */
  readonly loop?: {
    readonly start: Polynomial;
    readonly step: number;
    readonly from: Polynomial;
    readonly to: Polynomial;
  };
  /** Runs before the loop, or at the start of the block. */
  readonly before: Code[];
  /** Runs at the start of each turn, and at its end. */
  readonly atStart: Code[];
  readonly atEnd: Code[];
  readonly places: Map<string, number>;
}

export function newScope(parts: Partial<Pick<Scope, "variable" | "local" | "loop" | "places">> = {}): Scope {
  return { places: new Map(), ...parts, before: [], atStart: [], atEnd: [] };
}

/** What the parts of a kernel writer share while one segment is written. */
export interface Emission {
  readonly fn: KernelFunction;
  readonly segment: Segment;
  readonly shapes: Shapes;
  readonly builder: FunctionBuilder;
  readonly context: FunctionContext;
  /** Offset in the frame of what a name in polynomials stands for: `rows`, a size, `&` and an array's name. */
  readonly frame: (name: string) => number;
  readonly scopes: Scope[];
  /** Where code goes now. */
  code: Code[];
  readonly use: (name: VectorFunctionName | HostFunctionName) => void;
}

export function emit(emission: Emission, ...parts: readonly Code[]): void {
  emission.code.push(...parts);
}

export function newLocal(emission: Emission, name: string, type: ValueType): number {
  return emission.builder.local(name, type);
}
