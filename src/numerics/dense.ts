/**
 * Small dense linear algebra on row-major matrices in typed arrays. `offset` is where a matrix or vector begins, so
 * that stacks of matrices need no copies.
 */

/**
 * Replaces a symmetric positive definite matrix [n, n] (its lower triangle is read) by its lower factor L, A = L L',
 * with zeros above the diagonal. Where it is not positive definite, all entries become NaN.
 *
 * @returns whether it was positive definite
 */
export function cholesky(matrix: Float64Array, n: number, offset = 0): boolean {
  for (let j = 0; j < n; j++) {
    const rowJ = offset + j * n;
    let pivot = matrix[rowJ + j];
    for (let k = 0; k < j; k++) pivot -= matrix[rowJ + k] * matrix[rowJ + k];
    if (!(pivot > 0) || pivot === Infinity) {
      matrix.fill(NaN, offset, offset + n * n);
      return false;
    }
    const diagonal = Math.sqrt(pivot);
    matrix[rowJ + j] = diagonal;
    for (let i = j + 1; i < n; i++) {
      const rowI = offset + i * n;
      let sum = matrix[rowI + j];
      for (let k = 0; k < j; k++) sum -= matrix[rowI + k] * matrix[rowJ + k];
      matrix[rowI + j] = sum / diagonal;
      matrix[rowJ + i] = 0;
    }
  }
  return true;
}

/** Replaces b [n, columns] by y with L y = b, for a lower triangular L [n, n]. */
export function solveLower(
  lower: Float64Array,
  n: number,
  right: Float64Array,
  columns = 1,
  lowerOffset = 0,
  rightOffset = 0,
): void {
  for (let i = 0; i < n; i++) {
    const row = lowerOffset + i * n;
    for (let c = 0; c < columns; c++) {
      let sum = right[rightOffset + i * columns + c];
      for (let k = 0; k < i; k++) sum -= lower[row + k] * right[rightOffset + k * columns + c];
      right[rightOffset + i * columns + c] = sum / lower[row + i];
    }
  }
}

/** Replaces b [n, columns] by y with L' y = b, for a lower triangular L [n, n]. */
export function solveLowerTransposed(
  lower: Float64Array,
  n: number,
  right: Float64Array,
  columns = 1,
  lowerOffset = 0,
  rightOffset = 0,
): void {
  for (let i = n - 1; i >= 0; i--) {
    for (let c = 0; c < columns; c++) {
      let sum = right[rightOffset + i * columns + c];
      for (let k = i + 1; k < n; k++) sum -= lower[lowerOffset + k * n + i] * right[rightOffset + k * columns + c];
      right[rightOffset + i * columns + c] = sum / lower[lowerOffset + i * n + i];
    }
  }
}

/** Replaces b [n, columns] by A^-1 b, given the lower factor of A. */
export function solveWithFactor(lower: Float64Array, n: number, right: Float64Array, columns = 1): void {
  solveLower(lower, n, right, columns);
  solveLowerTransposed(lower, n, right, columns);
}

/** 2 sum log diag L. */
export function logDeterminantOfFactor(lower: Float64Array, n: number, offset = 0): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.log(lower[offset + i * n + i]);
  return 2 * sum;
}

export interface SymmetricEigen {
  /** In descending order, [n]. */
  readonly values: Float64Array;
  /** [n, n]: column i belongs to value i. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix [n, n] by cyclic Jacobi rotations: for small n.
 *
 * @source Golub and Van Loan 2013, section 8.5
 */
export function symmetricEigen(matrix: Float64Array, n: number): SymmetricEigen {
  const a = Float64Array.from(matrix.subarray(0, n * n));
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    let total = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        total += a[i * n + j] ** 2;
        if (i !== j) off += a[i * n + j] ** 2;
      }
    }
    if (!(off > 1e-32 * total)) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) rotate(a, vectors, n, p, q);
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i]);
  const sorted = new Float64Array(n * n);
  order.forEach((from, to) => {
    for (let i = 0; i < n; i++) sorted[i * n + to] = vectors[i * n + from];
  });
  return { values: Float64Array.from(order, (i) => a[i * n + i]), vectors: sorted };
}

/** One Jacobi rotation that makes a[p, q] zero. */
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q];
  if (apq === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cosine = 1 / Math.hypot(tangent, 1);
  const sine = tangent * cosine;
  for (let k = 0; k < n; k++) {
    const akp = a[k * n + p];
    const akq = a[k * n + q];
    a[k * n + p] = cosine * akp - sine * akq;
    a[k * n + q] = sine * akp + cosine * akq;
  }
  for (let k = 0; k < n; k++) {
    const apk = a[p * n + k];
    const aqk = a[q * n + k];
    a[p * n + k] = cosine * apk - sine * aqk;
    a[q * n + k] = sine * apk + cosine * aqk;
  }
  for (let k = 0; k < n; k++) {
    const vkp = vectors[k * n + p];
    const vkq = vectors[k * n + q];
    vectors[k * n + p] = cosine * vkp - sine * vkq;
    vectors[k * n + q] = sine * vkp + cosine * vkq;
  }
}
