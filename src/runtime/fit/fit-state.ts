import type { ModelDescription, Sizes, Tensors } from "../description.js";
import { OptionError } from "../errors.js";
import type { FitWarning } from "../warnings.js";
import type { Gain } from "./convergence.js";
import type { SquaremState } from "./squarem.js";
import type { StartMethod } from "./start-tables.js";

/**
 * Everything that a fit needs to go on exactly as if it had not been interrupted. Plain JSON: float64 numbers survive
 * `JSON.stringify` and `JSON.parse` unchanged.
 */
export interface FitState {
  readonly format: "genc.fit-state/1";
  readonly model: string;
  readonly sourceHash: string;
  readonly seed: number;
  readonly rows: number;
  readonly totalWeight: number;
  readonly sizes: Sizes;
  /** Runs in the order of their restarts. Short runs come first; then the best of them go on. */
  readonly runs: readonly StoredRun[];
  /** Parameters of the best run so far, for whoever wants a model now. */
  readonly best: StoredTensors;
}

export type StoredTensors = Readonly<Record<string, readonly number[]>>;

export interface StoredRun {
  readonly restart: number;
  readonly start: StartMethod | "parameters";
  readonly status: "running" | "converged" | "maxIterations" | "failed";
  readonly failure?: string;
  readonly iteration: number;
  /** Where the next iteration begins. */
  readonly parameters: StoredTensors;
  readonly objective: number;
  /** The best objective when the short runs were compared. */
  readonly shortObjective?: number;
  readonly trace: readonly number[];
  readonly gains: readonly Gain[];
  readonly squarem: SquaremState;
  readonly plainSince: number;
  readonly reseeds: number;
  readonly reseededRows: readonly number[];
  readonly fallback?: StoredFallback;
  readonly warnings: readonly FitWarning[];
}

/** The best point before a component was started again, in case that does not pay. */
export interface StoredFallback {
  readonly parameters: StoredTensors;
  readonly objective: number;
  readonly trace: readonly number[];
}

export function storeTensors(tensors: Tensors): StoredTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, values]) => [name, [...values]]));
}

export function restoreTensors(stored: StoredTensors): Tensors {
  return Object.fromEntries(Object.entries(stored).map(([name, values]) => [name, Float64Array.from(values)]));
}

/** Refuses a state of another model, other data or another seed. */
export function checkState(
  state: FitState,
  description: ModelDescription,
  seed: number,
  data: { readonly rows: number; readonly totalWeight: number; readonly sizes: Sizes },
): void {
  const compare = (what: string, stored: unknown, here: unknown): void => {
    if (stored !== here) throw new OptionError(`resume.${what}`, String(here), String(stored));
  };
  compare("format", state.format, "genc.fit-state/1");
  compare("model", state.model, description.name);
  compare("sourceHash", state.sourceHash, description.sourceHash);
  compare("seed", state.seed, seed);
  compare("rows", state.rows, data.rows);
  compare("totalWeight", state.totalWeight, data.totalWeight);
  for (const [name, value] of Object.entries(data.sizes)) compare(`sizes.${name}`, state.sizes[name], value);
}
