import type { PlanFunction } from "./plan.js";
import type {
  AdversarialProgram,
  ChainElboProgram,
  ElboProgram,
  EmProgram,
  Program,
  Update,
  Variants,
} from "./program.js";

/** The same program with every plan function rewritten. */
export function mapFunctions(program: EmProgram, rewrite: (fn: PlanFunction) => PlanFunction): EmProgram;
export function mapFunctions(program: ElboProgram, rewrite: (fn: PlanFunction) => PlanFunction): ElboProgram;
export function mapFunctions(program: ChainElboProgram, rewrite: (fn: PlanFunction) => PlanFunction): ChainElboProgram;
export function mapFunctions(
  program: AdversarialProgram,
  rewrite: (fn: PlanFunction) => PlanFunction,
): AdversarialProgram;
export function mapFunctions(program: Program, rewrite: (fn: PlanFunction) => PlanFunction): Program {
  switch (program.algorithm) {
    case "em":
      return mapEm(program, rewrite);
    case "elbo":
      return mapElbo(program, rewrite);
    case "chainElbo":
      return {
        ...program,
        parts: program.parts.map(rewrite),
        sample: rewrite(program.sample),
        sampleNext: rewrite(program.sampleNext),
        logPrior: rewrite(program.logPrior),
      };
    case "adversarial":
      return {
        ...program,
        criticStep: rewrite(program.criticStep),
        generatorStep: rewrite(program.generatorStep),
        sample: rewrite(program.sample),
      };
  }
}

function mapElbo(program: ElboProgram, rewrite: (fn: PlanFunction) => PlanFunction): ElboProgram {
  return {
    ...program,
    step: rewrite(program.step),
    bound: rewrite(program.bound),
    logWeight: rewrite(program.logWeight),
    encode: rewrite(program.encode),
    reconstruct: rewrite(program.reconstruct),
    sample: rewrite(program.sample),
    logPrior: rewrite(program.logPrior),
  };
}

function mapEm(program: EmProgram, rewrite: (fn: PlanFunction) => PlanFunction): EmProgram {
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
    ...(program.filter === undefined ? {} : { filter: both(program.filter) }),
    ...(program.filterNext === undefined ? {} : { filterNext: both(program.filterNext) }),
    ...(program.forecast === undefined ? {} : { forecast: { ...program.forecast, fn: rewrite(program.forecast.fn) } }),
    ...(program.sampleNext === undefined ? {} : { sampleNext: rewrite(program.sampleNext) }),
    ...(program.mostProbable === undefined ? {} : { mostProbable: both(program.mostProbable) }),
    sample: rewrite(program.sample),
    logPrior: rewrite(program.logPrior),
    ...(program.variational === undefined
      ? {}
      : {
          variational: {
            ...program.variational,
            blocks: program.variational.blocks.map((block) => ({ ...block, update: both(block.update) })),
            begin: program.variational.begin.map((all) => all.map(both)),
          },
        }),
    updates: program.updates.map(update),
  };
}
