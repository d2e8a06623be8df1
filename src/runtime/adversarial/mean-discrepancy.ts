/** Rows as one flat array, `width` numbers each. */
export interface Rows {
  readonly data: ArrayLike<number>;
  readonly width: number;
  readonly count: number;
}

/** Most rows of either side: the cost is quadratic. */
export const mostCompared = 256;

/**
 * Squared maximum mean discrepancy of two samples, unbiased, with a Gaussian kernel of the median distance:
 * 0 in expectation where both are from one distribution; may be negative.
 *
 *     MMD^2 = mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j)
 *
 * @source Gretton, Borgwardt, Rasch, Schölkopf and Smola 2012, eq. 3 and section 8
 */
export function meanDiscrepancy(x: Rows, y: Rows): number {
  const count = Math.min(mostCompared, x.count, y.count);
  if (count < 2) return NaN;
  const row = (index: number): { rows: Rows; at: number } =>
    index < count ? { rows: x, at: index } : { rows: y, at: index - count };
  const total = 2 * count;
  const distances = new Float64Array((total * (total - 1)) / 2);
  let next = 0;
  for (let i = 0; i < total; i++) {
    const a = row(i);
    for (let j = 0; j < i; j++) {
      const b = row(j);
      let sum = 0;
      for (let k = 0; k < x.width; k++) {
        const difference = a.rows.data[a.at * x.width + k] - b.rows.data[b.at * x.width + k];
        sum += difference * difference;
      }
      distances[next++] = sum;
    }
  }
  const sorted = Float64Array.from(distances).sort();
  const median = sorted[Math.floor(sorted.length / 2)] || 1;
  let within = 0;
  let between = 0;
  next = 0;
  for (let i = 0; i < total; i++) {
    for (let j = 0; j < i; j++) {
      const kernel = Math.exp(-distances[next++] / median);
      if (i < count === j < count) within += kernel;
      else between += kernel;
    }
  }
  return (2 * within) / (count * (count - 1)) - (2 * between) / (count * count);
}
