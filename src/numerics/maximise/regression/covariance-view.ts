import { cholesky, solveWithFactor } from "../../dense.js";
import type { RegressionCovariance, RegressionProblem } from "./problem.js";
import { previousValues } from "./problem.js";

/** The previous covariances, as the coefficients' update reads them. */
export interface CovarianceView {
  /** full and lowRank have no `variance`. */
  readonly isDiagonal: boolean;
  /** Variance of entry d of covariance cell k. */
  variance(k: number, d: number): number;
  /** Covariance cell k as a matrix [D, D]. */
  matrix(k: number): Float64Array;
  /** Its inverse [D, D], for the joint system of several coefficients; computed once per cell. */
  precision(k: number): Float64Array;
  /** Diagonal of its inverse [D]. */
  precisionDiagonal(k: number): Float64Array;
}

export function viewCovariance(
  problem: RegressionProblem,
  previous: Readonly<Record<string, Float64Array>>,
): CovarianceView {
  const { covariance, dimension } = problem;
  const stored =
    covariance.parameter === undefined
      ? Float64Array.of(covariance.constant ?? 1)
      : previousValues(previous, covariance.parameter);
  const values = covariance.form === "standardDeviation" ? stored.map((sd) => sd * sd) : stored;
  const isConstant = covariance.parameter === undefined;
  const structure = isConstant ? "isotropic" : covariance.structure;
  const isDiagonal = structure === "isotropic" || structure === "diagonal" || dimension === 1;
  const precisions = new Map<number, Float64Array>();
  const matrix = (k: number): Float64Array => {
    if (structure === "full") return values.slice(k * dimension * dimension, (k + 1) * dimension * dimension);
    if (structure === "lowRank") return lowRankMatrix(values, k, dimension, rankOf(covariance));
    const result = new Float64Array(dimension * dimension);
    for (let d = 0; d < dimension; d++) {
      result[d * dimension + d] = structure === "isotropic" ? values[isConstant ? 0 : k] : values[k * dimension + d];
    }
    return result;
  };
  return {
    isDiagonal,
    variance(k, d) {
      if (structure === "isotropic") return values[isConstant ? 0 : k];
      if (structure === "diagonal") return values[k * dimension + d];
      return matrix(k)[d * dimension + d];
    },
    matrix,
    precision(k) {
      const known = precisions.get(k);
      if (known !== undefined) return known;
      const inverse = invert(matrix(k), dimension);
      precisions.set(k, inverse);
      return inverse;
    },
    precisionDiagonal: (k) => diagonalOfInverse(matrix(k), dimension),
  };
}

/** loadings * loadings' + diag(variances) of cell k, stored [D, rank + 1]. */
export function lowRankMatrix(values: Float64Array, k: number, dimension: number, rank: number): Float64Array {
  const width = rank + 1;
  const start = k * dimension * width;
  const result = new Float64Array(dimension * dimension);
  for (let i = 0; i < dimension; i++) {
    for (let j = 0; j < dimension; j++) {
      let sum = i === j ? values[start + i * width + rank] : 0;
      for (let r = 0; r < rank; r++) sum += values[start + i * width + r] * values[start + j * width + r];
      result[i * dimension + j] = sum;
    }
  }
  return result;
}

export function rankOf(covariance: RegressionCovariance): number {
  if (covariance.rank === undefined) throw new Error("regression: a low-rank covariance needs its rank");
  return covariance.rank;
}

/** A^-1 by its factor; of the diagonal alone where A is not positive definite. */
function invert(matrix: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) inverse[i * n + i] = 1;
  const lower = Float64Array.from(matrix);
  if (cholesky(lower, n)) {
    solveWithFactor(lower, n, inverse, n);
  } else {
    for (let i = 0; i < n; i++) inverse[i * n + i] = 1 / Math.max(matrix[i * n + i], 1e-300);
  }
  return inverse;
}

/**
 * Diagonal of A^-1 = L^-T L^-1: squared lengths of the columns of L^-1, a sixth of the work of the whole inverse; 1 / A_ii
 * where A is not positive definite.
 */
function diagonalOfInverse(matrix: Float64Array, n: number): Float64Array {
  const lower = Float64Array.from(matrix);
  if (!cholesky(lower, n)) return Float64Array.from({ length: n }, (_, i) => 1 / Math.max(matrix[i * n + i], 1e-300));
  const column = new Float64Array(n);
  return Float64Array.from({ length: n }, (_, j) => {
    column[j] = 1 / lower[j * n + j];
    let squares = column[j] * column[j];
    for (let i = j + 1; i < n; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum -= lower[i * n + k] * column[k];
      column[i] = sum / lower[i * n + i];
      squares += column[i] * column[i];
    }
    return squares;
  });
}
