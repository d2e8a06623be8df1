import { describe, expect, it } from "vitest";
import type { Gain } from "../../../src/runtime/fit/convergence.js";
import { hasConverged } from "../../../src/runtime/fit/convergence.js";

const plain = (...values: number[]): Gain[] => values.map((value) => ({ value, plain: true }));

describe("hasConverged", () => {
  it.each<[string, Gain[], boolean]>([
    ["one gain is not enough", plain(1e-12), false],
    ["two small ones that shrink fast", plain(1e-7, 1e-8), true],
    ["the one before was large", plain(1e-3, 1e-8), false],
    // Rate 0.9: nine times the last gain is still to come, more than the tolerance.
    ["small, but shrinking slowly", plain(5e-7 / 0.9, 5e-7), false],
    // Rate 0.6: one and a half times the last gain is to come.
    ["small, and little left", plain(5e-7 / 0.6, 5e-7), true],
    // The rate of the first two steps is 0.9, though the last two shrink by ten.
    ["shrinking fast after an extrapolation", plain(1e-5, 9e-6, 8e-7, 2e-7), false],
    ["growing", plain(1e-8, 2e-8), false],
    ["rounding", plain(1e-15, -1e-15), true],
    [
      "an accelerated step says nothing",
      [
        { value: 1e-9, plain: false },
        { value: 1e-10, plain: true },
      ],
      false,
    ],
  ])("%s", (_, gains, expected) => {
    expect(hasConverged(gains, 0, 1e-6)).toBe(expected);
  });

  it("never with a tolerance of 0", () => {
    expect(hasConverged(plain(0, 0), 0, 0)).toBe(false);
  });

  it("measures gains relative to 1 + |L|", () => {
    expect(hasConverged(plain(1e-5, 1e-6), 0, 1e-6)).toBe(false);
    expect(hasConverged(plain(1e-5, 1e-6), -99, 1e-6)).toBe(true);
  });
});
