import { cholesky, solveLower, solveWithFactor, symmetricEigen } from "../../dense.js";

/** Steps of the inner algorithm, and the relative change of the covariance at which it stops. */
const innerSteps = 200;
const innerTolerance = 1e-10;

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
  const width = rank + 1;
  const current = Float64Array.from(values);
  if (rank > 0 && !hasLoadings(current, dimension, rank)) startFromPrincipalAxes(residual, current, dimension, rank);
  for (let step = 0; step < innerSteps; step++) {
    const next = factorStep(residual, current, dimension, rank);
    if (next === undefined) return false;
    let change = 0;
    let size = 0;
    for (let d = 0; d < dimension; d++) {
      for (let r = 0; r < width; r++) {
        // Squares of loadings and variances have the same unit.
        const scale = r < rank ? 2 * next[d * width + r] : 1;
        change = Math.max(change, Math.abs(scale * (next[d * width + r] - current[d * width + r])) / residualScale(residual, dimension, d));
        size = Math.max(size, 1);
      }
    }
    current.set(next);
    if (change <= innerTolerance * size) break;
  }
  values.set(current);
  return true;
}
