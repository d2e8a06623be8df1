import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import {
  cholesky,
  logDeterminantOfFactor,
  solveLower,
  solveLowerTransposed,
  solveWithFactor,
  symmetricEigen,
} from "../../src/numerics/dense.js";

const entry = fc.double({ min: -3, max: 3, noNaN: true });

/** B B' + I for a random B [n, n]. */
const positiveDefinite = fc.integer({ min: 1, max: 6 }).chain((n) =>
  fc.array(entry, { minLength: n * n, maxLength: n * n }).map((b) => {
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = i === j ? 1 : 0;
        for (let k = 0; k < n; k++) sum += b[i * n + k] * b[j * n + k];
        matrix[i * n + j] = sum;
      }
    }
    return { n, matrix };
  }),
);

function product(a: Float64Array, b: Float64Array, n: number, transposeB = false): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    const i = Math.floor(at / n);
    const j = at % n;
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[i * n + k] * (transposeB ? b[j * n + k] : b[k * n + j]);
    return sum;
  });
}

function expectClose(actual: Float64Array, expected: Float64Array, tolerance: number): void {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  actual.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(tolerance * scale));
}

describe("cholesky", () => {
  it("factors a matrix one can check by hand", () => {
    const matrix = Float64Array.of(4, 2, 2, 5);
    expect(cholesky(matrix, 2)).toBe(true);
    expect([...matrix]).toEqual([2, 0, 1, 2]);
    expect(logDeterminantOfFactor(matrix, 2)).toBeCloseTo(Math.log(16), 14);
  });

  it("gives NaN where the matrix is not positive definite, and only there", () => {
    const stack = Float64Array.of(1, 2, 2, 1, 4, 0, 0, 9);
    expect(cholesky(stack, 2, 0)).toBe(false);
    expect(cholesky(stack, 2, 4)).toBe(true);
    expect([...stack]).toEqual([NaN, NaN, NaN, NaN, 2, 0, 0, 3]);
  });

  test.prop([positiveDefinite])("L L' is the matrix", ({ n, matrix }) => {
    const lower = Float64Array.from(matrix);
    cholesky(lower, n);
    expectClose(product(lower, lower, n, true), matrix, 1e-13);
  });

  test.prop([positiveDefinite])("solves with the factor", ({ n, matrix }) => {
    const lower = Float64Array.from(matrix);
    cholesky(lower, n);
    const right = Float64Array.from(matrix);
    solveWithFactor(lower, n, right, n);
    const identity = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
    expectClose(right, identity, 1e-10);
    const half = Float64Array.from(matrix);
    solveLower(lower, n, half, n);
    expectClose(
      half,
      Float64Array.from(lower, (_, at) => lower[(at % n) * n + Math.floor(at / n)]),
      1e-11,
    );
    const back = Float64Array.from(lower, (_, at) => lower[(at % n) * n + Math.floor(at / n)]);
    solveLowerTransposed(lower, n, back, n);
    expectClose(back, identity, 1e-12);
  });
});

describe("symmetricEigen", () => {
  it("finds 3 and 1 of [[2, 1], [1, 2]]", () => {
    const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
    expect(values[0]).toBeCloseTo(3, 14);
    expect(values[1]).toBeCloseTo(1, 14);
    expect(Math.abs(vectors[0] * vectors[2])).toBeCloseTo(0.5, 14);
  });

  test.prop([positiveDefinite])("A V = V diag(values), V' V = I, descending", ({ n, matrix }) => {
    const { values, vectors } = symmetricEigen(matrix, n);
    const scaled = Float64Array.from(vectors, (value, at) => value * values[at % n]);
    expectClose(product(matrix, vectors, n), scaled, 1e-12);
    const transposed = Float64Array.from(vectors, (_, at) => vectors[(at % n) * n + Math.floor(at / n)]);
    const identity = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
    expectClose(product(transposed, vectors, n), identity, 1e-13);
    for (let i = 1; i < n; i++) expect(values[i]).toBeLessThanOrEqual(values[i - 1]);
  });
});
