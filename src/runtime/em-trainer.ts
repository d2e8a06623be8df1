import type {
  Awaitable,
  Block,
  BlockSource,
  DrawSource,
  EmMethods,
  ModelDescription,
  MStepSettings,
  Sizes,
  Tensors,
} from "./description.js";
import { formOf, iterableOf } from "./data/batches.js";
import { forecastSequences, type Forecast } from "./chain/forecast.js";
import { OnlineFilter } from "./chain/online-filter.js";
import type { BatchSource } from "./data/collect-columns.js";
import type { Dataset } from "./data/dataset.js";
import { takeIn } from "./data/dataset.js";
import { readsLabels } from "./data/stream-labels.js";
import { MAXIMUM_BLOCK_ROWS } from "./data/blocks.js";
import { OptionError } from "./errors.js";
import { fitByEm } from "./fit/em-fit.js";
import type { FitRows } from "./fit/fit-rows.js";
import { fitStepwise } from "./fit/stepwise-em.js";
import type { StepwiseRows } from "./fit/stepwise-rows.js";
import { stepwiseRowsInMemory, stepwiseRowsOfStream } from "./fit/stepwise-rows.js";
import { fitRowsInMemory, fitRowsOfStream } from "./fit/fit-rows.js";
import type { FitEvent } from "./fit/fit-events.js";
import type { FitOptions } from "./fit/fit-options.js";
import { resolveFitOptions } from "./fit/fit-options.js";
import { type FitRun, startFit } from "./fit-run.js";
import type { KernelModule } from "./kernels/kernel-description.js";
import { ModelKernels } from "./kernels/model-kernels.js";
import { BLOCK_ROWS, SCAN_BLOCK_ROWS } from "./kernels/shards.js";
import { type FittedModel, ModelTrainer, typed } from "./model-trainer.js";
import type { NamedTensor } from "./named-tensor.js";
import { withPosterior } from "./variational/coordinate-ascent.js";
import { imputedValues, mostProbable, posteriorAnswers, runnerFor } from "./queries.js";

/** Log-likelihood of data under a fitted model. */
export interface Score {
  readonly rows: number;
  /** Weighted where the data has weights. */
  readonly logLikelihood: number;
  readonly meanLogLikelihood: number;
  /** The number of rows, or the sum of their weights. */
  readonly totalWeight: number;
  readonly perRow: Float64Array;
}

export interface ForecastOptions {
  /** How many steps after the last row. */
  readonly steps: number;
  /** Futures that are drawn of each sequence, for what cannot be computed. [2000] */
  readonly draws?: number;
  /** Probability of the interval. [0.9] */
  readonly level?: number;
  /** [0] */
  readonly seed?: number;
}

/**
 * What every emitted trainer of an EM model can do. The generated class adds the loops of its model (`EmMethods`) and
 * its types: sizes S, parameters P (`NamedTensor`s by name), data D, posterior Q.
 */
export abstract class EmTrainer<S extends object, P extends object, D = BatchSource, Q extends object = object>
  extends ModelTrainer<S, P>
  implements EmMethods
{
  /** Compiled forms of the generated loops, where there are any. */
  protected readonly kernels: ModelKernels;

  /** @throws OptionError for an unknown size, or one that is not a positive integer */
  protected constructor(description: ModelDescription, sizes: Partial<S>, kernels?: KernelModule) {
    super(description, sizes);
    this.kernels = new ModelKernels(kernels);
  }

  /** Rows of a block. */
  get blockRows(): number {
    if (!this.kernels.arePresent) return MAXIMUM_BLOCK_ROWS;
    return this.description.sequences === undefined ? BLOCK_ROWS : SCAN_BLOCK_ROWS;
  }

  abstract logDensityOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract eStep(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract startStatistics(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract mStep(sizes: Sizes, statistics: Tensors, previous: Tensors, settings: MStepSettings): Awaitable<Tensors>;
  recentreStatistics?(sizes: Sizes, statistics: Tensors, parameters: Tensors, previous: Tensors): void;
  raisedStartOf?(source: BlockSource, parameters: Tensors): Promise<Tensors | undefined>;
  abstract ridgePenalty(
    sizes: Sizes,
    parameters: Tensors,
    statistics: Tensors,
    settings: MStepSettings,
  ): Awaitable<number>;
  abstract logPriorOf(sizes: Sizes, parameters: Tensors, into: Tensors): Awaitable<void>;
  abstract posteriorOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  updateBlockOf?(index: number, sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): void;
  beginPosteriorOf?(index: number, sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): void;
  filterOf?(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  filterNextOf?(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  drawNextRows?(
    sizes: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): Awaitable<void>;
  forecastOf?(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  mostProbableOf?(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  imputeOf?(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  expectedLogJoint?(
    group: number,
    sizes: Sizes,
    parameters: Tensors,
    previous: Tensors,
    block: Block,
    into: Tensors,
  ): Awaitable<void>;
  startLogJoint?(group: number, sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  groupLogPrior?(group: number, sizes: Sizes, parameters: Tensors, into: Tensors): Awaitable<void>;

  /**
   * Learns the parameters from data by EM. The run can be awaited for its result, or iterated over for its events.
   *
   * @throws (from the run) DataError, OptionError, NonFiniteError, CollapsedComponentError
   */
  fit(data: D, options: FitOptions<P> = {}): FitRun<P> {
    this.checkAlive("fit");
    const resolved = resolveFitOptions(this.description, options);
    return startFit(resolved, (signal) => this.fitEvents(data, { ...resolved, signal }));
  }

  /** A block with the tables of its rows' posterior; the block itself where it has them. */
  protected settled(sizes: Sizes, parameters: Tensors, block: Block): Block {
    return withPosterior(this, sizes, parameters, block);
  }

  private async *fitEvents(
    data: D,
    options: ReturnType<typeof resolveFitOptions>,
  ): AsyncGenerator<FitEvent<P>, void, undefined> {
    options.signal?.throwIfAborted();
    this.kernels.useThreads(options.threads);
    try {
      yield* options.batchSize === undefined
        ? this.learnByPasses(data, options)
        : this.learnByBatches(data, options, options.batchSize);
    } finally {
      this.kernels.release();
    }
  }

  private async *learnByPasses(
    data: D,
    options: ReturnType<typeof resolveFitOptions>,
  ): AsyncGenerator<FitEvent<P>, void, undefined> {
    const rows = await this.rowsToFit(data, options);
    yield* this.taking(fitByEm(this, rows, options), rows.learned.sizes, rows.labels);
  }

  private async *learnByBatches(
    data: D,
    options: ReturnType<typeof resolveFitOptions>,
    batchSize: number,
  ): AsyncGenerator<FitEvent<P>, void, undefined> {
    const rows = await this.rowsToStep(data, options, Math.min(batchSize, this.blockRows));
    yield* this.taking(fitStepwise(this, rows, options), rows.leading.learned.sizes, rows.labels);
  }

  /** Batches that can be gone through again and again are; everything else is held in memory. */
  private async rowsToFit(data: D, options: ReturnType<typeof resolveFitOptions>): Promise<FitRows> {
    const form = formOf(data);
    if (options.stream === true && form.kind === "once") {
      throw new OptionError(
        "stream",
        "batches that can be gone through in every iteration (an iterable, or a function that returns one)",
        "an iterator, which ends after one pass",
      );
    }
    if (form.kind === "again" && this.mayStream(options)) {
      return fitRowsOfStream(this.description, form.open, this.givenSizes, options, this.blockRows);
    }
    return fitRowsInMemory(this.description, await this.takeInAll(data, options), options, this.blockRows);
  }

  /** For stepwise EM, batches that can be gone through once will do if nothing goes through them again. */
  private async rowsToStep(
    data: D,
    options: ReturnType<typeof resolveFitOptions>,
    blockRows: number,
  ): Promise<StepwiseRows> {
    const form = formOf(data);
    const isOnce = form.kind === "once";
    const onePass = options.epochs === 1 && options.holdout === 0 && !readsLabels(this.description);
    if (isOnce && options.stream === true && !onePass) {
      throw new OptionError("stream", "batches that can be gone through again, for this fit", "an iterator");
    }
    const open = form.kind === "again" ? form.open : isOnce && onePass ? () => iterableOf(data) : undefined;
    if (open !== undefined && this.mayStream(options)) {
      return stepwiseRowsOfStream(this.description, open, isOnce, this.givenSizes, options, blockRows);
    }
    return stepwiseRowsInMemory(this.description, await this.takeInAll(data, options), options, blockRows);
  }

  private mayStream(options: ReturnType<typeof resolveFitOptions>): boolean {
    if (options.stream === false) return false;
    if (this.description.sequences !== undefined) {
      if (options.stream !== true) return false;
      throw new OptionError("stream", "a model without a chain: sequences are held in memory", "true");
    }
    if (options.weights !== undefined) {
      throw new OptionError("weights", "nothing beside batches; put the weights into each batch", "weights");
    }
    return true;
  }

  private takeInAll(data: D, options: ReturnType<typeof resolveFitOptions>): Promise<Dataset> {
    return takeIn(this.description, data, {
      sizes: this.givenSizes,
      sizesOrigin: "as given to the constructor",
      labels: {},
      needs: "all",
      weights: options.weights,
    });
  }

  /**
   * Of each discrete latent the most probable value in each row (plates after rows) and the probabilities of all
   * values; of each Gaussian latent the posterior mean and covariance. Along a chain the values are those of the most
   * probable sequence as a whole, and probabilities and means take in all of its rows.
   */
  async predict(data: D): Promise<Q> {
    return this.query(data, "predict", async (dataset, { values }) => {
      const runner = runnerFor(this, dataset);
      const { probability, mean, covariance } = await posteriorAnswers(runner, values);
      const best =
        this.mostProbableOf === undefined
          ? probability
          : (await posteriorAnswers(runner, values, "mostProbable")).probability;
      const chosen = Object.fromEntries(Object.entries(best).map(([name, table]) => [name, mostProbable(table)]));
      const hasMoments = Object.keys(mean).length > 0;
      return typed<Q>({ ...chosen, ...mean, probability, ...(hasMoments ? { covariance } : {}) });
    });
  }

  /** Log density of each row, its latent variables summed out; not weighted. */
  async logDensity(data: D): Promise<Float64Array> {
    return this.query(data, "logDensity", (dataset, { values }) => runnerFor(this, dataset).logDensity(values));
  }

  /** Log-likelihood of data: per row, in total and per unit of weight. */
  async score(data: D, options: { readonly weights?: ArrayLike<number> } = {}): Promise<Score> {
    const scored = async (dataset: Dataset, { values }: FittedModel): Promise<Score> => {
      const perRow = await runnerFor(this, dataset).logDensity(values);
      let logLikelihood = 0;
      perRow.forEach((density, row) => {
        const weight = dataset.weights?.[row] ?? 1;
        if (weight > 0) logLikelihood += weight * density;
      });
      const { rows, totalWeight } = dataset;
      return { rows, logLikelihood, meanLogLikelihood: logLikelihood / totalWeight, totalWeight, perRow };
    };
    return this.query(data, "score", scored, options.weights);
  }

  /**
   * What comes after the last row of each sequence: moments and interval of every observed variable, probabilities of
   * every discrete latent, moments of every Gaussian one. Computed where the future is a mixture of a known family;
   * `simulated` names what is not.
   */
  async forecast(data: D, options: ForecastOptions): Promise<Forecast> {
    const { steps, draws = 2000, level = 0.9, seed = 0 } = options;
    for (const [name, value] of Object.entries({ steps, draws })) {
      if (!Number.isSafeInteger(value) || value < 1) throw new OptionError(name, "a positive integer", String(value));
    }
    if (!(level > 0 && level < 1)) throw new OptionError("level", "a number between 0 and 1", String(level));
    return this.query(data, "forecast", (dataset, { values }) =>
      forecastSequences(this, dataset, values, { steps, draws, level, seed }),
    );
  }

  /** Follows a new sequence, one observation at a time. */
  filter(): OnlineFilter {
    const { sizes, values } = this.known("filter");
    if (this.filterOf === undefined) throw new OptionError("filter", "a model with a chain", this.description.name);
    return new OnlineFilter(this, sizes, values);
  }

  /** Fills in missing entries: optional observed variables with their conditional means, observed entries unchanged. */
  async impute(data: D): Promise<Readonly<Record<string, NamedTensor>>> {
    return this.query(data, "impute", (dataset, { values }) => imputedValues(this, dataset, values));
  }

  /** Lets go of the parameters, and ends the threads; a generated class that owns tensors releases them too. */
  override dispose(): void {
    this.kernels.dispose();
    super.dispose();
  }

  /** Takes data in, answers a question of it, and lets go of what was laid out for it. */
  private async query<T>(
    data: D,
    method: string,
    answer: (dataset: Dataset, fitted: FittedModel) => Promise<T>,
    weights?: unknown,
  ): Promise<T> {
    const fitted = this.known(method);
    const dataset = await takeIn(this.description, data, {
      sizes: fitted.sizes,
      sizesOrigin: "in the fitted model",
      labels: fitted.labels,
      needs: "all",
      weights,
    });
    try {
      return await answer(dataset, fitted);
    } finally {
      this.kernels.release();
    }
  }
}
