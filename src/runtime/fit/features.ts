import type { ModelDescription, Tensors, VariableDescription } from "../description.js";
import type { RowLayout } from "../data/row-source.js";
import type { EntryMoments } from "../data/variance.js";
import { boundShape, extentValue, product } from "../extents.js";

/**
 * The values that an item is described by: one item per cell of a latent variable. Item i of row n is the i-th cell of
 * the latent's inner plates.
 */
export interface ItemLayout {
  readonly itemsPerRow: number;
  /** Values of one item. */
  readonly itemWidth: number;
  /** Features of one item. */
  readonly width: number;
  readonly sources: readonly ItemSource[];
}

/** What one variable contributes. */
export interface ItemSource {
  readonly variable: string;
  readonly rowWidth: number;
  /** Values for one item; items follow each other, or all share the same ones. */
  readonly itemWidth: number;
  readonly shared: boolean;
  /** Place among the values of an item, and among its features. */
  readonly start: number;
  readonly offset: number;
  readonly encoding: Encoding;
}

/**
 * What a start clusters on: standardised real features. Counts enter by their square root and positive numbers by their
 * logarithm, which evens out their variance; angles as sine and cosine, categories as indicators; a missing entry as the
 * mean.
 */
export interface FeatureMap extends ItemLayout {
  /** Writes the features of one item of a block. */
  write(data: Tensors, row: number, item: number, into: Float64Array): void;
  /** Writes the features of an item whose values lie side by side. */
  writeItem(values: Float64Array, at: number, into: Float64Array): void;
}

type Encoding =
  | { readonly kind: "number"; readonly transform: ((value: number) => number) | undefined }
  | { readonly kind: "angle" }
  | { readonly kind: "indicators"; readonly categories: number };

/** Beyond this many indicators a category says little about distance and costs much memory. */
const MOST_INDICATORS = 256;

/** The observed and given variables within a latent's plates; where there are none, those around them. */
export function itemLayout(
  description: ModelDescription,
  latent: Pick<VariableDescription, "plates" | "plateNames">,
  { sizes, widths }: RowLayout,
): ItemLayout {
  const itemsPerRow = product(boundShape(latent.plates, sizes));
  const data = description.variables.filter(
    ({ role, name }) => (role === "observed" || role === "given") && widths[name] !== undefined,
  );
  const within = data.filter((variable) => startsWith(variable.plateNames, latent.plateNames));
  const shared = within.length === 0;
  const chosen = shared ? data.filter((variable) => startsWith(latent.plateNames, variable.plateNames)) : within;
  const sources: ItemSource[] = [];
  let width = 0;
  let start = 0;
  for (const variable of chosen) {
    const rowWidth = widths[variable.name];
    const itemWidth = shared ? rowWidth : rowWidth / itemsPerRow;
    const categories = variable.categories === undefined ? 0 : (extentValue(variable.categories, sizes) ?? 0);
    const encoding = encodingOf(variable.domain, categories);
    if (encoding === undefined || itemWidth === 0) continue;
    sources.push({ variable: variable.name, rowWidth, itemWidth, shared, start, offset: width, encoding });
    start += itemWidth;
    width += itemWidth * featuresPerEntry(encoding);
  }
  return { itemsPerRow, itemWidth: start, width, sources };
}

/** @param momentsOf the moments of a source's transformed values, for those that are numbers */
export function featureMap(layout: ItemLayout, momentsOf: (source: ItemSource) => EntryMoments): FeatureMap {
  const { sources } = layout;
  const scales = sources.map((source): Scale => {
    if (source.encoding.kind !== "number") return { mean: new Float64Array(0), factor: new Float64Array(0) };
    const { mean, variance, constant } = momentsOf(source);
    return { mean, factor: variance.map((value, i) => (constant.includes(i) ? 0 : 1 / Math.sqrt(value))) };
  });
  return {
    ...layout,
    write(data, row, item, into) {
      for (let i = 0; i < sources.length; i++) {
        writeSource(sources[i], scales[i], data[sources[i].variable], firstOf(sources[i], row, item), into);
      }
    },
    writeItem(values, at, into) {
      for (let i = 0; i < sources.length; i++) {
        writeSource(sources[i], scales[i], values, at + sources[i].start, into);
      }
    },
  };
}

/** Copies the values of an item side by side. */
export function copyItem(
  { sources }: ItemLayout,
  data: Tensors,
  row: number,
  item: number,
  into: Float64Array,
  at: number,
): void {
  for (const source of sources) {
    const values = data[source.variable];
    const first = firstOf(source, row, item);
    for (let entry = 0; entry < source.itemWidth; entry++) into[at + source.start + entry] = values[first + entry];
  }
}

interface Scale {
  readonly mean: Float64Array;
  readonly factor: Float64Array;
}

function firstOf({ rowWidth, itemWidth, shared }: ItemSource, row: number, item: number): number {
  return row * rowWidth + (shared ? 0 : item * itemWidth);
}

function startsWith(names: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((name, i) => names[i] === name);
}

function encodingOf(domain: VariableDescription["domain"], categories: number): Encoding | undefined {
  switch (domain) {
    case "real":
    case "simplex":
    case "ordered":
    case "binary":
      return { kind: "number", transform: undefined };
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

function writeSource(
  { encoding, itemWidth, offset }: ItemSource,
  { mean, factor }: Scale,
  values: Float64Array,
  first: number,
  into: Float64Array,
): void {
  if (encoding.kind === "number") {
    const { transform } = encoding;
    for (let entry = 0; entry < itemWidth; entry++) {
      const value = values[first + entry];
      const standardised = ((transform === undefined ? value : transform(value)) - mean[entry]) * factor[entry];
      into[offset + entry] = Number.isFinite(standardised) ? standardised : 0;
    }
    return;
  }
  const each = featuresPerEntry(encoding);
  for (let entry = 0; entry < itemWidth; entry++) {
    const value = values[first + entry];
    const at = offset + entry * each;
    if (encoding.kind === "angle") {
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

/** A number that depends on the item's values only, below 2^53: equal items are alike in any order of the rows. */
export function fingerprint({ sources }: ItemLayout, data: Tensors, row: number, item: number): number {
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  for (const source of sources) {
    const values = data[source.variable];
    const first = firstOf(source, row, item);
    for (let entry = 0; entry < source.itemWidth; entry++) {
      bits[0] = values[first + entry] + 0; // -0 is 0
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
