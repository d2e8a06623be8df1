import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emitKernel } from "../../../src/codegen/kernels/emit-kernel.js";
import { unaryValue } from "../../../src/ir/elementwise.js";
import { PlanBuilder } from "../../../src/ir/plan-builder.js";
import type { UnaryFunction } from "../../../src/ir/plan.js";
import { KernelInstance } from "../../../src/runtime/kernels/kernel-instance.js";
import { exponentialOf, logarithmOf, ulpDistance } from "../../oracles/high-precision.js";
import { specialFunctionTable } from "../../oracles/special-function-table.js";
import { variants } from "./run-kernel.js";

/** An elementwise function as a kernel over a data column. */
function elementwise(name: UnaryFunction, variant: "plain" | "relaxed"): (x: readonly number[]) => Float64Array {
  const builder = new PlanBuilder({ fold: false });
  builder.axis("n", { kind: "rows" });
  builder.output("y", builder.unary(name, builder.input("data", "x", ["n"])), ["n"]);
  const kernels = KernelInstance.createNow(emitKernel(builder.build("elementwise")), { variant });
  return (x) => {
    const into = { y: new Float64Array(x.length) };
    kernels.run("elementwise", { sizes: {}, rows: x.length, data: { x: Float64Array.from(x) }, into });
    return into.y;
  };
}

const spread = (from: number, to: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * (i + ((i * 0.618034) % 1))) / count);
/** Numbers of every order of magnitude. */
const magnitudes = (from: number, to: number, count: number): readonly number[] =>
  spread(from, to, count).map((exponent, i) => 2 ** Math.trunc(exponent) * (1 + ((i * 0.7548777) % 1)));

describe.each(variants)("in the variant %s", (variant) => {
  test("exp is right to 1 ulp", () => {
    const x = [...spread(-745, 709.7, 1500), ...spread(-1, 1, 500), ...magnitudes(-60, 0, 200), -708.5, -744.9, 709.78];
    elementwise(
      "exp",
      variant,
    )(x).forEach((found, i) => {
      expect(ulpDistance(found, exponentialOf(x[i])), `exp ${x[i]}`).toBeLessThanOrEqual(1);
    });
  });

  test("log is right to 1 ulp", () => {
    const x = [
      ...magnitudes(-1074, 1023, 1500),
      ...spread(0.5, 2, 700),
      ...spread(0.999, 1.001, 300),
      Number.MIN_VALUE,
      2 ** -1022,
      Number.MAX_VALUE,
      1 + Number.EPSILON,
      1 - Number.EPSILON / 2,
    ];
    elementwise(
      "log",
      variant,
    )(x).forEach((found, i) => {
      expect(ulpDistance(found, logarithmOf(x[i])), `log ${x[i]}`).toBeLessThanOrEqual(1);
    });
  });

  test.each<[UnaryFunction, number, number, number]>([
    ["log1p", -0.9999, 40, 2],
    ["expm1", -40, 80, 3],
    ["softplus", -700, 700, 2],
    ["sigmoid", -700, 700, 3],
    ["tanh", -25, 25, 4],
  ])("%s is as right as the scalar function, to some ulp", (name, from, to, ulps) => {
    const x = [
      ...spread(from, to, 800),
      ...spread(-1, 1, 400).filter((value) => value > from),
      ...magnitudes(-70, -1, 200),
    ];
    elementwise(
      name,
      variant,
    )(x).forEach((found, i) => {
      const expected = unaryValue(name, x[i]);
      expect(Math.abs(found - expected), `${name} ${x[i]}`).toBeLessThanOrEqual(
        ulps * Math.max(Number.MIN_VALUE, Number.EPSILON * Math.abs(expected)),
      );
    });
  });

  const special = [
    0,
    -0,
    1,
    -1,
    Infinity,
    -Infinity,
    NaN,
    Number.MIN_VALUE,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    2 ** -1030,
  ];

  test.each<[UnaryFunction]>([
    ["exp"],
    ["log"],
    ["log1p"],
    ["expm1"],
    ["softplus"],
    ["sigmoid"],
    ["tanh"],
    ["sign"],
    ["step"],
    ["relu"],
    ["leakyRelu"],
    ["isPresent"],
    ["presentOrZero"],
    ["reciprocal"],
    ["negate"],
    ["abs"],
    ["sqrt"],
    ["square"],
  ])("%s at zero, infinity, NaN and the ends of the range", (name) => {
    elementwise(
      name,
      variant,
    )(special).forEach((found, i) => {
      const expected = unaryValue(name, special[i]);
      if (Number.isFinite(expected) && expected !== 0)
        expect(found / expected, `${name} ${special[i]}`).toBeCloseTo(1, 14);
      else expect(Object.is(found, expected), `${name} ${special[i]}: ${found}`).toBe(true);
    });
  });

  test.each<[UnaryFunction]>([["sin"], ["cos"]])("%s is the host's, lane by lane", (name) => {
    const kernel = elementwise(name, variant);
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 50, noNaN: true }), { minLength: 1, maxLength: 20 }), (x) => {
        expect([...kernel(x)]).toEqual(x.map((value) => unaryValue(name, value)));
      }),
      { numRuns: 20 },
    );
  });

  // Of digamma near its zero at 1.46 only the absolute error is small: it is the difference of larger numbers.
  test.each<[UnaryFunction, number, number]>([
    ["logGamma", 1e-14, 0],
    ["digamma", 1e-14, 1e-15],
    ["trigamma", 1e-14, 0],
    ["logBesselI0", 1e-14, 0],
    ["besselRatio", 1e-14, 0],
  ])("%s is that of a table to %d", (name, relative, absolute) => {
    const rows = specialFunctionTable[name];
    const found = elementwise(name, variant)(rows.map(([x]) => x));
    rows.forEach(([x, expected], i) => {
      expect(Math.abs(found[i] - expected), `${name} ${x}`).toBeLessThanOrEqual(
        relative * Math.abs(expected) + absolute,
      );
    });
  });

  test.each<[UnaryFunction]>([["logGamma"], ["digamma"], ["trigamma"], ["logBesselI0"], ["besselRatio"]])(
    "%s at poles and infinity",
    (name) => {
      const x = [0, -0, -1, -2, -3, Infinity, -Infinity, NaN, 1, 2, 1e300, Number.MIN_VALUE];
      elementwise(
        name,
        variant,
      )(x).forEach((found, i) => {
        const expected = unaryValue(name, x[i]);
        if (Number.isFinite(expected) && expected !== 0) {
          expect(found / expected, `${name} ${x[i]}`).toBeCloseTo(1, 14);
        } else expect(found + 0, `${name} ${x[i]}`).toBe(expected + 0);
      });
    },
  );
});
