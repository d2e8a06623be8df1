import { readFileSync } from "node:fs";
import type { Program } from "../ir/program.js";
import type { SettledSizes } from "../data/bindable.js";
import { readFailure } from "../data/read-failure.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import type { ModelDescription } from "../runtime/description.js";
import type { DataOptions } from "./bind-data.js";
import type { CheckpointOptions } from "./checkpoint.js";
import { CommandFailure, unavailableFailure, usageFailure } from "./failure.js";
import type { KnownSizes } from "./known-sizes.js";
import type { CompileOptions } from "./load-model.js";
import { readParameters, type ParameterValues } from "./read-parameters.js";

/** What `genc train` is told, as commander reads it. */
export interface TrainOptions extends DataOptions, CompileOptions, CheckpointOptions {
  readonly dim: Readonly<Record<string, number>>;
  readonly maxIterations?: number;
  readonly tolerance?: number;
  /** False where it is not wanted. */
  readonly acceleration?: boolean;
  readonly restarts?: number;
  readonly ridge?: number;
  readonly seed?: number;
  readonly init?: string;
  readonly fix: readonly string[];
  readonly holdout?: number;
  readonly batchSize?: number;
  readonly epochs?: number;
  readonly learningRate?: number;
  readonly backend?: string;
  readonly threads?: number;
  readonly requireConverged?: boolean;
  readonly save?: string;
  readonly json?: boolean;
}

/** Options that are understood and cannot be honoured: better said than ignored. */
export function refuseUnsupported(options: TrainOptions, algorithm: Program["algorithm"]): void {
  if (algorithm === "em") {
    if (options.learningRate !== undefined) {
      throw usageFailure("--learning-rate is for models learned by gradients; stepwise EM has its own rates.");
    }
    if (options.epochs !== undefined && options.batchSize === undefined) {
      throw usageFailure(
        "--epochs is for stepwise EM (--batch-size) and for models learned by gradients.",
        "EM passes over all rows in every iteration: --max-iterations.",
      );
    }
  }
  if (algorithm === "em" && (options.binarize === "resample" || options.binarize === "expected")) {
    throw unavailableFailure(
      `--binarize ${options.binarize} is for models learned by gradient steps.`,
      "--binarize threshold is for all.",
    );
  }
}

/** The options that the run time takes under the same names. */
export function fitOptions(options: TrainOptions): {
  readonly maxIterations?: number;
  readonly tolerance?: number;
  readonly restarts?: number;
  readonly ridge?: number;
  readonly seed?: number;
  readonly holdout?: number;
  readonly threads?: number;
  readonly batchSize?: number;
  readonly epochs?: number;
  readonly accelerate?: boolean;
  readonly fix: readonly string[];
} {
  const { maxIterations, tolerance, restarts, ridge, seed, holdout, threads, batchSize, epochs, fix } = options;
  return {
    fix,
    ...(options.acceleration === false ? { accelerate: false } : {}),
    ...(maxIterations === undefined ? {} : { maxIterations }),
    ...(tolerance === undefined ? {} : { tolerance }),
    ...(restarts === undefined ? {} : { restarts }),
    ...(ridge === undefined ? {} : { ridge }),
    ...(seed === undefined ? {} : { seed }),
    ...(holdout === undefined ? {} : { holdout }),
    ...(threads === undefined ? {} : { threads }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(epochs === undefined ? {} : { epochs }),
  };
}

export interface Start {
  /** Absent: the model's own default. */
  readonly init?: "kmeans++" | "random" | Readonly<Record<string, ParameterValues>>;
  readonly sizes: SettledSizes;
}

/** `--init` and `--fix`: a method by name, or parameters from a file, which also settle sizes. */
export function startFrom({ init, fix }: TrainOptions, description: ModelDescription, known: KnownSizes): Start {
  const names = description.parameters.map(({ name }) => name);
  for (const name of fix) {
    if (names.includes(name)) continue;
    const suggestion = didYouMean(name, names);
    throw usageFailure(
      `--fix ${name}: the model has the parameters ${names.join(", ")}.`,
      suggestion === undefined ? undefined : `Did you mean --fix ${suggestion}?`,
    );
  }
  if (init === undefined) return { sizes: known.settled };
  if (init === "kmeans++" || init === "random") return { init, sizes: known.settled };
  const read = readParameters(init, readStart(init), description.parameters, known.settled, true);
  if (read.kind === "refused") throw new CommandFailure({ kind: "data", diagnostics: read.diagnostics });
  return { init: read.value.values, sizes: read.value.sizes };
}

function readStart(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = readFailure(error);
    if (reason === undefined) throw error;
    throw usageFailure(`--init ${file}: expected kmeans++, random, or a JSON file of parameters, but ${reason}.`);
  }
}
