import type { VariableDescription } from "../description.js";
import type { Dataset } from "../data/dataset.js";
import { DataError } from "../errors.js";
import { RandomStream } from "../../numerics/random.js";

/** Binary variables whose values are probabilities: read as reals, checked to lie in [0, 1]. */
export function readingGrey(variables: readonly VariableDescription[]): readonly VariableDescription[] {
  return variables.map((variable) =>
    variable.domain === "binary" && variable.role !== "latent" ? { ...variable, domain: "real" } : variable,
  );
}

/** Refuses grey values outside of [0, 1]; with "threshold" cuts them at 1/2 in place. */
export function settleGrey(
  dataset: Dataset,
  variables: readonly VariableDescription[],
  binarize: "resample" | "expected" | "threshold",
): void {
  for (const { name, domain, role } of variables) {
    const values = dataset.columns[name];
    if (domain !== "binary" || role === "latent" || values === undefined) continue;
    for (let i = 0; i < values.length; i++) {
      if (values[i] < 0 || values[i] > 1) {
        const row = Math.floor(i / dataset.widths[name]);
        throw new DataError(
          "support",
          `\`${name}\`, row ${row}: expected a grey value from 0 to 1, found ${values[i]}.`,
          {
            variable: name,
            row,
          },
        );
      }
      if (binarize === "threshold") values[i] = values[i] >= 1 / 2 ? 1 : 0;
    }
  }
}

/** Draws the bits of one row from its grey values; the same seed, row and epoch give the same bits. */
export function resampleRow(
  grey: Float64Array,
  from: number,
  width: number,
  into: Float64Array | Float32Array,
  to: number,
  key: number,
): void {
  for (let i = 0; i < width; i++) {
    const value = grey[from + i];
    // Certain pixels, most of them, need no draw; NaN stays.
    into[to + i] = value > 0 && value < 1 ? (uniformAt(key, i) < value ? 1 : 0) : value;
  }
}

/** The key of a row's bits in an epoch. */
export function rowKey(seed: number, row: number, epoch: number): number {
  return new RandomStream({ seed, site: "binarize", item: row, step: epoch }).word();
}

/** A uniform number at a place of a key's stream. @source the finaliser of MurmurHash3, Appleby 2011 */
function uniformAt(key: number, place: number): number {
  let hash = (key + Math.imul(place + 1, 0x9e3779b9)) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
