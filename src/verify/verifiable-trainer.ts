import type { Tensors } from "./random-problem.js";

/** Row-major values with their shape; rows first where they are data. */
export interface Shaped {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Values by variable. */
export type Columns = Readonly<Record<string, Shaped>>;

/** What the checks need of a trainer: the emitted class, whatever its types. */
export interface VerifiableTrainer {
  readonly parameters: Readonly<Record<string, { readonly data: Float64Array }>>;
  setParameters(values: Readonly<Tensors>): void;
  fit(data: Columns, options: Readonly<Record<string, unknown>>): PromiseLike<FittedSummary>;
  score(data: Columns): Promise<{ readonly logLikelihood: number; readonly meanLogLikelihood: number }>;
  logDensity(data: Columns): Promise<Float64Array>;
  /** Gaussian latents have their means under their own names. */
  predict(data: Columns): Promise<{ readonly probability: Columns; readonly covariance?: Columns }>;
  /** `count` rows, or, of a model with a chain, sequences. */
  sample(count: number, options: Readonly<Record<string, unknown>>): Promise<Columns>;
  save(): Promise<Uint8Array>;
  restore(bytes: Uint8Array): void;
  dispose(): void;
}

export interface FittedSummary {
  readonly trace: readonly number[];
  readonly iterations: number;
  readonly meanLogLikelihood: number;
  /** At the fitted parameters: log-likelihood, log prior and ridge penalty. */
  readonly objective: number;
}

/** A new trainer of the model, at these sizes. */
export type MakeTrainer = (sizes: Readonly<Record<string, number>>) => VerifiableTrainer;

/** What the checks of a model learned by a bound need of its trainer. */
export interface EncodingTrainer {
  setParameters(values: Readonly<Tensors>): void;
  encode(data: Columns): Promise<Readonly<Record<string, { readonly data: Float64Array }>>>;
  save(): Promise<Uint8Array>;
  restore(bytes: Uint8Array): void;
  dispose(): void;
}

export type MakeEncodingTrainer = (sizes: Readonly<Record<string, number>>) => EncodingTrainer;
