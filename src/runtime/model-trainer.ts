import type { Awaitable, Block, DrawSource, ModelDescription, Sizes, Tensors } from "./description.js";
import type { BatchSource } from "./data/collect-columns.js";
import { takeIn } from "./data/dataset.js";
import type { LabelDictionary } from "./data/labels.js";
import { DisposedError, NotFittedError, OptionError } from "./errors.js";
import { boundShape } from "./extents.js";
import type { FitEvent } from "./fit/fit-events.js";
import type { ParameterValues } from "./fit/fit-options.js";
import { literalParameters } from "./fit/initial-guess.js";
import type { ColumnMapping } from "./model-file.js";
import { decodeModel, encodeModel } from "./model-file.js";
import type { NamedTensor } from "./named-tensor.js";
import { namedTensor } from "./named-tensor.js";
import { parametersAsWritten, readParameters, sizesOfParameters } from "./parameter-values.js";
import { drawnRows } from "./queries.js";
import { checkSizes } from "./sizes.js";

export interface SampleOptions {
  /** [0] */
  readonly seed?: number;
  /** Of a model with a chain: steps of each sequence. Needed unless there are given variables to tell. */
  readonly steps?: number;
  /** Values of the given variables, one row per draw. */
  readonly given?: BatchSource;
}

/** Sizes and parameters that go together. */
export interface FittedModel {
  readonly sizes: Sizes;
  readonly values: Tensors;
  readonly shown: Readonly<Record<string, NamedTensor>>;
  readonly labels: Readonly<Record<string, LabelDictionary>>;
}

/**
 * What emitted trainers have in common, whatever they learn by: they hold sizes S and parameters P (`NamedTensor`s by
 * name), draw from the model, are saved and read again.
 */
export abstract class ModelTrainer<S extends object, P extends object> {
  protected readonly givenSizes: Sizes;
  private fitted: FittedModel | undefined;
  private disposed = false;
  /** Which columns of a table feed each variable; kept with a saved model. */
  columns: ColumnMapping = {};

  /** @throws OptionError for an unknown size, or one that is not a positive integer */
  protected constructor(
    readonly description: ModelDescription,
    sizes: Partial<S>,
  ) {
    this.givenSizes = checkSizes(description, sizes);
  }

  abstract drawRows(
    sizes: Sizes,
    parameters: Tensors,
    block: Block,
    streams: (site: string, row: number) => DrawSource,
    into: Tensors,
  ): Awaitable<void>;

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

  /** Sets parameters without a fit; sizes that are still open are bound by their shapes. All must be given that the program declares. */
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
    const read = {
      ...parametersAsWritten(this.description, sizes),
      ...readParameters(this.description, sizes, given),
      ...literalParameters(this.description, sizes),
    };
    const absent = this.description.parameters.find(({ name }) => read[name] === undefined);
    if (absent !== undefined) throw new OptionError(`parameters.${absent.name}`, "values", "nothing");
    this.fitted = this.makeFitted(sizes, read, {});
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

  /** Lets go of the parameters; a trainer that owns more releases that too. */
  dispose(): void {
    this.fitted = undefined;
    this.disposed = true;
  }

  /**
   * The events of a fit with the parameters as they are shown, taking over what it learned unless the trainer was
   * disposed of meanwhile.
   */
  protected async *taking<R extends { readonly parameters: Tensors }, State>(
    events: AsyncIterable<FitEvent<Tensors, R, State>>,
    sizes: Sizes,
    labels: Readonly<Record<string, LabelDictionary>>,
  ): AsyncGenerator<FitEvent<P, Omit<R, "parameters"> & { readonly parameters: P }, State>, void, undefined> {
    for await (const event of events) {
      if (event.kind !== "end") {
        yield event;
        continue;
      }
      const { parameters, ...rest } = event.result;
      const fitted = this.makeFitted(sizes, parameters, labels);
      if (!this.disposed) this.fitted = fitted;
      yield { kind: "end", result: { ...rest, parameters: typed<P>(fitted.shown) } };
    }
  }

  protected known(method: string): FittedModel {
    this.checkAlive(method);
    if (this.fitted === undefined) throw new NotFittedError(this.description.name, method);
    return this.fitted;
  }

  protected checkAlive(method: string): void {
    if (this.disposed) throw new DisposedError(this.description.name, method);
  }

  private makeFitted(sizes: Sizes, values: Tensors, labels: Readonly<Record<string, LabelDictionary>>): FittedModel {
    const shown = Object.fromEntries(
      this.description.parameters.map(({ name, axes, shape }) => [
        name,
        namedTensor(axes, boundShape(shape, sizes), values[name]),
      ]),
    );
    return { sizes, values, shown, labels };
  }
}

interface LoadableTrainer {
  restore(bytes: Uint8Array): void;
}

/** The generated class's types say what is in a record that the run time fills by name. */
export function typed<T extends object>(record: object): T {
  return record as T;
}
