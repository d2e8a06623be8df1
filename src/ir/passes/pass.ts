import type { PlanFunction } from "../plan.js";

/** A rewrite of a plan function that keeps its outputs. */
export interface Pass {
  readonly name: string;
  /** What holds of every function afterwards. */
  readonly ensures: string;
  run(fn: PlanFunction): PlanFunction;
}
