import type {
  Awaitable,
  Block,
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
import type { LabelDictionary } from "./data/labels.js";
import { DisposedError, NotFittedError, OptionError } from "./errors.js";
import { boundShape } from "./extents.js";
import { fitByEm } from "./fit/em-fit.js";
import type { FitRows } from "./fit/fit-rows.js";
import { fitStepwise } from "./fit/stepwise-em.js";
import type { StepwiseRows } from "./fit/stepwise-rows.js";
import { stepwiseRowsInMemory, stepwiseRowsOfStream } from "./fit/stepwise-rows.js";
import { fitRowsInMemory, fitRowsOfStream } from "./fit/fit-rows.js";
import type { FitEvent, FitResult } from "./fit/fit-events.js";
import type { FitOptions, ParameterValues } from "./fit/fit-options.js";
import { resolveFitOptions } from "./fit/fit-options.js";
import { literalParameters } from "./fit/initial-guess.js";
import { FitRun } from "./fit-run.js";
import type { KernelModule } from "./kernels/kernel-description.js";
import { ModelKernels } from "./kernels/model-kernels.js";
import { BLOCK_ROWS } from "./kernels/shards.js";
import type { ColumnMapping } from "./model-file.js";
import { decodeModel, encodeModel } from "./model-file.js";
import type { NamedTensor } from "./named-tensor.js";
import { namedTensor } from "./named-tensor.js";
import { readParameters, sizesOfParameters } from "./parameter-values.js";
import { drawnRows, imputedValues, mostProbable, posteriorAnswers, runnerFor } from "./queries.js";
import { checkSizes } from "./sizes.js";

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

export interface SampleOptions {
  /** [0] */
  readonly seed?: number;
  /** Of a model with a chain: steps of each sequence. Needed unless there are given variables to tell. */
  readonly steps?: number;
  /** Values of the given variables, one row per draw. */
  readonly given?: BatchSource;
}

export interface ForecastOptions {
  /** How many steps after the last row. */
  readonly steps: number;
  /** Futures that are drawn for each sequence. [2000] */
  readonly draws?: number;
  /** Part of the futures that the interval holds. [0.9] */
  readonly level?: number;
  /** [0] */
  readonly seed?: number;
}

/** Sizes and parameters that go together. */
interface Fitted {
  readonly sizes: Sizes;
  readonly values: Tensors;
  readonly shown: Readonly<Record<string, NamedTensor>>;
  readonly labels: Readonly<Record<string, LabelDictionary>>;
}

/**
 * What every emitted trainer of an EM model can do. The generated class adds the loops of its model (`EmMethods`) and
 * its types: sizes S, parameters P (`NamedTensor`s by name), data D, posterior Q.
 */
export abstract class EmTrainer<
  S extends object,
  P extends object,
  D = BatchSource,
  Q extends object = object,
> implements EmMethods {
  private readonly givenSizes: Sizes;
  private fitted: Fitted | undefined;
  private disposed = false;
  /** Compiled forms of the generated loops, where there are any. */
  protected readonly kernels: ModelKernels;
  /** Which columns of a table feed each variable; kept with a saved model. */
  columns: ColumnMapping = {};

  /** @throws OptionError for an unknown size, or one that is not a positive integer */
  protected constructor(
    readonly description: ModelDescription,
    sizes: Partial<S>,
    kernels?: KernelModule,
  ) {
    this.kernels = new ModelKernels(kernels);
    this.givenSizes = checkSizes(description, sizes);
  }

  /** Rows of a block. */
  get blockRows(): number {
    return this.kernels.arePresent ? BLOCK_ROWS : MAXIMUM_BLOCK_ROWS;
  }

  abstract logDensityOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract eStep(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract startStatistics(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract mStep(sizes: Sizes, statistics: Tensors, previous: Tensors, settings: MStepSettings): Awaitable<Tensors>;
  recentreStatistics?(sizes: Sizes, statistics: Tensors, parameters: Tensors, previous: Tensors): void;
  abstract ridgePenalty(sizes: Sizes, parameters: Tensors, rows: number, settings: MStepSettings): Awaitable<number>;
  abstract logPriorOf(sizes: Sizes, parameters: Tensors, into: Tensors): Awaitable<void>;
  abstract posteriorOf(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  abstract drawRows(
    sizes: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): Awaitable<void>;
  filterOf?(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  filterNextOf?(sizes: Sizes, parameters: Tensors, block: Block, into: Tensors): Awaitable<void>;
  drawNextRows?(
    sizes: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): Awaitable<void>;
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

  /** Sizes of the fitted model; before that, those given to the constructor. */
  get sizes(): Sizes {
    return this.fitted?.sizes ?? this.givenSizes;
  }

  /** The learned parameters, in the data's units. Throws `NotFittedError` before there are any. */
  get parameters(): P {
    return typed<P>(this.known("parameters").shown);
  }

  /** Labels of the categories that were read as labels, in the order of their codes. */
  get labels(): Readonly<Record<string, LabelDictionary>> {
    return this.fitted?.labels ?? {};
  }

  /** Sets parameters without a fit; sizes that are still open are bound by their shapes. All must be given. */
  setParameters(values: { readonly [Name in keyof P]?: ParameterValues }): void {
    this.checkAlive("setParameters");
    const given = values as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(given)) {
      if (!this.description.parameters.some((parameter) => parameter.name === name)) {
        const names = this.description.parameters.map((parameter) => parameter.name).join(", ");
        throw new OptionError(`parameters.${name}`, `one of ${names}`, `\`${name}\``);
      }
    }
    const sizes = sizesOfParameters(this.description, this.givenSizes, given);
    const read = { ...readParameters(this.description, sizes, given), ...literalParameters(this.description, sizes) };
    const absent = this.description.parameters.find(({ name }) => read[name] === undefined);
    if (absent !== undefined) throw new OptionError(`parameters.${absent.name}`, "values", "nothing");
    this.fitted = this.makeFitted(sizes, read, {});
  }

  /**
   * Learns the parameters from data by EM. The run can be awaited for its result, or iterated over for its events.
   *
   * @throws (from the run) DataError, OptionError, NonFiniteError, CollapsedComponentError
   */
  fit(data: D, options: FitOptions<P> = {}): FitRun<P> {
    this.checkAlive("fit");
    const early = new AbortController();
    const resolved = resolveFitOptions(this.description, options);
    const signal = resolved.signal === undefined ? early.signal : eitherSignal(resolved.signal, early);
    const events = this.fitEvents(data, { ...resolved, signal });
    return new FitRun<P>(events, resolved.callbacks, () => early.abort());
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
    yield* this.learn(fitByEm(this, rows, options), rows.learned.sizes, rows.labels);
  }

  private async *learnByBatches(
    data: D,
    options: ReturnType<typeof resolveFitOptions>,
    batchSize: number,
  ): AsyncGenerator<FitEvent<P>, void, undefined> {
    const rows = await this.rowsToStep(data, options, Math.min(batchSize, this.blockRows));
    yield* this.learn(fitStepwise(this, rows, options), rows.leading.learned.sizes, rows.labels);
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

  private async *learn(
    events: AsyncIterable<FitEvent<Tensors>>,
    sizes: Sizes,
    labels: Readonly<Record<string, LabelDictionary>>,
  ): AsyncGenerator<FitEvent<P>, void, undefined> {
    for await (const event of events) {
      if (event.kind !== "end") {
        yield event;
        continue;
      }
      const { parameters, ...rest } = event.result;
      const fitted = this.makeFitted(sizes, parameters, labels);
      if (!this.disposed) this.fitted = fitted;
      const result: FitResult<P> = { ...rest, parameters: typed<P>(fitted.shown) };
      yield { kind: "end", result };
    }
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
    const scored = async (dataset: Dataset, { values }: Fitted): Promise<Score> => {
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
   * Draws `count` rows from the fitted model, of a model with a chain `count` sequences, one after the other: every
   * latent and observed variable, categories as codes. A row depends on the seed and its number only.
   */
  async sample(count: number, options: SampleOptions = {}): Promise<Readonly<Record<string, NamedTensor>>> {
    const fitted = this.known("sample");
    if (!Number.isSafeInteger(count) || count < 1 || count >= 2 ** 32) {
      throw new OptionError("count", "a positive integer below 2^32", String(count));
    }
    const { seed = 0 } = options;
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new OptionError("seed", "an integer from 0 to 2^53 - 1", String(seed));
    const isChain = this.description.sequences !== undefined;
    const { steps } = options;
    if (isChain && (steps === undefined ? options.given === undefined : !Number.isSafeInteger(steps) || steps < 1))
      throw new OptionError("steps", "a positive integer: how long each sequence is", String(steps));
    if (!isChain && steps !== undefined)
      throw new OptionError("steps", "nothing, because the model has no chain", String(steps));
    const given = await takeIn(this.description, options.given, {
      sizes: fitted.sizes,
      sizesOrigin: "in the fitted model",
      labels: fitted.labels,
      needs: "given",
      ...(isChain && steps === undefined ? {} : { rows: count * (steps ?? 1) }),
      ...(steps === undefined ? {} : { steps }),
    });
    const sequences = given.sequences === undefined ? count : given.sequences.starts.length - 1;
    if (sequences !== count)
      throw new OptionError("count", `${sequences}, as many sequences as are given`, String(count));
    return drawnRows(this, fitted.sizes, fitted.values, given, seed);
  }

  /**
   * What comes after the last row of each sequence, by drawing futures: mean and interval of every observed variable,
   * probabilities of every discrete latent.
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

  /** The model as a safetensors file; the same model gives the same bytes. */
  async save(): Promise<Uint8Array> {
    const { sizes, values, labels } = this.known("save");
    return encodeModel(this.description, { sizes, parameters: values, labels, columns: this.columns });
  }

  /** Reads a saved model of this class. Throws `ModelFileError` for a damaged file or another model. */
  static async load<T extends LoadableTrainer>(
    this: new (sizes: never) => T,
    bytes: Uint8Array | ArrayBuffer,
  ): Promise<T> {
    const trainer = new this({} as never);
    trainer.restore(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes));
    return trainer;
  }

  /** Takes over sizes, parameters and labels of a saved file. */
  restore(bytes: Uint8Array): void {
    this.checkAlive("restore");
    const saved = decodeModel(this.description, bytes);
    for (const [name, value] of Object.entries(this.givenSizes)) {
      if (saved.sizes[name] !== value)
        throw new OptionError(`sizes.${name}`, `${saved.sizes[name]}, as in the file`, String(value));
    }
    this.fitted = this.makeFitted(saved.sizes, saved.parameters, saved.labels);
    this.columns = saved.columns;
  }

  /** Lets go of the parameters, and ends the threads; a generated class that owns tensors releases them too. */
  dispose(): void {
    this.kernels.dispose();
    this.fitted = undefined;
    this.disposed = true;
  }

  private makeFitted(sizes: Sizes, values: Tensors, labels: Readonly<Record<string, LabelDictionary>>): Fitted {
    const shown = Object.fromEntries(
      this.description.parameters.map(({ name, axes, shape }) => [
        name,
        namedTensor(axes, boundShape(shape, sizes), values[name]),
      ]),
    );
    return { sizes, values, shown, labels };
  }

  /** Takes data in, answers a question of it, and lets go of what was laid out for it. */
  private async query<T>(
    data: D,
    method: string,
    answer: (dataset: Dataset, fitted: Fitted) => Promise<T>,
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

  private known(method: string): Fitted {
    this.checkAlive(method);
    if (this.fitted === undefined) throw new NotFittedError(this.description.name, method);
    return this.fitted;
  }

  private checkAlive(method: string): void {
    if (this.disposed) throw new DisposedError(this.description.name, method);
  }
}

interface LoadableTrainer {
  restore(bytes: Uint8Array): void;
}

/** The generated class's types say what is in a record that the run time fills by name. */
function typed<T extends object>(record: object): T {
  return record as T;
}

/** Aborts when either does; with the reason of the first. */
function eitherSignal(signal: AbortSignal, own: AbortController): AbortSignal {
  if (signal.aborted) own.abort(signal.reason);
  else signal.addEventListener("abort", () => own.abort(signal.reason), { once: true });
  return own.signal;
}
