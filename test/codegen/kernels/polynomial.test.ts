import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Polynomial, VariableRange } from "../../../src/codegen/kernels/polynomial.js";
import {
  add,
  constant,
  isAlwaysPositive,
  isNeverZero,
  keyOf,
  linearIn,
  multiply,
  named,
  namesIn,
  subtract,
  substitute,
  zero,
} from "../../../src/codegen/kernels/polynomial.js";

type Assignment = Readonly<Record<string, number>>;

function valueOf(polynomial: Polynomial, assignment: Assignment): number {
  return [...polynomial].reduce(
    (sum, [monomial, coefficient]) =>
      sum + namesIn(monomial).reduce((product, name) => product * assignment[name], coefficient),
    0,
  );
}

const names = ["i", "k", "D"] as const;
const polynomial: fc.Arbitrary<Polynomial> = fc
  .array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.array(fc.constantFrom(...names), { maxLength: 2 })), {
    maxLength: 4,
  })
  .map((terms) =>
    terms.reduce<Polynomial>(
      (sum, [factor, factors]) =>
        add(
          sum,
          factors.reduce((product, name) => multiply(product, named(name)), constant(factor)),
        ),
      zero,
    ),
  );
const assignment = fc.record({
  i: fc.integer({ min: -5, max: 5 }),
  k: fc.integer({ min: -5, max: 5 }),
  D: fc.integer({ min: 1, max: 5 }),
});

describe("polynomials", () => {
  test.prop([polynomial, polynomial, assignment])("compute like numbers", (p, q, at) => {
    expect(valueOf(add(p, q), at)).toBe(valueOf(p, at) + valueOf(q, at));
    expect(valueOf(subtract(p, q), at)).toBe(valueOf(p, at) - valueOf(q, at));
    expect(valueOf(multiply(p, q), at)).toBe(valueOf(p, at) * valueOf(q, at) + 0);
    expect(valueOf(substitute(p, "i", q), at)).toBe(valueOf(p, { ...at, i: valueOf(q, at) }) + 0);
  });

  test.prop([polynomial, polynomial])("have one key each", (p, q) => {
    expect(keyOf(add(p, q))).toBe(keyOf(add(q, p)));
    expect(keyOf(p) === keyOf(q)).toBe(subtract(p, q).size === 0);
  });

  test.prop([polynomial, assignment])("split into slope and rest", (p, at) => {
    const parts = linearIn(p, "i");
    if (parts === undefined) return;
    expect(valueOf(parts.slope, at) * at.i + valueOf(parts.rest, at)).toBe(valueOf(p, at) + 0);
    expect(valueOf(parts.slope, { ...at, i: 99 })).toBe(valueOf(parts.slope, at));
  });

  /** 0 <= i < D, 0 <= k < i */
  const ranges: readonly VariableRange[] = [
    { variable: "i", from: zero, to: named("D") },
    { variable: "k", from: zero, to: named("i") },
  ];

  test.prop([polynomial], { numRuns: 500 })("what is called positive, or never 0, is", (p) => {
    const [positive, neverZero] = [isAlwaysPositive(p, ranges), isNeverZero(p, ranges)];
    for (let D = 1; D <= 6; D++) {
      for (let i = 1; i < D; i++) {
        for (let k = 0; k < i; k++) {
          if (positive) expect(valueOf(p, { i, k, D })).toBeGreaterThan(0);
          if (neverZero) expect(valueOf(p, { i, k, D })).not.toBe(0);
        }
      }
    }
  });

  test("knows the cells of a triangle apart", () => {
    const [i, k, D] = [named("i"), named("k"), named("D")];
    expect(isNeverZero(subtract(k, i), ranges)).toBe(true);
    expect(isNeverZero(add(D, subtract(k, i)), ranges)).toBe(true);
    expect(isNeverZero(subtract(add(k, constant(1)), i), ranges)).toBe(false);
  });
});
