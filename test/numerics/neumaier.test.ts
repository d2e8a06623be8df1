import { fc, test } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { compensatedSum, neumaierSum } from "../../src/numerics/neumaier.js";

it("keeps what a plain sum loses", () => {
  expect(neumaierSum([1, 1e100, 1, -1e100])).toBe(2);
  expect(neumaierSum([])).toBe(0);
  expect(neumaierSum([1, Infinity])).toBe(Infinity);
  expect(neumaierSum([1, -Infinity, 5])).toBe(-Infinity);
});

test.prop([fc.array(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }))])("is exact on scaled integers", (integers) => {
  const total = compensatedSum();
  // 0.1 is not a binary fraction, 2^-60 is: the sums stay exact in the compensated pair.
  for (const integer of integers) total.add(integer * 2 ** -60);
  total.add(2 ** 20);
  total.add(-(2 ** 20));
  const exact = integers.reduce((sum, integer) => sum + BigInt(integer), 0n);
  expect(total.value()).toBe(Number(exact) * 2 ** -60);
});
