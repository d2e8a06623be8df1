import type { PlanFunction, PlanOutput } from "../plan.js";
import type { Pass } from "./pass.js";
import { rebuild } from "./rebuild.js";

/** Stores a value under the axis names it was computed with: an output's axes say the order in storage, nothing else. */
export const nameOutputs: Pass = {
  name: "name outputs",
  ensures: "no output is a rename, unless it would list an axis twice otherwise",
  run(fn) {
    return rebuild({ ...fn, outputs: fn.outputs.map((output) => withoutRenames(fn, output)) });
  },
};

function withoutRenames(fn: PlanFunction, output: PlanOutput): PlanOutput {
  const { operation } = fn.nodes[output.node];
  if (operation.kind !== "rename" || output.axes.includes(operation.from)) return output;
  const axes = output.axes.map((axis) => (axis === operation.to ? operation.from : axis));
  return withoutRenames(fn, { ...output, node: operation.operand, axes });
}
