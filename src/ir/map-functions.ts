import type { PlanFunction } from "./plan.js";
import type { EmProgram, Update, Variants } from "./program.js";

/** The same program with every plan function rewritten. */
export function mapFunctions(program: EmProgram, rewrite: (fn: PlanFunction) => PlanFunction): EmProgram {
  const both = (variants: Variants): Variants => ({
    complete: rewrite(variants.complete),
    ...(variants.incomplete === undefined ? {} : { incomplete: rewrite(variants.incomplete) }),
  });
  const update = (one: Update): Update =>
    one.kind === "gradient"
      ? {
          ...one,
          objective: both(one.objective),
          startObjective: both(one.startObjective),
          prior: rewrite(one.prior),
        }
      : one;
  return {
    ...program,
    logDensity: both(program.logDensity),
    eStep: both(program.eStep),
    start: both(program.start),
    posterior: both(program.posterior),
    ...(program.impute === undefined ? {} : { impute: rewrite(program.impute) }),
    ...(program.mostProbable === undefined ? {} : { mostProbable: both(program.mostProbable) }),
    sample: rewrite(program.sample),
    logPrior: rewrite(program.logPrior),
    updates: program.updates.map(update),
  };
}
