import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { extrapolate, nextLongest } from "../../../src/runtime/fit/squarem.js";

describe("extrapolate", () => {
  test.prop([
    fc.double({ min: -5, max: 5, noNaN: true }),
    fc.double({ min: 0.1, max: 0.99, noNaN: true }),
    fc.double({ min: 1, max: 3, noNaN: true }),
  ])("finds the limit of a geometric sequence in one step", (limit, rate, distance) => {
    // x_i = limit + distance rate^i: |r| / |v| = 1 / (1 - rate), and the extrapolation is exact.
    const at = (i: number): Float64Array =>
      Float64Array.of(limit + distance * rate ** i, limit - 2 * distance * rate ** i);
    const found = extrapolate(at(0), at(1), at(2), Infinity);
    expect(found?.step).toBeCloseTo(1 / (1 - rate), 6);
    expect(found?.point[0]).toBeCloseTo(limit, 6);
    expect(found?.point[1]).toBeCloseTo(limit, 6);
  });

  it("with a step of 1 gives the second EM step", () => {
    const found = extrapolate([0], Float64Array.of(1), Float64Array.of(1.9), 1);
    expect(found?.point[0]).toBeCloseTo(1.9, 12);
  });

  it("gives nothing where steps vanish or are not finite", () => {
    expect(extrapolate([1], Float64Array.of(1), Float64Array.of(1), 4)).toBeUndefined();
    expect(extrapolate([1], Float64Array.of(NaN), Float64Array.of(1), 4)).toBeUndefined();
  });

  it("the bound grows with success at the bound and shrinks with failure", () => {
    expect(nextLongest(4, 4, true)).toBe(16);
    expect(nextLongest(4, 2, true)).toBe(4);
    expect(nextLongest(4, 4, false)).toBe(1);
  });
});
