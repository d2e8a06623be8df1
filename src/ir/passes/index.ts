import type { PlanFunction } from "../plan.js";
import { verifyPlan } from "../verify-plan.js";
import { fuseProducts } from "./fuse-products.js";
import { nameInputs } from "./name-inputs.js";
import { nameOutputs } from "./name-outputs.js";
import type { Pass } from "./pass.js";
import { poolOuterProducts } from "./pool-outer-products.js";
import { reuseSums } from "./reuse-sums.js";
import { simplify } from "./simplify.js";
import { sumRowsFirst } from "./sum-rows-first.js";

export type { Pass } from "./pass.js";
export { adjoints } from "./differentiate.js";
export { copyInto } from "./rebuild.js";

/** In order, each with its reason. */
export const passes: readonly Pass[] = [
  // Derivatives are built node by node from kept nodes: only now can identities look through those.
  simplify,
  // Before inputs are renamed, since it looks for products as the derivation wrote them.
  fuseProducts,
  // Likewise, since it looks for outer products of rows and values.
  poolOuterProducts,
  // Once products are taken apart, since it looks for sums of their factors.
  reuseSums,
  // Before renames are hidden in inputs and outputs.
  sumRowsFirst,
  // A renamed input costs a copy, an input under another name nothing.
  nameInputs,
  // A renamed output likewise.
  nameOutputs,
  // The passes above leave constants and renames that meet now.
  simplify,
];

/** Runs the passes in order; with `verify`, checks the function before the first and after each. */
export function runPasses(fn: PlanFunction, options: { readonly verify?: boolean } = {}): PlanFunction {
  if (options.verify === true) verifyPlan(fn, "before the passes");
  const passed = passes.reduce((current, pass) => {
    const next = pass.run(current);
    if (options.verify === true) verifyPlan(next, `after pass "${pass.name}"`);
    return next;
  }, fn);
  if (fn.before === undefined) return passed;
  return { ...passed, before: fn.before.map((earlier) => runPasses(earlier, options)) };
}
