import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { ConstrainedKind } from "../../src/numerics/transforms.js";
import {
  fromUnconstrained,
  pullBackGradient,
  toUnconstrained,
  unconstrainedSize,
} from "../../src/numerics/transforms.js";

const kinds: [ConstrainedKind, number[], number, (value: Float64Array) => boolean][] = [
  ["real", [2, 2], 4, (v) => v.every(Number.isFinite)],
  ["positive", [3], 3, (v) => v.every((x) => x > 0)],
  ["unit", [3], 3, (v) => v.every((x) => x > 0 && x < 1)],
  ["simplex", [4], 3, (v) => v.every((x) => x > 0) && Math.abs(v.reduce((a, b) => a + b) - 1) < 1e-14],
  ["ordered", [4], 4, (v) => v.every((x, k) => k === 0 || x > v[k - 1])],
  ["fullCovariance", [3, 3], 6, (v) => v[0] > 0 && v[0] * v[4] > v[1] * v[3] && v[1] === v[3] && v[5] === v[7]],
  ["diagonalCovariance", [3], 3, (v) => v.every((x) => x > 0)],
  ["isotropicCovariance", [], 1, (v) => v.every((x) => x > 0)],
  ["lowRankCovariance", [3, 3], 9, (v) => v[2] > 0 && v[5] > 0 && v[8] > 0],
];

const coordinates = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 18, maxLength: 18 });

describe.each(kinds)("%s", (kind, shape, size, isInside) => {
  const stored = shape.reduce((product, n) => product * n, 1);

  it("has its number of free coordinates", () => {
    expect(unconstrainedSize(kind, shape)).toBe(size);
  });

  test.prop([coordinates])("goes there and back, for several values in a row", (numbers) => {
    const free = Float64Array.from(numbers.slice(0, 2 * size));
    const value = fromUnconstrained(kind, free, shape);
    expect(value.length).toBe(2 * stored);
    expect(isInside(value.subarray(0, stored))).toBe(true);
    toUnconstrained(kind, value, shape).forEach((u, i) => expect(u).toBeCloseTo(free[i], 9));
  });

  test.prop([coordinates, coordinates])("pulls gradients back by the chain rule", (numbers, slopes) => {
    const free = Float64Array.from(numbers.slice(0, 2 * size));
    const gradient = Float64Array.from(slopes.slice(0, 2 * stored));
    const linear = (u: Float64Array): number =>
      fromUnconstrained(kind, u, shape).reduce((sum, v, i) => sum + v * gradient[i], 0);
    const pulled = pullBackGradient(kind, free, gradient, shape);
    const h = 1e-5;
    free.forEach((u, i) => {
      const moved = (to: number): number => linear(free.map((v, j) => (j === i ? to : v)));
      const slope = (moved(u + h) - moved(u - h)) / (2 * h);
      expect(Math.abs(pulled[i] - slope)).toBeLessThan(1e-6 * (1 + Math.abs(slope)));
    });
  });
});

describe("known values", () => {
  it("pins the last logit", () => {
    const free = toUnconstrained("simplex", Float64Array.of(0.5, 0.25, 0.25), [3]);
    expect(free[0]).toBeCloseTo(Math.LN2, 15);
    expect(free[1]).toBeCloseTo(0, 15);
  });

  it("gives a point to a probability of 0", () => {
    const free = toUnconstrained("simplex", Float64Array.of(0, 1), [2]);
    expect(Number.isFinite(free[0])).toBe(true);
    expect(fromUnconstrained("simplex", free, [2])[1]).toBe(1);
  });

  it("takes the Cholesky factor with logs on its diagonal", () => {
    const free = toUnconstrained("fullCovariance", Float64Array.of(4, 2, 2, 5), [2, 2]);
    expect([...free]).toEqual([Math.log(2), 1, Math.log(2)]);
  });
});
