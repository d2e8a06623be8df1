import type { BoundOptions, StepFitOptions } from "../runtime/index.js";
import type { TrainOptions } from "./fit-options.js";
import { usageFailure } from "./failure.js";

type Binarize = NonNullable<BoundOptions["binarize"]>;

/** The options of a fit by gradient steps under the run time's names; options of EM are refused. */
export function stepFitOptions(options: TrainOptions): StepFitOptions {
  const ofEm = [
    ["--max-iterations", options.maxIterations, "--epochs"],
    ["--tolerance", options.tolerance, "--holdout"],
    ["--restarts", options.restarts, "--seed"],
    ["--ridge", options.ridge, undefined],
  ] as const;
  for (const [name, value, instead] of ofEm)
    if (value !== undefined)
      throw usageFailure(
        `${name} is for models learned by EM; this one is learned by gradient steps on a bound.`,
        ...(instead === undefined ? [] : [`Did you mean ${instead}?`]),
      );
  const { seed, holdout, epochs, batchSize, learningRate, fix } = options;
  return {
    fix,
    ...(seed === undefined ? {} : { seed }),
    ...(holdout === undefined ? {} : { holdout }),
    ...(epochs === undefined ? {} : { epochs }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(learningRate === undefined ? {} : { learningRate }),
    ...boundOptions(options),
  };
}

/** What a query of a bound is told. */
export function boundOptions(options: {
  readonly binarize?: string;
  readonly samples?: number;
  readonly seed?: number;
}): BoundOptions {
  return {
    ...(options.binarize === undefined ? {} : { binarize: binarizeOf(options.binarize) }),
    ...(options.samples === undefined ? {} : { samples: options.samples }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  };
}

function binarizeOf(how: string): Binarize {
  if (how === "resample" || how === "expected" || how === "threshold") return how;
  throw usageFailure(`--binarize ${how}: the choices are resample, expected and threshold.`);
}
