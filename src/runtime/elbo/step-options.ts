import type { ModelDescription } from "../description.js";
import { OptionError } from "../errors.js";
import type { FitCallbacks } from "../fit/fit-events.js";
import type { InitialParameters } from "../fit/fit-options.js";
import type { OptimiserSettings } from "./optimiser.js";
import type { StepState } from "./step-state.js";

/** Options of `fit` of a model that learns by gradient steps. Defaults in brackets; a model may change them in `learn`. */
export interface StepFitOptions<P = Record<string, unknown>> {
  /** Seed of everything random [0]. */
  readonly seed?: number;
  /** Passes over the rows [50]. */
  readonly epochs?: number;
  /** Rows of a step [128, or all where there are fewer]. */
  readonly batchSize?: number;
  /** [1e-3] */
  readonly learningRate?: number;
  /** How the rate goes from its value to 0 over the fit ["constant"]. */
  readonly schedule?: "constant" | "cosine" | "linear";
  readonly optimizer?: OptimiserSettings["optimizer"];
  readonly beta1?: number;
  readonly beta2?: number;
  /** Decoupled decay of the parameters, with "adamw" [0.01]. */
  readonly weightDecay?: number;
  /** Largest norm of a gradient [none]. */
  readonly clip?: number;
  /** Weight of the divergence [1]. */
  readonly beta?: number;
  /** Epochs over which the weight of the divergence grows from 0 [0]. */
  readonly warmup?: number;
  /**
   * Where the prior of a latent has a mean for each group: epochs in which it is learned with one group, before the groups
   * begin at those of its codes [10, at most half of all epochs]; 0: groups begin at random.
   */
  readonly pretrain?: number;
  /** Part of the rows, chosen at random, that is scored and not learned from [0]. */
  readonly holdout?: number;
  /** With a holdout: epochs without a better held-out bound before it ends [10]; 0: goes on to the last epoch. */
  readonly patience?: number;
  /**
   * What grey values from 0 to 1 of a Binary variable mean: "resample" draws every entry anew in each epoch, "expected"
   * takes them as expectations, "threshold" cuts at 1/2; absent: values other than 0 and 1 are refused.
   */
  readonly binarize?: "resample" | "expected" | "threshold";
  /** Values at which some parameters begin. */
  readonly init?: InitialParameters<P>;
  /** Parameters kept at their initial value. */
  readonly fix?: readonly string[];
  readonly weights?: ArrayLike<number>;
  /** Most threads that work on a step [as many as there are cores]; the result has the same bits for any number. */
  readonly threads?: number;
  /** Steps between checkpoint events [500]; 0: none. */
  readonly checkpointEvery?: number;
  readonly resume?: StepState;
  readonly signal?: AbortSignal;
  readonly callbacks?: FitCallbacks | readonly FitCallbacks[];
}

export interface ResolvedStepOptions extends OptimiserSettings {
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly schedule: "constant" | "cosine" | "linear";
  readonly clip: number;
  readonly beta: number;
  readonly warmup: number;
  readonly pretrain: number;
  readonly holdout: number;
  readonly patience: number;
  readonly binarize: "resample" | "expected" | "threshold" | undefined;
  readonly init: Readonly<Record<string, unknown>>;
  readonly fix: readonly string[];
  readonly weights: ArrayLike<number> | undefined;
  readonly threads: number | undefined;
  readonly checkpointEvery: number;
  readonly resume: StepState | undefined;
  readonly signal: AbortSignal | undefined;
  readonly callbacks: readonly FitCallbacks[];
}

/** The names that `learn { … }` has for them. */
const inModel: Readonly<Record<string, string>> = { batchSize: "batch", learningRate: "rate" };

const names: Readonly<Record<keyof StepFitOptions, true>> = {
  seed: true,
  epochs: true,
  batchSize: true,
  learningRate: true,
  schedule: true,
  optimizer: true,
  beta1: true,
  beta2: true,
  weightDecay: true,
  clip: true,
  beta: true,
  warmup: true,
  pretrain: true,
  holdout: true,
  patience: true,
  binarize: true,
  init: true,
  fix: true,
  weights: true,
  threads: true,
  checkpointEvery: true,
  resume: true,
  signal: true,
  callbacks: true,
};

/** Checks the options and fills in the model's own defaults, then ours. Throws `OptionError`. */
export function resolveStepOptions(description: ModelDescription, options: StepFitOptions<never>): ResolvedStepOptions {
  for (const name of Object.keys(options))
    if (!Object.hasOwn(names, name)) throw new OptionError(`options.${name}`, Object.keys(names).join(", "), name);
  const written = (name: string): number | string | undefined => description.options[inModel[name] ?? name];
  const number = (
    name: keyof StepFitOptions & string,
    fallback: number,
    isValid: (n: number) => boolean,
    expected: string,
  ): number => {
    const resumed = name === "seed" ? options.resume?.seed : undefined;
    const given = options[name] ?? resumed ?? written(name) ?? fallback;
    if (typeof given !== "number" || !isValid(given)) throw new OptionError(name, expected, String(given));
    return given;
  };
  const choice = <T extends string>(
    name: keyof StepFitOptions & string,
    choices: readonly T[],
    fallback: T | undefined,
  ): T | undefined => {
    const given = options[name] ?? written(name) ?? fallback;
    if (given === undefined) return undefined;
    const found = choices.find((one) => one === given);
    if (found === undefined) throw new OptionError(name, choices.join(" or "), String(given));
    return found;
  };
  const whole = (least: number) => (n: number) => Number.isSafeInteger(n) && n >= least;
  const positive = (n: number): boolean => n > 0;
  const nonNegative = (n: number): boolean => n >= 0 && Number.isFinite(n);
  const below1 = (n: number): boolean => n >= 0 && n < 1;
  const known = description.parameters.map(({ name }) => name);
  for (const name of [...(options.fix ?? []), ...Object.keys(options.init ?? {})])
    if (!known.includes(name)) throw new OptionError("fix, init", `parameters (${known.join(", ")})`, `\`${name}\``);
  const { callbacks } = options;
  return {
    seed: number("seed", 0, whole(0), "an integer from 0 to 2^53 - 1"),
    epochs: number("epochs", 50, whole(0), "a non-negative integer"),
    batchSize: number("batchSize", 128, whole(1), "a positive integer"),
    learningRate: number("learningRate", 1e-3, positive, "a positive number"),
    schedule: choice("schedule", ["constant", "cosine", "linear"], "constant") ?? "constant",
    optimizer: choice("optimizer", ["adam", "adamw", "sgd", "rmsprop"], "adam") ?? "adam",
    beta1: number("beta1", 0.9, below1, "a number from 0 to below 1"),
    beta2: number("beta2", 0.999, below1, "a number from 0 to below 1"),
    weightDecay: number("weightDecay", 0.01, nonNegative, "a non-negative number"),
    clip: number("clip", Infinity, positive, "a positive number"),
    beta: number("beta", 1, nonNegative, "a non-negative number"),
    warmup: number("warmup", 0, whole(0), "a non-negative integer"),
    pretrain: number("pretrain", 10, whole(0), "a non-negative integer"),
    holdout: number("holdout", 0, below1, "a fraction from 0 to below 1"),
    patience: number("patience", 10, whole(0), "a non-negative integer"),
    binarize: choice("binarize", ["resample", "expected", "threshold"], undefined),
    init: (options.init ?? {}) as Readonly<Record<string, unknown>>,
    fix: options.fix ?? [],
    weights: options.weights,
    threads: options.threads === undefined ? undefined : number("threads", 1, whole(1), "a positive integer"),
    checkpointEvery: number("checkpointEvery", 500, whole(0), "a non-negative integer"),
    resume: options.resume,
    signal: options.signal,
    callbacks: callbacks === undefined ? [] : isList(callbacks) ? callbacks : [callbacks],
  };
}

function isList<T extends object>(given: T | readonly T[]): given is readonly T[] {
  return Array.isArray(given);
}
