import type { BatchSource } from "./data/collect-columns.js";
import type { Dataset } from "./data/dataset.js";
import { fitBySteps } from "./elbo/elbo-fit.js";
import { resolveStepOptions, type ResolvedStepOptions, type StepFitOptions } from "./elbo/step-options.js";
import type { StepState } from "./elbo/step-state.js";
import type { StepTask } from "./elbo/step-task.js";
import { OptionError } from "./errors.js";
import type { BoundFitResult, FitEvent } from "./fit/fit-events.js";
import { type FitRun, startFit } from "./fit-run.js";
import { type FittedModel, typed } from "./model-trainer.js";
import type { NamedTensor } from "./named-tensor.js";
import { namedTensor } from "./named-tensor.js";
import { mostProbable } from "./queries.js";
import { type Binarize, StepTrainer } from "./step-trainer.js";

/** A bound of the log-likelihood of data under a fitted model. */
export interface BoundScore {
  readonly rows: number;
  readonly totalWeight: number;
  /** Weighted where the data has weights. */
  readonly logLikelihood: number;
  readonly meanLogLikelihood: number;
  readonly perRow: Float64Array;
  readonly bound: "elbo";
}

export interface BoundOptions {
  /** Importance weights for each row [32]: the bound rises to the log-likelihood with their number. */
  readonly samples?: number;
  /** [0] */
  readonly seed?: number;
  readonly weights?: ArrayLike<number>;
  /** What grey values of a Binary variable mean: see `fit`. */
  readonly binarize?: Binarize;
}

const defaultDraws = 32;

/** How a bound is drawn. */
export interface DrawOptions {
  readonly seed: number;
  readonly binarize: Binarize | undefined;
}

/** What trainers of models with an evidence lower bound have in common, with and without a chain. */
export abstract class BoundTrainer<
  S extends object,
  P extends object,
  D = BatchSource,
  Q extends object = object,
> extends StepTrainer<S, P> {
  abstract override readonly description: StepTask["description"];

  /** What a step is taken on. */
  protected abstract stepTask(): StepTask;

  /** Log of the mean of so many importance weights, by row of the data. */
  protected abstract importance(
    dataset: Dataset,
    fitted: FittedModel,
    samples: number,
    options: DrawOptions,
  ): Promise<Float64Array>;

  /** Means of the latents under the guide; of a discrete one the probabilities of its values. */
  abstract encode(data: D, options?: Pick<BoundOptions, "binarize">): Promise<Readonly<Record<string, NamedTensor>>>;

  /** Means of the observed variables, given the latents that the guide finds. */
  abstract reconstruct(
    data: D,
    options?: Pick<BoundOptions, "binarize">,
  ): Promise<Readonly<Record<string, NamedTensor>>>;

  /**
   * Learns the parameters by stochastic gradient ascent on the bound. The run can be awaited for its result, or iterated
   * over for its events: one iteration is an epoch.
   *
   * @throws (from the run) DataError, OptionError, NonFiniteStepError
   */
  fit(data: D, options: StepFitOptions<P> = {}): FitRun<P, BoundFitResult<P>, StepState> {
    this.checkAlive("fit");
    const resolved = resolveStepOptions(this.description, options as StepFitOptions<never>);
    return startFit(resolved, (signal) => this.learn(data, { ...resolved, signal }));
  }

  private async *learn(
    data: D,
    options: ResolvedStepOptions,
  ): AsyncGenerator<FitEvent<P, BoundFitResult<P>, StepState>, void, undefined> {
    const dataset = await this.takeIn(data, this.givenSizes, "as given to the constructor", {}, options);
    try {
      yield* this.taking(fitBySteps(this.stepTask(), dataset, options), dataset.sizes, dataset.labels);
    } finally {
      this.networks.release();
    }
  }

  /**
   * The latents under the guide: of a continuous one its mean, of a discrete one its most probable value and, in
   * `probability`, the probabilities of all values.
   */
  async predict(data: D, options: Pick<BoundOptions, "binarize"> = {}): Promise<Q> {
    const encoded = await this.encode(data, options);
    const values: Record<string, NamedTensor | Int32Array> = {};
    const probability: Record<string, NamedTensor> = {};
    for (const [name, tensor] of Object.entries(encoded)) {
      if (!this.isDiscrete(name)) values[name] = tensor;
      else {
        probability[name] = tensor;
        values[name] = mostProbable(tensor);
      }
    }
    return typed<Q>({ ...values, probability });
  }

  /** A bound of the log density of each row: log of the mean of importance weights. */
  async logDensity(data: D, options: BoundOptions = {}): Promise<Float64Array> {
    return (await this.score(data, options)).perRow;
  }

  /** The bound per row, in total and per unit of weight. */
  async score(data: D, options: BoundOptions = {}): Promise<BoundScore> {
    const { samples = defaultDraws, seed = 0, binarize } = options;
    if (!Number.isSafeInteger(samples) || samples < 1)
      throw new OptionError("samples", "a positive integer", String(samples));
    return this.query(data, "score", options, async (dataset, fitted) => {
      const perRow = await this.importance(dataset, fitted, samples, { seed, binarize });
      let logLikelihood = 0;
      perRow.forEach((density, row) => (logLikelihood += (dataset.weights?.[row] ?? 1) * density));
      const { rows, totalWeight } = dataset;
      return {
        rows,
        totalWeight,
        logLikelihood,
        meanLogLikelihood: logLikelihood / totalWeight,
        perRow,
        bound: "elbo",
      };
    });
  }

  /** A bound has no conditional means of missing entries: `reconstruct` has the means of all. */
  async impute(data: D): Promise<Readonly<Record<string, NamedTensor>>> {
    const means = await this.reconstruct(data);
    return this.query(data, "impute", {}, async (dataset) => {
      const answers: Record<string, NamedTensor> = {};
      for (const variable of this.description.variables) {
        if (variable.role !== "observed" || !variable.optional) continue;
        const mean = means[variable.name];
        if (mean === undefined) continue;
        const values = Float64Array.from(dataset.columns[variable.name]);
        const filled = variable.domain === "category" ? mostProbable(mean) : mean.data;
        values.forEach((value, i) => {
          if (Number.isNaN(value)) values[i] = filled[i];
        });
        const { axes, shape } = variable.domain === "category" ? withoutLast(mean) : mean;
        answers[variable.name] = namedTensor(axes, shape, values);
      }
      return answers;
    });
  }

  private isDiscrete(name: string): boolean {
    const domain = this.description.variables.find((variable) => variable.name === name)?.domain;
    return domain === "category" || domain === "binary";
  }

  protected async query<T>(
    data: D,
    method: string,
    options: BoundOptions,
    answer: (dataset: Dataset, fitted: FittedModel) => Promise<T>,
  ): Promise<T> {
    const fitted = this.known(method);
    const dataset = await this.takeIn(data, fitted.sizes, "in the fitted model", fitted.labels, options);
    try {
      return await answer(dataset, fitted);
    } finally {
      this.networks.release();
    }
  }
}

function withoutLast({ axes, shape }: NamedTensor): { axes: readonly string[]; shape: readonly number[] } {
  return { axes: axes.slice(0, -1), shape: shape.slice(0, -1) };
}
