import type { Awaitable, Block, DrawSource, ModelDescription, Sizes, Tensors } from "./description.js";
import type { BatchSource } from "./data/collect-columns.js";
import type { Dataset } from "./data/dataset.js";
import { takeIn } from "./data/dataset.js";
import type { LabelDictionary } from "./data/labels.js";
import { readingGrey, settleGrey } from "./elbo/grey-values.js";
import { DisposedError, NotFittedError, OptionError } from "./errors.js";
import { boundShape, product } from "./extents.js";
import type { ParameterValues } from "./fit/fit-options.js";
import type { ColumnMapping } from "./model-file.js";
import { decodeModel, encodeModel } from "./model-file.js";
import type { NamedTensor } from "./named-tensor.js";
import { namedTensor } from "./named-tensor.js";
import { ModelNetworks } from "./networks/model-networks.js";
import type { NetworkModule } from "./networks/network-description.js";
import { readParameters, sizesOfParameters } from "./parameter-values.js";
import { drawnRows } from "./queries.js";
import { checkSizes } from "./sizes.js";

/** Sizes and parameters that go together. */
export interface FittedModel {
  readonly sizes: Sizes;
  readonly values: Tensors;
  readonly shown: Readonly<Record<string, NamedTensor>>;
  readonly labels: Readonly<Record<string, LabelDictionary>>;
}

export type Binarize = "resample" | "expected" | "threshold";

/**
 * What trainers that learn by minibatch steps have in common, whatever their objective: sizes S, parameters P by name.
 */
export abstract class StepTrainer<S extends object, P extends object> {
  protected readonly givenSizes: Sizes;
  private fitted: FittedModel | undefined;
  private disposed = false;
  readonly networks: ModelNetworks;
  /** Which columns of a table feed each variable; kept with a saved model. */
  columns: ColumnMapping = {};

  /** @throws OptionError for an unknown size, or one that is not a positive integer */
  protected constructor(
    readonly description: ModelDescription,
    sizes: Partial<S>,
    networks?: NetworkModule,
  ) {
    this.networks = new ModelNetworks(networks, description.parameters);
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

  /** The learned parameters, weights of networks among them. Throws `NotFittedError` before there are any. */
  get parameters(): P {
    return typed<P>(this.known("parameters").shown);
  }

  get labels(): Readonly<Record<string, LabelDictionary>> {
    return this.fitted?.labels ?? {};
  }

  /** Sets parameters without a fit; sizes that are still open are bound by their shapes. All must be given. */
  setParameters(values: { readonly [Name in keyof P]?: ParameterValues }): void {
    this.checkAlive("setParameters");
    const given = values as Readonly<Record<string, unknown>>;
    const names = this.description.parameters.map(({ name }) => name);
    const unknown = Object.keys(given).find((name) => !names.includes(name));
    if (unknown !== undefined) throw new OptionError(`parameters.${unknown}`, `one of ${names.join(", ")}`, unknown);
    const sizes = sizesOfParameters(this.description, this.givenSizes, given);
    const read = readParameters(this.description, sizes, given);
    for (const { name, fixed, shape } of this.description.parameters) {
      if (fixed !== undefined) {
        const length = product(boundShape(shape, sizes));
        read[name] = Float64Array.from({ length }, (_, i) => fixed[fixed.length === 1 ? 0 : i]);
      }
      if (read[name] === undefined) throw new OptionError(`parameters.${name}`, "values", "nothing");
    }
    this.fitted = this.makeFitted(sizes, read, {});
  }

  /** Draws `count` rows from the model: every latent and observed variable, categories as codes. */
  async sample(
    count: number,
    options: { readonly seed?: number; readonly given?: BatchSource } = {},
  ): Promise<Readonly<Record<string, NamedTensor>>> {
    const fitted = this.known("sample");
    if (!Number.isSafeInteger(count) || count < 1 || count >= 2 ** 32)
      throw new OptionError("count", "a positive integer below 2^32", String(count));
    const { seed = 0 } = options;
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new OptionError("seed", "an integer from 0 to 2^53 - 1", String(seed));
    const given = await takeIn(this.description, options.given, {
      sizes: fitted.sizes,
      sizesOrigin: "in the fitted model",
      labels: fitted.labels,
      needs: "given",
      rows: count,
    });
    return drawnRows(this, fitted.sizes, fitted.values, given, seed);
  }

  /** The model as a safetensors file; the same model gives the same bytes. */
  async save(): Promise<Uint8Array> {
    const { sizes, values, labels } = this.known("save");
    return encodeModel(this.description, { sizes, parameters: values, labels, columns: this.columns });
  }

  /** Reads a saved model of this class. Throws `ModelFileError` for a damaged file or another model. */
  static async load<T extends { restore(bytes: Uint8Array): void }>(
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
    for (const [name, value] of Object.entries(this.givenSizes))
      if (saved.sizes[name] !== value)
        throw new OptionError(`sizes.${name}`, `${saved.sizes[name]}, as in the file`, String(value));
    this.fitted = this.makeFitted(saved.sizes, saved.parameters, saved.labels);
    this.columns = saved.columns;
  }

  dispose(): void {
    this.fitted = undefined;
    this.disposed = true;
  }

  protected makeFitted(sizes: Sizes, values: Tensors, labels: Readonly<Record<string, LabelDictionary>>): FittedModel {
    const shown = Object.fromEntries(
      this.description.parameters.map(({ name, axes, shape }) => [
        name,
        namedTensor(axes, boundShape(shape, sizes), values[name]),
      ]),
    );
    return { sizes, values, shown, labels };
  }

  /** Takes over what a fit has learned, unless the trainer was disposed of meanwhile. */
  protected take(fitted: FittedModel): void {
    if (!this.disposed) this.fitted = fitted;
  }

  protected async takeIn(
    data: unknown,
    sizes: Sizes,
    sizesOrigin: string,
    labels: Readonly<Record<string, LabelDictionary>>,
    { weights, binarize }: { readonly binarize?: Binarize | undefined; readonly weights?: unknown },
  ): Promise<Dataset> {
    const { variables } = this.description;
    const description =
      binarize === undefined ? this.description : { ...this.description, variables: readingGrey(variables) };
    const dataset = await takeIn(description, data, { sizes, sizesOrigin, labels, needs: "all", weights });
    if (binarize !== undefined) settleGrey(dataset, variables, binarize);
    return dataset;
  }

  protected known(method: string): FittedModel {
    this.checkAlive(method);
    if (this.fitted === undefined) throw new NotFittedError(this.description.name, method);
    return this.fitted;
  }

  protected checkAlive(method: string): void {
    if (this.disposed) throw new DisposedError(this.description.name, method);
  }
}

/** The generated class's types say what is in a record that the run time fills by name. */
export function typed<T extends object>(record: object): T {
  return record as T;
}
