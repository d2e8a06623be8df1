import type { ModelDescription, Tensors } from "../description.js";
import { boundShape, product } from "../extents.js";
import type { Dataset } from "./dataset.js";

/** Weighted moments of each event entry of an observed variable, pooled over its plates; missing entries left out. */
export interface EntryMoments {
  readonly mean: Float64Array;
  /** 1 where constant or absent: the scale of the ridge must not vanish. */
  readonly variance: Float64Array;
  /** Entries that never vary. */
  readonly constant: readonly number[];
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
  for (let entry = 0; entry < event; entry++) {
    variance[entry] = count[entry] > 0 ? variance[entry] / count[entry] : 0;
    // Rounding of the mean leaves a trace of variance in a constant column.
    const least = (1e-14 * mean[entry]) ** 2;
    if (!(variance[entry] > least) || variance[entry] === Infinity) {
      if (count[entry] > 0 && variance[entry] !== Infinity) constant.push(entry);
      variance[entry] = 1;
    }
  }
  return { mean, variance, constant };
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
