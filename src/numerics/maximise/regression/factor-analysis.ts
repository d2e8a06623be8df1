import { cholesky, solveWithFactor, symmetricEigen } from "../../dense.js";

/** Steps of the inner algorithm, and the change (in standard deviations of the residual) at which it stops. */
const innerSteps = 200;
const innerTolerance = 1e-11;

/**
 * Raises -1/2 (log det M + trace(M^-1 C)) over M = W W' + diag(v), by EM for factor analysis from the previous values.
 *
 *     G = (I + W' V^-1 W)^-1 W' V^-1,   E = I - G W + G C G',   W <- C G' E^-1,   v <- diag(C - W G C)
 *
 * @param residual C [D, D], the residual covariance
 * @param values W and v, stored [D, rank + 1]; overwritten
 * @returns whether all variances stayed positive; otherwise `values` is as it was
 * @source Rubin and Thayer 1982, "EM algorithms for ML factor analysis"
 */
export function updateFactorAnalysis(
  residual: Float64Array,
  values: Float64Array,
  dimension: number,
  rank: number,
): boolean {
  let current = startingValues(residual, values, dimension, rank);
  for (let step = 0; step < innerSteps; step++) {
    const next = factorStep(residual, current, dimension, rank);
    if (next === undefined) return false;
    const change = largestChange(residual, current, next, dimension, rank);
    current = next;
    if (change <= innerTolerance) break;
  }
  values.set(current);
  return true;
}

/** One step of EM; undefined where a variance is not positive. */
function factorStep(c: Float64Array, values: Float64Array, dimension: number, rank: number): Float64Array | undefined {
  const width = rank + 1;
  const loading = (d: number, r: number): number => values[d * width + r];
  const variance = (d: number): number => values[d * width + rank];

  // G' [D, rank], solved from the posterior precision of the factors.
  const precision = new Float64Array(rank * rank);
  for (let a = 0; a < rank; a++) {
    for (let b = 0; b < rank; b++) {
      let sum = a === b ? 1 : 0;
      for (let d = 0; d < dimension; d++) sum += (loading(d, a) * loading(d, b)) / variance(d);
      precision[a * rank + b] = sum;
    }
  }
  if (!cholesky(precision, rank)) return undefined;
  const gain = new Float64Array(rank * dimension);
  for (let a = 0; a < rank; a++) {
    for (let d = 0; d < dimension; d++) gain[a * dimension + d] = loading(d, a) / variance(d);
  }
  solveWithFactor(precision, rank, gain, dimension);

  // C G' [D, rank] and E [rank, rank].
  const product = new Float64Array(dimension * rank);
  for (let d = 0; d < dimension; d++) {
    for (let a = 0; a < rank; a++) {
      let sum = 0;
      for (let e = 0; e < dimension; e++) sum += c[d * dimension + e] * gain[a * dimension + e];
      product[d * rank + a] = sum;
    }
  }
  const moment = new Float64Array(rank * rank);
  for (let a = 0; a < rank; a++) {
    for (let b = 0; b < rank; b++) {
      let sum = a === b ? 1 : 0;
      for (let d = 0; d < dimension; d++) {
        sum += gain[a * dimension + d] * (product[d * rank + b] - loading(d, b));
      }
      moment[a * rank + b] = sum;
    }
  }
  if (!cholesky(moment, rank)) return undefined;

  const next = new Float64Array(dimension * width);
  for (let d = 0; d < dimension; d++) {
    const row = product.slice(d * rank, (d + 1) * rank);
    solveWithFactor(moment, rank, row);
    let left = c[d * dimension + d];
    for (let a = 0; a < rank; a++) {
      next[d * width + a] = row[a];
      left -= row[a] * product[d * rank + a];
    }
    if (!(left > 0)) return undefined;
    next[d * width + rank] = left;
  }
  return next;
}

function largestChange(
  residual: Float64Array,
  before: Float64Array,
  after: Float64Array,
  dimension: number,
  rank: number,
): number {
  const width = rank + 1;
  let most = 0;
  for (let d = 0; d < dimension; d++) {
    const total = residual[d * dimension + d];
    for (let r = 0; r < width; r++) {
      const unit = r < rank ? Math.sqrt(total) : total;
      most = Math.max(most, Math.abs(after[d * width + r] - before[d * width + r]) / unit);
    }
  }
  return most;
}

/** The previous values, or principal axes of the residual where there are no loadings yet: 0 is a fixed point of EM. */
function startingValues(residual: Float64Array, values: Float64Array, dimension: number, rank: number): Float64Array {
  const width = rank + 1;
  const start = Float64Array.from(values.subarray(0, dimension * width));
  const hasLoadings = start.some((value, at) => at % width !== rank && value !== 0);
  const hasVariances = start.every((value, at) => at % width !== rank || value > 0);
  if ((hasLoadings || rank === 0) && hasVariances) return start;
  const { values: spectrum, vectors } = symmetricEigen(residual, dimension);
  const rest = spectrum.subarray(Math.min(rank, dimension - 1));
  const noise = Math.max(rest.reduce((sum, value) => sum + value, 0) / rest.length, 1e-12 * spectrum[0]);
  for (let d = 0; d < dimension; d++) {
    for (let r = 0; r < rank; r++) {
      const excess = r < dimension ? Math.max(spectrum[r] - noise, 1e-6 * noise) : 0;
      start[d * width + r] = r < dimension ? vectors[d * dimension + r] * Math.sqrt(excess) : 0;
    }
    start[d * width + rank] = noise;
  }
  return start;
}
