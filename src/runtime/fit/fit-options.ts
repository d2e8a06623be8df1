import type { ModelDescription } from "../description.js";
import { OptionError } from "../errors.js";
import type { FitCallbacks } from "./fit-events.js";
import type { FitState } from "./fit-state.js";
import { BLOCK_ROWS } from "../kernels/shards.js";

/** A parameter's values as people pass them: nested arrays, or row-major data with or without a shape. */
export type ParameterValues =
  | number
  | readonly unknown[]
  | ArrayLike<number>
  | { readonly shape: readonly number[]; readonly data: ArrayLike<number> };

/** Start values by parameter; those that are left out are started as usual. */
export type InitialParameters<P> = { readonly [Name in keyof P]?: ParameterValues };

/** Options of `fit`. Defaults in brackets; a model may change them in its `learn em { … }`. */
export interface FitOptions<P = Record<string, unknown>> {
  /** Seed of everything random [0]. */
  readonly seed?: number;
  /** Number of short runs from different starts, of which the best are continued [8; 1 where starts cannot differ]. */
  readonly restarts?: number;
  /** Most iterations of one run [1000]. */
  readonly maxIterations?: number;
  /** Relative tolerance of the mean objective [1e-7]. */
  readonly tolerance?: number;
  /**
   * Penalty that keeps covariances from becoming singular, in units of the data's variance [1e-6]; 0: none. It is a
   * prior: -1/2 ridge (rows / components) sum of trace(covariance^-1 data variance).
   */
  readonly ridge?: number;
  /** How starts are made ["kmeans++": alternately by k-means++ and at random]; or values for some or all parameters. */
  readonly init?: "kmeans++" | "random" | InitialParameters<P>;
  /** Parameters kept at their initial value. */
  readonly fix?: readonly (keyof P & string)[];
  /** A weight for each row: 2 counts as two equal rows, 0 as none. */
  readonly weights?: ArrayLike<number>;
  /**
   * true: batches are read anew in every pass, in memory bounded by a batch; false: all are held in memory [batches that
   * can be gone through again and again are read anew].
   */
  readonly stream?: boolean;
  /**
   * Stepwise EM: parameters are updated after every so many rows, and one pass over the data learns [all rows: EM]. The
   * likelihood may fall on the way; `holdout` tells what the fit is worth.
   */
  readonly batchSize?: number;
  /** Passes of stepwise EM over the data [1]. */
  readonly epochs?: number;
  /** Part of the rows, chosen at random, that is scored and not learned from [0]. */
  readonly holdout?: number;
  /** A value without rows is started again where the model is worst ["reseed"]. */
  readonly emptyComponents?: "reseed" | "keep";
  /** SQUAREM acceleration after 20 plain iterations, 100 where `init` gives every parameter [true]. */
  readonly accelerate?: boolean;
  /**
   * Rows that are read from a source at once, in whole blocks. Blocks themselves are cut by the number of rows alone, so
   * that the result has the same bits whatever is asked for here.
   */
  readonly blockRows?: number;
  /** Most threads that work on the rows [as many as there are cores]; the result has the same bits for any number. */
  readonly threads?: number;
  /** Iterations between checkpoint events [50]; 0: none. */
  readonly checkpointEvery?: number;
  /** Continue an earlier fit of the same model to the same data from a checkpoint's state. */
  readonly resume?: FitState;
  readonly signal?: AbortSignal;
  readonly callbacks?: FitCallbacks | readonly FitCallbacks[];
}

export interface ResolvedFitOptions {
  readonly seed: number;
  readonly restarts: number | undefined;
  readonly maxIterations: number;
  readonly tolerance: number;
  readonly ridge: number;
  readonly init: "kmeans++" | "random" | Readonly<Record<string, unknown>>;
  readonly fix: readonly string[];
  readonly weights: ArrayLike<number> | undefined;
  readonly stream: boolean | undefined;
  readonly batchSize: number | undefined;
  readonly epochs: number;
  readonly holdout: number;
  readonly emptyComponents: "reseed" | "keep";
  readonly accelerate: boolean;
  readonly blockRows: number;
  readonly threads: number | undefined;
  readonly checkpointEvery: number;
  readonly resume: FitState | undefined;
  readonly signal: AbortSignal | undefined;
  readonly callbacks: readonly FitCallbacks[];
}

const NAMES: Readonly<Record<keyof ResolvedFitOptions, true>> = {
  seed: true,
  restarts: true,
  maxIterations: true,
  tolerance: true,
  ridge: true,
  init: true,
  fix: true,
  weights: true,
  stream: true,
  batchSize: true,
  epochs: true,
  holdout: true,
  emptyComponents: true,
  accelerate: true,
  blockRows: true,
  threads: true,
  checkpointEvery: true,
  resume: true,
  signal: true,
  callbacks: true,
};

/** Checks the options and fills in the model's own defaults, then ours. Throws `OptionError`. */
export function resolveFitOptions<P>(description: ModelDescription, options: FitOptions<P>): ResolvedFitOptions {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(NAMES, name)) throw new OptionError(`options.${name}`, Object.keys(NAMES).join(", "), name);
  }
  const numberOption = (
    name: keyof FitOptions & string,
    fallback: number,
    isValid: (n: number) => boolean,
    expected: string,
  ): number => {
    const resumed = name === "seed" ? options.resume?.seed : undefined;
    const given = options[name] ?? resumed ?? modelOption(description, name) ?? fallback;
    if (typeof given !== "number" || !isValid(given)) throw new OptionError(name, expected, textOf(given));
    return given;
  };
  const whole = (least: number) => (n: number) => Number.isSafeInteger(n) && n >= least;
  const restarts = options.restarts ?? modelOption(description, "restarts");
  if (restarts !== undefined && !(typeof restarts === "number" && whole(1)(restarts))) {
    throw new OptionError("restarts", "a positive integer", textOf(restarts));
  }
  const { threads } = options;
  if (threads !== undefined && !whole(1)(threads))
    throw new OptionError("threads", "a positive integer", textOf(threads));
  const nonNegative = (n: number): boolean => n >= 0 && Number.isFinite(n);
  return {
    seed: numberOption("seed", 0, whole(0), "an integer from 0 to 2^53 - 1"),
    restarts,
    maxIterations: numberOption("maxIterations", 1000, whole(1), "a positive integer"),
    tolerance: numberOption("tolerance", 1e-7, nonNegative, "a non-negative number"),
    ridge: numberOption("ridge", 1e-6, nonNegative, "a non-negative number"),
    init: initOption(description, options.init),
    fix: fixOption(description, options.fix ?? []),
    weights: options.weights,
    stream: options.stream,
    batchSize:
      (options.batchSize ?? modelOption(description, "batchSize")) === undefined
        ? undefined
        : numberOption("batchSize", 1, whole(1), "a positive integer"),
    epochs: numberOption("epochs", 1, whole(1), "a positive integer"),
    holdout: numberOption("holdout", 0, (n) => n >= 0 && n < 1, "a fraction from 0 to below 1"),
    emptyComponents: oneOf("emptyComponents", options.emptyComponents ?? "reseed", ["reseed", "keep"]),
    accelerate: options.accelerate ?? modelOption(description, "accelerate") !== "none",
    blockRows: numberOption("blockRows", BLOCK_ROWS, whole(1), "a positive integer"),
    threads,
    checkpointEvery: numberOption("checkpointEvery", 50, whole(0), "a non-negative integer"),
    resume: options.resume,
    signal: options.signal,
    callbacks:
      options.callbacks === undefined ? [] : Array.isArray(options.callbacks) ? options.callbacks : [options.callbacks],
  };
}

/** `learn em { max_iterations: 100 }`: options are found in either spelling. */
function modelOption(description: ModelDescription, name: string): number | string | undefined {
  const underscored = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return description.options[name] ?? description.options[underscored];
}

function initOption(
  description: ModelDescription,
  given: FitOptions<object>["init"],
): "kmeans++" | "random" | Readonly<Record<string, unknown>> {
  const init: unknown = given ?? modelOption(description, "init") ?? "kmeans++";
  if (typeof init === "object" && init !== null) {
    const names = description.parameters.map(({ name }) => name);
    for (const name of Object.keys(init)) {
      if (!names.includes(name))
        throw new OptionError(`init.${name}`, `a parameter (${names.join(", ")})`, `\`${name}\``);
    }
    return init as Readonly<Record<string, unknown>>;
  }
  return oneOf<"kmeans++" | "random">("init", init, ["kmeans++", "random"]);
}

function fixOption(description: ModelDescription, fix: readonly string[]): readonly string[] {
  const names = description.parameters.map(({ name }) => name);
  for (const name of fix) {
    if (!names.includes(name)) throw new OptionError("fix", `parameters (${names.join(", ")})`, `\`${name}\``);
  }
  return fix;
}

function oneOf<T extends string>(argument: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((choice) => choice === value);
  if (found === undefined) {
    throw new OptionError(argument, allowed.map((choice) => JSON.stringify(choice)).join(" or "), textOf(value));
  }
  return found;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
