import type { AdversarialFitOptions, BoundOptions, StepFitOptions } from "../runtime/index.js";
import type { TrainOptions } from "./fit-options.js";
import { usageFailure } from "./failure.js";

type Binarize = NonNullable<BoundOptions["binarize"]>;

/** The options of a fit by gradient steps under the run time's names; options of EM are refused. */
export function stepFitOptions(options: TrainOptions): StepFitOptions {
  refuseOptionsOfEm(options);
  const { holdout } = options;
  return { ...commonOptions(options), ...(holdout === undefined ? {} : { holdout }) };
}

/** The same for a generator and its critic. */
export function gameFitOptions(options: TrainOptions): AdversarialFitOptions {
  refuseOptionsOfEm(options);
  const { holdout } = options;
  return { ...commonOptions(options), ...(holdout === undefined ? {} : { holdout }) };
}

function refuseOptionsOfEm(options: TrainOptions): void {
  const ofEm = [
    ["--max-iterations", options.maxIterations, "--epochs says how often to go through the rows."],
    ["--tolerance", options.tolerance, "With --holdout a bound stops where it no longer grows on new rows."],
    ["--restarts", options.restarts, "Another --seed is another start."],
    ["--ridge", options.ridge, undefined],
  ] as const;
  for (const [name, value, instead] of ofEm)
    if (value !== undefined)
      throw usageFailure(`${name} is for models learned by EM; this one is learned by gradient steps.`, instead);
}

function commonOptions(
  options: TrainOptions,
): Pick<StepFitOptions, "seed" | "epochs" | "batchSize" | "learningRate" | "fix" | "binarize" | "threads"> {
  const { seed, epochs, batchSize, learningRate, fix, threads } = options;
  return {
    fix,
    ...(threads === undefined ? {} : { threads }),
    ...(seed === undefined ? {} : { seed }),
    ...(epochs === undefined ? {} : { epochs }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(learningRate === undefined ? {} : { learningRate }),
    ...(options.binarize === undefined ? {} : { binarize: binarizeOf(options.binarize) }),
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
