import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as intervals from "../../src/semantics/expression/interval.js";
import type { Interval } from "../../src/semantics/expression/interval.js";

/** An interval with a point in it, ends drawn from values where signs and openness matter. */
const pointed = fc
  .record({
    ends: fc.tuple(
      fc.constantFrom(-Infinity, -2, -1, -0.5, 0, 0.5, 1, 3),
      fc.constantFrom(-1, 0, 0.25, 1, 2, Infinity),
    ),
    open: fc.tuple(fc.boolean(), fc.boolean()),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .filter(({ ends: [least, most] }) => least < most)
  .map(({ ends: [least, most], open: [leastOpen, mostOpen], share }) => {
    const low = Math.max(least, -50);
    const high = Math.min(most, 50);
    const inside = low + (high - low) * (0.001 + 0.998 * share);
    const at =
      !leastOpen && Number.isFinite(least) && share < 0.1
        ? least
        : !mostOpen && Number.isFinite(most) && share > 0.9
          ? most
          : inside;
    const range: Interval = {
      least,
      most,
      leastOpen: leastOpen || least === -Infinity,
      mostOpen: mostOpen || most === Infinity,
      integer: false,
    };
    return { range, at };
  });

function contains(range: Interval, value: number): boolean {
  const slack = 1e-9 * Math.max(1, Math.abs(value));
  const above = range.leastOpen ? value > range.least - slack : value >= range.least - slack;
  const below = range.mostOpen ? value < range.most + slack : value <= range.most + slack;
  return above && below;
}

const binary: readonly (readonly [string, (a: Interval, b: Interval) => Interval, (x: number, y: number) => number])[] =
  [
    ["add", intervals.add, (x, y) => x + y],
    ["multiply", intervals.multiply, (x, y) => x * y],
    ["divide", intervals.divide, (x, y) => x / y],
  ];

describe("an operation on intervals holds every value of the operation on numbers", () => {
  test.each(binary)("%s", (_, onIntervals, onNumbers) => {
    fc.assert(
      fc.property(pointed, pointed, (a, b) => {
        const value = onNumbers(a.at, b.at);
        if (!Number.isNaN(value) && Number.isFinite(value))
          expect(contains(onIntervals(a.range, b.range), value)).toBe(true);
      }),
    );
  });

  test.each([-3, -2, -1, 0, 0.5, 2, 3])("power %d", (exponent) => {
    fc.assert(
      fc.property(pointed, (a) => {
        const value = a.at ** exponent;
        if (Number.isFinite(value))
          expect(contains(intervals.power(a.range, intervals.point(exponent)), value)).toBe(true);
      }),
    );
  });

  test("absolute, negate, union", () => {
    fc.assert(
      fc.property(pointed, pointed, (a, b) => {
        expect(contains(intervals.absolute(a.range), Math.abs(a.at))).toBe(true);
        expect(contains(intervals.negate(a.range), -a.at)).toBe(true);
        expect(contains(intervals.union([a.range, b.range]), b.at)).toBe(true);
      }),
    );
  });
});

describe("signs", () => {
  const { positives, nonNegatives, openUnit, reals } = intervals;
  test("positive numbers stay positive in sums, products and quotients", () => {
    for (const operation of [intervals.add, intervals.multiply, intervals.divide]) {
      expect(intervals.isPositive(operation(positives, positives))).toBe(true);
    }
  });
  test("a positive number plus one of 0 or more is positive; a product with one of 0 or more is 0 or more", () => {
    expect(intervals.isPositive(intervals.add(positives, nonNegatives))).toBe(true);
    expect(intervals.isPositive(intervals.multiply(positives, nonNegatives))).toBe(false);
    expect(intervals.isNonNegative(intervals.multiply(positives, nonNegatives))).toBe(true);
  });
  test("one minus a probability is a probability", () => {
    const complement = intervals.add(intervals.point(1), intervals.negate(openUnit));
    expect(intervals.isPositive(complement)).toBe(true);
    expect(intervals.isWithinClosedUnit(complement)).toBe(true);
  });
  test("a difference of positive numbers may have either sign", () => {
    expect(intervals.isNonNegative(intervals.add(positives, intervals.negate(positives)))).toBe(false);
  });
  test("an even power of a real number is positive, an odd one is not", () => {
    expect(intervals.isPositive(intervals.power(reals, intervals.point(2)))).toBe(true);
    expect(intervals.isNonNegative(intervals.power(reals, intervals.point(3)))).toBe(false);
  });
});
