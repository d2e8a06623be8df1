import type { NetworkCode, NetworkFunction } from "./network-description.js";
import type { Task } from "./network-threads.js";

export const bytesPerFloat = 4;
/** What a function's calls are bound to. */
export interface Binding {
  readonly fn: NetworkFunction;
  /** By buffer, in bytes. */
  readonly addresses: readonly number[];
  /** By buffer, in numbers, as its axes are stored. */
  readonly strides: readonly (readonly number[])[];
  /** By axis. */
  readonly sizes: readonly number[];
}

/** Where arguments and panels go. */
export interface CallMemory {
  readonly tile: NetworkCode["tile"];
  /** How many may be at work. */
  readonly threads: number;
  /** Address of packed panels of the left side, shared by all products, one after the other. */
  leftPanels(bytes: number): number;
  /** Address of lists of one side, shared by all products. */
  lists(bytes: number): number;
  /** Memory of so many bytes for each thread, shared by all products. */
  ofThreads(bytes: number): { readonly address: number; readonly bytes: number };
  writeBlock(words: readonly number[]): number;
  writeFloat(value: number): number;
}

/** Something to be done, in order. */
export type Step =
  | { readonly kind: "task"; readonly task: Task }
  /**
   * Lists are made, and used where they are short enough in all; those of bits, where all numbers are 0 or 1 and enough of
   * those that are looked at are not 0.
   */
  | {
      readonly kind: "choice";
      readonly entries: "numbers" | "bits";
      /** Places, in numbers, that are looked at before: lists are made where few enough are not 0. */
      readonly sample?: readonly number[];
      readonly first: Task;
      readonly lengths: { readonly address: number; readonly count: number };
      readonly most: number;
      readonly below: readonly Step[];
      readonly above: readonly Step[];
    }
  /** A number that was never used is written: what threads packed before is not for this run. */
  | { readonly kind: "stamp"; readonly address: number }
  /** Numbers from `begin` on, in numbers, set to one value. */
  | { readonly kind: "fill"; readonly begin: number; readonly end: number; readonly value: number };

export function task(
  kernel: string,
  block: number,
  extent: number,
  grain: number,
  cost: number,
  parts?: number,
): Extract<Step, { kind: "task" }> {
  return { kind: "task", task: { kernel, block, extent, grain, cost, ...(parts === undefined ? {} : { parts }) } };
}
