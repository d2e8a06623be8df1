import type { ModelDescription, Tensors } from "../description.js";
import { boundShape, product } from "../extents.js";
import type { Dataset } from "./dataset.js";

/** Weighted moments of each event entry of an observed variable, pooled over its plates; missing entries left out. */
export interface EntryMoments {
  readonly mean: Float64Array;
  /**
   * 1 where constant or absent: the scale of the ridge must not vanish. Where a few far values make up nearly all of it,
   * that of the bulk.
   */
  readonly variance: Float64Array;
  /** Entries that never vary. */
  readonly constant: readonly number[];
  /** Entries that are missing in every row. */
  readonly absent: readonly number[];
}

/** Two passes, so that an offset does not cost digits. */
export function entryMoments(values: Float64Array, event: number, width: number, weights?: Float64Array): EntryMoments {
  const count = new Float64Array(event);
  const mean = new Float64Array(event);
  const variance = new Float64Array(event);
  const each = (use: (entry: number, value: number, weight: number) => void): void => {
    for (let i = 0; i < values.length; i++) {
      const weight = weights === undefined ? 1 : weights[Math.floor(i / width)];
      if (!Number.isNaN(values[i]) && weight > 0) use(i % event, values[i], weight);
    }
  };
  // Running mean: a plain sum of values near the largest number would overflow.
  each((entry, value, weight) => {
    count[entry] += weight;
    mean[entry] += (value - mean[entry]) * (weight / count[entry]);
  });
  each((entry, value, weight) => (variance[entry] += weight * (value - mean[entry]) ** 2));
  const constant: number[] = [];
  const absent: number[] = [];
  for (let entry = 0; entry < event; entry++) {
    variance[entry] = count[entry] > 0 ? variance[entry] / count[entry] : 0;
    // Rounding of the mean leaves a trace of variance in a constant column.
    const least = (1e-14 * mean[entry]) ** 2;
    if (!(variance[entry] > least) || variance[entry] === Infinity) {
      if (count[entry] === 0) absent.push(entry);
      if (count[entry] > 0 && variance[entry] !== Infinity) constant.push(entry);
      variance[entry] = 1;
      continue;
    }
    const bulk = MOST_OVER_BULK * bulkVariance(values, entry, event, width, weights);
    if (bulk > 0 && bulk < variance[entry]) variance[entry] = bulk;
  }
  return { mean, variance, constant, absent };
}

/** Heavy tails have a variance that says nothing of the bulk; no Gaussian mixture in use comes near this factor. */
const MOST_OVER_BULK = 100;
/** Interquartile range of the standard normal. */
const NORMAL_INTERQUARTILE_RANGE = 1.3489795003921634;

/** The variance of a normal distribution with the quartiles of an entry; 0 where half of its values are equal. */
function bulkVariance(
  values: Float64Array,
  entry: number,
  event: number,
  width: number,
  weights: Float64Array | undefined,
): number {
  const present: number[] = [];
  for (let i = entry; i < values.length; i += event) {
    if (!Number.isNaN(values[i]) && (weights === undefined || weights[Math.floor(i / width)] > 0)) present.push(i);
  }
  const sorted = Uint32Array.from(present).sort((a, b) => values[a] - values[b]);
  const weightOf = (i: number): number => (weights === undefined ? 1 : weights[Math.floor(i / width)]);
  const total = sorted.reduce((sum, i) => sum + weightOf(i), 0);
  const quantile = (share: number): number => {
    let reached = 0;
    for (const i of sorted) {
      reached += weightOf(i);
      if (reached >= share * total) return values[i];
    }
    return NaN;
  };
  const [lower, upper] = [quantile(0.25), quantile(0.75)];
  // The distance of neighbouring numbers is no spread.
  const rounding = 1e-14 * Math.max(Math.abs(lower), Math.abs(upper));
  return upper - lower > rounding ? ((upper - lower) / NORMAL_INTERQUARTILE_RANGE) ** 2 : 0;
}

/** Moments of every observed variable. */
export function observedMoments(description: ModelDescription, dataset: Dataset): Record<string, EntryMoments> {
  const moments: Record<string, EntryMoments> = {};
  for (const variable of description.variables) {
    if (variable.role !== "observed") continue;
    const event = product(boundShape(variable.event, dataset.sizes));
    const { [variable.name]: values } = dataset.columns;
    moments[variable.name] = entryMoments(values, event, dataset.widths[variable.name], dataset.weights);
  }
  return moments;
}

export function variancesOf(moments: Readonly<Record<string, EntryMoments>>): Tensors {
  return Object.fromEntries(Object.entries(moments).map(([name, { variance }]) => [name, variance]));
}
