import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { Evaluation } from "../../src/numerics/lbfgs.js";
import { maximise, minimise } from "../../src/numerics/lbfgs.js";

function rosenbrock(x: Float64Array): Evaluation {
  const gradient = new Float64Array(x.length);
  let value = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const bend = x[i + 1] - x[i] ** 2;
    value += 100 * bend ** 2 + (1 - x[i]) ** 2;
    gradient[i] += -400 * x[i] * bend - 2 * (1 - x[i]);
    gradient[i + 1] += 200 * bend;
  }
  return { value, gradient };
}

describe("minimise", () => {
  it("finds the minimum of Rosenbrock's valley at (1, …, 1)", () => {
    const result = minimise(rosenbrock, Float64Array.of(-1.2, 1, -1.2, 1), { iterations: 500 });
    for (const x of result.point) expect(x).toBeCloseTo(1, 7);
  });

  test.prop([
    fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 2, maxLength: 6 }),
    fc.integer({ min: 1, max: 30 }),
  ])("never ends higher than a shorter run", (start, iterations) => {
    const point = Float64Array.from(start);
    const short = minimise(rosenbrock, point, { iterations });
    const long = minimise(rosenbrock, point, { iterations: iterations + 1 });
    expect(short.value).toBeLessThanOrEqual(rosenbrock(point).value);
    expect(long.value).toBeLessThanOrEqual(short.value);
    expect(rosenbrock(long.point).value).toBe(long.value);
  });

  it("steps back from where the function is not finite", () => {
    // x - log x has its minimum at 1 and is NaN below 0.
    const result = minimise(
      ([x]) => ({ value: x - Math.log(x), gradient: Float64Array.of(1 - 1 / x) }),
      Float64Array.of(0.001),
    );
    expect(result.point[0]).toBeCloseTo(1, 8);
  });

  it("stays at a stationary start", () => {
    const result = minimise(([x]) => ({ value: x * x, gradient: Float64Array.of(2 * x) }), Float64Array.of(0));
    expect(result).toMatchObject({ iterations: 0, reason: "gradient" });
  });
});

it("maximises a concave function", () => {
  const result = maximise(
    ([x, y]) => ({
      value: -((x - 3) ** 2) - 1e4 * (y + 1) ** 2,
      gradient: Float64Array.of(-2 * (x - 3), -2e4 * (y + 1)),
    }),
    Float64Array.of(0, 0),
  );
  expect(result.value).toBeCloseTo(0, 12);
  expect(result.point[0]).toBeCloseTo(3, 8);
  expect(result.point[1]).toBeCloseTo(-1, 8);
});
