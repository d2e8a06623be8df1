import { cholesky, solveWithFactor } from "../../dense.js";

/** Relative to the equilibrated diagonal: the pivot below which a system counts as singular, and the ridge that mends it. */
const singularPivot = 1e-13;
const relativeRidge = 1e-12;

/**
 * Solves H x = b for a symmetric positive semidefinite H [n, n] and b [n, columns], after scaling the diagonal to 1.
 * Unknowns whose row is 0 stay 0; other flat directions get a ridge, which leaves them near 0.
 *
 * @returns x in place of b, and whether H was regular apart from rows of 0
 */
export function solvePositiveDefinite(matrix: Float64Array, n: number, right: Float64Array, columns: number): boolean {
  const scale = Float64Array.from({ length: n }, (_, i) => {
    const diagonal = matrix[i * n + i];
    return diagonal > 0 && Number.isFinite(diagonal) ? 1 / Math.sqrt(diagonal) : 0;
  });
  const scaled = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) scaled[i * n + j] = i === j ? 1 : scale[i] * matrix[i * n + j] * scale[j];
    for (let c = 0; c < columns; c++) right[i * columns + c] *= scale[i];
  }
  const lower = Float64Array.from(scaled);
  const isFactored = cholesky(lower, n);
  const isRegular = isFactored && scale.every((_, i) => lower[i * n + i] ** 2 > singularPivot);
  if (!isRegular) factorWithRidge(scaled, n, lower);
  solveWithFactor(lower, n, right, columns);
  for (let i = 0; i < n; i++) for (let c = 0; c < columns; c++) right[i * columns + c] *= scale[i];
  return isRegular;
}

/** Factors the matrix plus the smallest ridge that lets it be factored. */
function factorWithRidge(matrix: Float64Array, n: number, lower: Float64Array): void {
  for (let ridge = relativeRidge; ridge < 1; ridge *= 100) {
    lower.set(matrix);
    for (let i = 0; i < n; i++) lower[i * n + i] += ridge;
    if (cholesky(lower, n)) return;
  }
}
