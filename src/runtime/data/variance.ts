import type { Tensors } from "../description.js";

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

/** Values of one variable in some rows, with the weights of the rows. */
export interface WeightedValues {
  /** Row-major, `width` values in each row; missing ones are NaN. */
  readonly values: Float64Array;
  readonly weights: Float64Array | undefined;
}

/** Moments of values in memory. */
export function entryMoments(values: Float64Array, event: number, width: number, weights?: Float64Array): EntryMoments {
  const sums = new MomentSums(event, width);
  sums.add(values, weights);
  return sums.finish({ values, weights });
}

/**
 * Collects moments block by block: two passes over a block, so that an offset does not cost digits, and the blocks merged.
 *
 * @source Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance", eq. 2.1
 */
export class MomentSums {
  private readonly count: Float64Array;
  private readonly mean: Float64Array;
  private readonly squares: Float64Array;

  /**
   * @param event entries that are told apart; entries of a row that are `event` apart are pooled
   * @param width values of one row
   */
  constructor(
    private readonly event: number,
    private readonly width: number,
    private readonly transform?: (value: number) => number,
  ) {
    this.count = new Float64Array(event);
    this.mean = new Float64Array(event);
    this.squares = new Float64Array(event);
  }

  add(given: Float64Array, weights: Float64Array | undefined): void {
    const { event, width } = this;
    const values = this.transform === undefined ? given : given.map(this.transform);
    const count = new Float64Array(event);
    const mean = new Float64Array(event);
    const squares = new Float64Array(event);
    const rows = width === 0 ? 0 : values.length / width;
    // Running mean: a plain sum of values near the largest number would overflow.
    for (let row = 0, i = 0; row < rows; row++) {
      const weight = weights === undefined ? 1 : weights[row];
      for (let j = 0, entry = 0; j < width; j++, i++) {
        const value = values[i];
        if (value === value && weight > 0) {
          count[entry] += weight;
          mean[entry] += (value - mean[entry]) * (weight / count[entry]);
        }
        if (++entry === event) entry = 0;
      }
    }
    for (let row = 0, i = 0; row < rows; row++) {
      const weight = weights === undefined ? 1 : weights[row];
      for (let j = 0, entry = 0; j < width; j++, i++) {
        const value = values[i];
        if (value === value && weight > 0) squares[entry] += weight * (value - mean[entry]) ** 2;
        if (++entry === event) entry = 0;
      }
    }
    for (let entry = 0; entry < event; entry++) this.merge(entry, count[entry], mean[entry], squares[entry]);
  }

  private merge(entry: number, count: number, mean: number, squares: number): void {
    if (count === 0) return;
    const before = this.count[entry];
    const total = before + count;
    const difference = mean - this.mean[entry];
    this.count[entry] = total;
    this.mean[entry] += difference * (count / total);
    this.squares[entry] += squares + (before === 0 ? 0 : difference * difference * (before * (count / total)));
  }

  /** @param sample rows to tell the spread of the bulk from: all, or some of them */
  finish(sample: WeightedValues): EntryMoments {
    const { event, width, count } = this;
    const mean = this.mean.slice();
    const variance = new Float64Array(event);
    const constant: number[] = [];
    const absent: number[] = [];
    const values = this.transform === undefined ? sample.values : sample.values.map(this.transform);
    for (let entry = 0; entry < event; entry++) {
      variance[entry] = count[entry] > 0 ? this.squares[entry] / count[entry] : 0;
      // Rounding of the mean leaves a trace of variance in a constant column.
      const least = (1e-14 * mean[entry]) ** 2;
      if (!(variance[entry] > least) || variance[entry] === Infinity) {
        if (count[entry] === 0) absent.push(entry);
        if (count[entry] > 0 && variance[entry] !== Infinity) constant.push(entry);
        variance[entry] = 1;
        continue;
      }
      const bulk = MOST_OVER_BULK * bulkVariance(values, entry, event, width, sample.weights);
      if (bulk > 0 && bulk < variance[entry]) variance[entry] = bulk;
    }
    return { mean, variance, constant, absent };
  }
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
  const weightOf = (i: number): number => (weights === undefined ? 1 : weights[Math.floor(i / width)]);
  const quantile = quantilesOf(values, present, weightOf);
  const [lower, upper] = [quantile(0.25), quantile(0.75)];
  // The distance of neighbouring numbers is no spread.
  const rounding = 1e-14 * Math.max(Math.abs(lower), Math.abs(upper));
  return upper - lower > rounding ? ((upper - lower) / NORMAL_INTERQUARTILE_RANGE) ** 2 : 0;
}

/** The least value that so much of the weight is not above. */
function quantilesOf(
  values: Float64Array,
  places: readonly number[],
  weightOf: (place: number) => number,
): (share: number) => number {
  if (places.every((place) => weightOf(place) === weightOf(places[0]))) {
    const sorted = Float64Array.from(places, (place) => values[place]).sort();
    return (share) => sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
  }
  const sorted = Uint32Array.from(places).sort((a, b) => values[a] - values[b]);
  const total = sorted.reduce((sum, place) => sum + weightOf(place), 0);
  return (share) => {
    let reached = 0;
    for (const place of sorted) {
      reached += weightOf(place);
      if (reached >= share * total) return values[place];
    }
    return NaN;
  };
}

export function variancesOf(moments: Readonly<Record<string, EntryMoments>>): Tensors {
  return Object.fromEntries(Object.entries(moments).map(([name, { variance }]) => [name, variance]));
}
