import { fc, test } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { rootOfDecreasing } from "../../src/numerics/root.js";

test.prop([fc.double({ min: -12, max: 12, noNaN: true }), fc.double({ min: -15, max: 15, noNaN: true })])(
  "finds the root of 1/x - 1/r wherever it starts",
  (logRoot, logStart) => {
    const root = Math.exp(logRoot);
    const found = rootOfDecreasing(
      (x) => ({ value: 1 / x - 1 / root, derivative: -1 / (x * x) }),
      1e-8,
      1e8,
      Math.exp(logStart),
    );
    expect(Math.abs(found / root - 1)).toBeLessThan(1e-13);
  },
);

it("returns the bound nearer to a root outside", () => {
  const line = (root: number) => (x: number) => ({ value: root - x, derivative: -1 });
  expect(rootOfDecreasing(line(0.5), 1, 2, 1.5)).toBe(1);
  expect(rootOfDecreasing(line(5), 1, 2, 1.5)).toBe(2);
});

it("copes with a derivative that misleads", () => {
  const found = rootOfDecreasing((x) => ({ value: Math.atan(3 - x), derivative: -1e-9 }), 1e-6, 1e6, 10);
  expect(found).toBeCloseTo(3, 10);
});
