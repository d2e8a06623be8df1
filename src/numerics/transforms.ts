import { cholesky } from "./dense.js";
import { sigmoid } from "./special-functions.js";

/** How a value is learned by gradients: which set it lives in. */
export type ConstrainedKind =
  | "real"
  | "positive"
  | "unit"
  | "simplex"
  | "ordered"
  | "fullCovariance"
  | "diagonalCovariance"
  | "isotropicCovariance"
  | "lowRankCovariance";

/** Below this a probability or variance counts as this: the logarithm of 0 is no starting point. */
const tiny = 1e-300;

/**
 * Number of free coordinates of one value.
 *
 * @param shape stored shape of one value: [] or any for entrywise kinds, [K] simplex and ordered, [D, D] full,
 * [D] diagonal, [] isotropic, [D, r + 1] low rank (r columns of loadings, then the variances)
 */
export function unconstrainedSize(kind: ConstrainedKind, shape: readonly number[]): number {
  const stored = storedSize(shape);
  if (kind === "simplex") return stored - 1;
  if (kind === "fullCovariance") return (shape[0] * (shape[0] + 1)) / 2;
  return stored;
}

/**
 * Free coordinates of a value: itself, logs, logits, log ratios to the last probability, the first entry and log
 * increments, or the lower Cholesky factor row by row with its diagonal in logs. `value` may hold several values in a
 * row; so does the result.
 */
export function toUnconstrained(kind: ConstrainedKind, value: Float64Array, shape: readonly number[]): Float64Array {
  const map = oneToUnconstrained(kind, shape);
  return mapEach(value, storedSize(shape), unconstrainedSize(kind, shape), map);
}

/**
 * The inverse of `toUnconstrained`.
 *
 * @param cells how many values: a simplex of one entry has no free coordinate to tell
 */
export function fromUnconstrained(
  kind: ConstrainedKind,
  unconstrained: Float64Array,
  shape: readonly number[],
  cells?: number,
): Float64Array {
  const map = oneFromUnconstrained(kind, shape);
  return mapEach(unconstrained, unconstrainedSize(kind, shape), storedSize(shape), map, cells);
}

/**
 * The gradient with respect to the free coordinates, from the gradient with respect to the stored entries (entries of a
 * symmetric matrix counted as if they were independent). No Jacobian is added: densities stay those of the value.
 */
export function pullBackGradient(
  kind: ConstrainedKind,
  unconstrained: Float64Array,
  gradient: Float64Array,
  shape: readonly number[],
): Float64Array {
  const free = unconstrainedSize(kind, shape);
  const stored = storedSize(shape);
  const from = oneFromUnconstrained(kind, shape);
  const count = free === 0 ? 0 : unconstrained.length / free;
  const result = new Float64Array(unconstrained.length);
  for (let i = 0; i < count; i++) {
    const u = unconstrained.subarray(i * free, (i + 1) * free);
    const g = gradient.subarray(i * stored, (i + 1) * stored);
    result.set(pullBackOne(kind, u, from(u), g, shape), i * free);
  }
  return result;
}

function logOf(value: number): number {
  return Math.log(Math.max(value, tiny));
}

function storedSize(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function mapEach(
  values: Float64Array,
  from: number,
  to: number,
  map: (one: Float64Array) => Float64Array,
  cells = 1,
): Float64Array {
  const count = from === 0 ? cells : values.length / from;
  const result = new Float64Array(count * to);
  for (let i = 0; i < count; i++) result.set(map(values.subarray(i * from, (i + 1) * from)), i * to);
  return result;
}

function oneToUnconstrained(kind: ConstrainedKind, shape: readonly number[]): (value: Float64Array) => Float64Array {
  switch (kind) {
    case "real":
      return (value) => Float64Array.from(value);
    case "positive":
    case "diagonalCovariance":
    case "isotropicCovariance":
      return (value) => value.map(logOf);
    case "unit":
      return (value) => value.map((p) => logOf(p) - logOf(1 - p));
    case "simplex":
      return (value) => {
        const last = logOf(value[value.length - 1]);
        return value.slice(0, -1).map((p) => logOf(p) - last);
      };
    case "ordered":
      return (value) => value.map((v, k) => (k === 0 ? v : logOf(v - value[k - 1])));
    case "fullCovariance":
      return (value) => {
        const size = shape[0];
        const lower = Float64Array.from(value);
        cholesky(lower, size);
        const free = new Float64Array((size * (size + 1)) / 2);
        for (let i = 0, at = 0; i < size; i++) {
          for (let j = 0; j <= i; j++) free[at++] = i === j ? Math.log(lower[i * size + j]) : lower[i * size + j];
        }
        return free;
      };
    case "lowRankCovariance":
      return (value) => value.map((v, at) => (isVariance(at, shape) ? logOf(v) : v));
  }
}

function oneFromUnconstrained(kind: ConstrainedKind, shape: readonly number[]): (free: Float64Array) => Float64Array {
  switch (kind) {
    case "real":
      return (free) => Float64Array.from(free);
    case "positive":
    case "diagonalCovariance":
    case "isotropicCovariance":
      return (free) => free.map(Math.exp);
    case "unit":
      return (free) => free.map(sigmoid);
    case "simplex":
      return (free) => {
        const most = free.reduce((a, b) => Math.max(a, b), 0);
        const weights = new Float64Array(free.length + 1);
        for (let k = 0; k < weights.length; k++) weights[k] = Math.exp((k < free.length ? free[k] : 0) - most);
        const total = weights.reduce((a, b) => a + b, 0);
        return weights.map((w) => w / total);
      };
    case "ordered":
      return (free) => {
        const value = Float64Array.from(free);
        for (let k = 1; k < value.length; k++) value[k] = value[k - 1] + Math.exp(free[k]);
        return value;
      };
    case "fullCovariance":
      return (free) => {
        const size = shape[0];
        const lower = lowerFactor(free, size);
        const value = new Float64Array(size * size);
        for (let i = 0; i < size; i++) {
          for (let j = 0; j <= i; j++) {
            let sum = 0;
            for (let k = 0; k <= j; k++) sum += lower[i * size + k] * lower[j * size + k];
            value[i * size + j] = sum;
            value[j * size + i] = sum;
          }
        }
        return value;
      };
    case "lowRankCovariance":
      return (free) => free.map((u, at) => (isVariance(at, shape) ? Math.exp(u) : u));
  }
}

function pullBackOne(
  kind: ConstrainedKind,
  free: Float64Array,
  value: Float64Array,
  gradient: Float64Array,
  shape: readonly number[],
): Float64Array {
  switch (kind) {
    case "real":
      return Float64Array.from(gradient);
    case "positive":
    case "diagonalCovariance":
    case "isotropicCovariance":
      return gradient.map((g, i) => g * value[i]);
    case "unit":
      return gradient.map((g, i) => g * value[i] * sigmoid(-free[i]));
    case "simplex": {
      const average = gradient.reduce((sum, g, k) => sum + g * value[k], 0);
      return free.map((_, k) => value[k] * (gradient[k] - average));
    }
    case "ordered": {
      // Entry k is the sum of the increments up to k, so its coordinate moves every later entry.
      const result = Float64Array.from(gradient);
      for (let k = result.length - 2; k >= 0; k--) result[k] += result[k + 1];
      return result.map((g, k) => (k === 0 ? g : g * Math.exp(free[k])));
    }
    case "fullCovariance": {
      const size = shape[0];
      const lower = lowerFactor(free, size);
      const result = new Float64Array(free.length);
      for (let i = 0, at = 0; i < size; i++) {
        for (let j = 0; j <= i; j++, at++) {
          let sum = 0;
          for (let k = j; k < size; k++) sum += (gradient[i * size + k] + gradient[k * size + i]) * lower[k * size + j];
          result[at] = i === j ? sum * lower[i * size + i] : sum;
        }
      }
      return result;
    }
    case "lowRankCovariance":
      return gradient.map((g, at) => (isVariance(at, shape) ? g * value[at] : g));
  }
}

function lowerFactor(free: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0, at = 0; i < size; i++) {
    for (let j = 0; j <= i; j++, at++) lower[i * size + j] = i === j ? Math.exp(free[at]) : free[at];
  }
  return lower;
}

/** The last column of a low-rank covariance [D, r + 1] holds the variances. */
function isVariance(at: number, shape: readonly number[]): boolean {
  const width = shape[shape.length - 1];
  return at % width === width - 1;
}
