import type { ModelDescription, Sizes, Tensors } from "../description.js";
import { OptionError } from "../errors.js";
import type { LearnerState } from "./learner.js";

/**
 * Everything that a fit by gradient steps needs to go on as if it had not been interrupted: draws, shuffles and
 * resampled bits are functions of the seed and the step. Plain JSON; vectors are base64 of their bytes.
 */
export interface StepState {
  readonly format: "genc.step-state/1";
  readonly model: string;
  readonly sourceHash: string;
  readonly engine: string;
  readonly seed: number;
  readonly rows: number;
  readonly totalWeight: number;
  readonly sizes: Sizes;
  readonly batchSize: number;
  /** Steps taken. */
  readonly step: number;
  /** Epochs finished. */
  readonly epoch: number;
  /** Sums over the steps of the epoch under way. */
  readonly epochTotals: readonly number[];
  readonly trace: readonly number[];
  readonly coordinates: string;
  readonly first: string;
  readonly second: string;
  /** Parameters that steps carry on without learning them. */
  readonly carried?: StoredTensors;
  /** Steps of its first part, in which codes are learned as one group. */
  readonly pretrainSteps?: number;
  /** The best epoch by held-out bound, and its coordinates. */
  readonly best?: {
    readonly epoch: number;
    readonly bound: number;
    readonly coordinates: string;
    readonly carried?: StoredTensors;
  };
}

/** Float64 values by name, in base64. */
export type StoredTensors = Readonly<Record<string, string>>;

export function storeTensors(tensors: Tensors, names: readonly string[] = Object.keys(tensors)): StoredTensors {
  return Object.fromEntries(
    names.map((name) => {
      const { buffer, byteOffset, byteLength } = tensors[name];
      return [name, base64Of(new Uint8Array(buffer, byteOffset, byteLength))];
    }),
  );
}

export function restoreTensors(stored: StoredTensors): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(stored).map(([name, text]) => [name, new Float64Array(bytesOfBase64(text).buffer as ArrayBuffer)]),
  );
}

const alphabet = new TextEncoder().encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const padding = "=".charCodeAt(0);

/** Base64 of bytes: of a fit's whole state after every epoch, where `btoa` would take longer than the epoch. */
export function base64Of(bytes: Uint8Array): string {
  const digits = new Uint8Array(4 * Math.ceil(bytes.length / 3));
  for (let from = 0, to = 0; from < bytes.length; from += 3, to += 4) {
    const [second, third] = [bytes[from + 1] ?? 0, bytes[from + 2] ?? 0];
    const word = (bytes[from] << 16) | (second << 8) | third;
    digits[to] = alphabet[word >> 18];
    digits[to + 1] = alphabet[(word >> 12) & 63];
    digits[to + 2] = from + 1 < bytes.length ? alphabet[(word >> 6) & 63] : padding;
    digits[to + 3] = from + 2 < bytes.length ? alphabet[word & 63] : padding;
  }
  return new TextDecoder().decode(digits);
}

export function bytesOfBase64(text: string): Uint8Array {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < characters.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

export function storeLearner(state: LearnerState): Pick<StepState, "coordinates" | "first" | "second"> {
  return {
    coordinates: base64Of(state.coordinates),
    first: base64Of(state.first),
    second: base64Of(state.second),
  };
}

export function restoreLearner(state: Pick<StepState, "coordinates" | "first" | "second">): LearnerState {
  return {
    coordinates: bytesOfBase64(state.coordinates),
    first: bytesOfBase64(state.first),
    second: bytesOfBase64(state.second),
  };
}

/** Refuses a state of another model, other data, another seed, batch or engine. */
export function checkStepState(
  state: StepState,
  description: ModelDescription,
  here: Pick<StepState, "engine" | "seed" | "rows" | "totalWeight" | "batchSize"> & { readonly sizes: Sizes },
): void {
  const compare = (what: string, stored: unknown, wanted: unknown): void => {
    if (stored !== wanted) throw new OptionError(`resume.${what}`, String(wanted), String(stored));
  };
  compare("format", state.format, "genc.step-state/1");
  compare("model", state.model, description.name);
  compare("sourceHash", state.sourceHash, description.sourceHash);
  for (const name of ["engine", "seed", "rows", "totalWeight", "batchSize"] as const)
    compare(name, state[name], here[name]);
  for (const [name, value] of Object.entries(here.sizes)) compare(`sizes.${name}`, state.sizes[name], value);
}
