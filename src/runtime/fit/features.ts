import type { ModelDescription, VariableDescription } from "../description.js";
import type { Dataset } from "../data/dataset.js";
import { entryMoments } from "../data/variance.js";
import { boundShape, extentValue, product } from "../extents.js";

/**
 * What a start clusters on: one item per cell of a latent variable, described by standardised real features.
 *
 * Item i of row n is the i-th cell of the latent's inner plates. Counts enter by their square root and positive numbers
 * by their logarithm, which evens out their variance; angles as sine and cosine, categories as indicators; a missing
 * entry as the mean.
 */
export interface FeatureMap {
  readonly itemsPerRow: number;
  readonly width: number;
  /** Writes the features of one item. */
  write(row: number, item: number, into: Float64Array): void;
  /** A number that depends on the item's values only, below 2^53: equal items are alike in any order of the rows. */
  fingerprint(row: number, item: number): number;
}

interface Source {
  readonly values: Float64Array;
  readonly rowWidth: number;
  /** Entries of one item; items follow each other, or all share the same ones. */
  readonly itemWidth: number;
  readonly shared: boolean;
  readonly encoding: Encoding;
  readonly offset: number;
  readonly mean: Float64Array;
  readonly scale: Float64Array;
}

type Encoding =
  | { readonly kind: "number"; readonly transform: (value: number) => number }
  | { readonly kind: "angle" }
  | { readonly kind: "indicators"; readonly categories: number };

/** Beyond this many indicators a category says little about distance and costs much memory. */
const MOST_INDICATORS = 256;

export function featureMap(description: ModelDescription, latent: VariableDescription, dataset: Dataset): FeatureMap {
  const { sizes } = dataset;
  const itemsPerRow = product(boundShape(latent.plates, sizes));
  const data = description.variables.filter(
    ({ role, name }) => (role === "observed" || role === "given") && dataset.columns[name] !== undefined,
  );
  const within = data.filter((variable) => startsWith(variable.plateNames, latent.plateNames));
  const chosen =
    within.length > 0 ? within : data.filter((variable) => startsWith(latent.plateNames, variable.plateNames));
  const sources: Source[] = [];
  let width = 0;
  for (const variable of chosen) {
    const source = sourceOf(variable, dataset, itemsPerRow, within.length === 0, width);
    if (source === undefined) continue;
    sources.push(source);
    width += source.itemWidth * featuresPerEntry(source.encoding);
  }
  return {
    itemsPerRow,
    width,
    write(row, item, into) {
      for (const source of sources) writeSource(source, row, item, into);
    },
    fingerprint: (row, item) => fingerprint(sources, row, item),
  };
}

function startsWith(names: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((name, i) => names[i] === name);
}

function sourceOf(
  variable: VariableDescription,
  dataset: Dataset,
  itemsPerRow: number,
  shared: boolean,
  offset: number,
): Source | undefined {
  const values = dataset.columns[variable.name];
  const rowWidth = dataset.widths[variable.name];
  const itemWidth = shared ? rowWidth : rowWidth / itemsPerRow;
  const categories = variable.categories === undefined ? 0 : (extentValue(variable.categories, dataset.sizes) ?? 0);
  const encoding = encodingOf(variable.domain, categories);
  if (encoding === undefined || itemWidth === 0) return undefined;
  const common = { values, rowWidth, itemWidth, shared, encoding, offset };
  if (encoding.kind !== "number") return { ...common, mean: new Float64Array(0), scale: new Float64Array(0) };
  const transformed = values.map(encoding.transform);
  const { mean, variance, constant } = entryMoments(transformed, itemWidth, rowWidth, dataset.weights);
  const scale = variance.map((value, i) => (constant.includes(i) ? 0 : 1 / Math.sqrt(value)));
  return { ...common, mean, scale };
}

function encodingOf(domain: VariableDescription["domain"], categories: number): Encoding | undefined {
  switch (domain) {
    case "real":
    case "simplex":
    case "ordered":
    case "binary":
      return { kind: "number", transform: (value) => value };
    case "count":
      return { kind: "number", transform: Math.sqrt };
    case "positive":
      return { kind: "number", transform: Math.log };
    case "unit":
      return { kind: "number", transform: (value) => Math.log(value) - Math.log1p(-value) };
    case "angle":
      return { kind: "angle" };
    case "category":
      return categories <= MOST_INDICATORS ? { kind: "indicators", categories } : undefined;
  }
}

function featuresPerEntry(encoding: Encoding): number {
  switch (encoding.kind) {
    case "number":
      return 1;
    case "angle":
      return 2;
    case "indicators":
      return encoding.categories;
  }
}

function writeSource(source: Source, row: number, item: number, into: Float64Array): void {
  const { values, encoding, itemWidth } = source;
  const first = row * source.rowWidth + (source.shared ? 0 : item * itemWidth);
  const each = featuresPerEntry(encoding);
  for (let entry = 0; entry < itemWidth; entry++) {
    const value = values[first + entry];
    const at = source.offset + entry * each;
    if (encoding.kind === "number") {
      const standardised = (encoding.transform(value) - source.mean[entry]) * source.scale[entry];
      into[at] = Number.isFinite(standardised) ? standardised : 0;
    } else if (encoding.kind === "angle") {
      into[at] = Number.isNaN(value) ? 0 : Math.cos(value);
      into[at + 1] = Number.isNaN(value) ? 0 : Math.sin(value);
    } else {
      for (let k = 0; k < encoding.categories; k++) into[at + k] = Number.isNaN(value) ? 1 / encoding.categories : 0;
      if (!Number.isNaN(value)) into[at + value] = 1;
    }
  }
}

const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);

function fingerprint(sources: readonly Source[], row: number, item: number): number {
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  for (const source of sources) {
    const first = row * source.rowWidth + (source.shared ? 0 : item * source.itemWidth);
    for (let entry = 0; entry < source.itemWidth; entry++) {
      bits[0] = source.values[first + entry] + 0; // -0 is 0
      high = mix(high ^ words[0], 0x85ebca6b) ^ low;
      low = mix(low ^ words[1], 0xc2b2ae35) + Math.imul(high, 0x27d4eb2f);
    }
  }
  return (mix(high ^ (low >>> 7), 0x27d4eb2f) & 0x1fffff) * 2 ** 32 + (mix(low ^ high, 0x165667b1) >>> 0);
}

/** The finaliser of MurmurHash3, with a free multiplier. */
function mix(value: number, multiplier: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, multiplier);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
