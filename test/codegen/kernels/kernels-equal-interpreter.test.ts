import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { deriveProgram } from "../../../src/compile/index.js";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import type { PlanEnvironment } from "../../../src/ir/interpret-plan.js";
import { PlanBuilder } from "../../../src/ir/plan-builder.js";
import type { PlanFunction } from "../../../src/ir/plan.js";
import { buildRecipe, planEnvironment, planRecipe, planSizes } from "../../arbitraries/plan.js";
import { columns, randomWorld, stored } from "../../oracles/random-world.js";
import { modelOf } from "../../support/random-models.js";
import { toKernelIr } from "../../../src/codegen/kernels/lower-kernel.js";
import { mentions } from "../../../src/codegen/kernels/polynomial.js";
import { expressionsOf, forEachExpression, forEachStatement } from "../../../src/codegen/kernels/walk-kernel.js";
import { runKernel } from "./run-kernel.js";

function expectClose(found: Float64Array, expected: Float64Array): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, i) => {
    if (Number.isNaN(value)) expect(found[i]).toBeNaN();
    else if (!Number.isFinite(value)) expect(found[i]).toBe(value);
    else expect(Math.abs(found[i] - value)).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(value)));
  });
}

/** The environment of random plans with more rows, some of them incomplete; never a multiple of the lanes. */
function manyRows(rows: number): PlanEnvironment {
  const base = planEnvironment();
  const { D, K } = planSizes;
  const noise = (seed: number): number => {
    const value = Math.sin(12.9898 * (seed + 1)) * 43758.5453;
    return 2 * (value - Math.floor(value)) - 1;
  };
  return {
    ...base,
    rows,
    inputs: {
      ...base.inputs,
      data: {
        x: Float64Array.from({ length: rows * D }, (_, i) => (i % 7 === 4 ? NaN : noise(100 + i))),
        label: Float64Array.from({ length: rows }, (_, i) => (i % 5 === 1 ? NaN : i % K)),
      },
    },
  };
}

function expectEqual(fn: PlanFunction, environment: PlanEnvironment): boolean {
  const found = runKernel(fn, environment);
  if (found === undefined) return false;
  const expected = interpretPlan(fn, environment);
  for (const outputs of found) for (const { name } of fn.outputs) expectClose(outputs[name], expected[name]);
  return true;
}

const rowCounts = fc.constantFrom(1, 3, 8, 13, 21);

test.prop([planRecipe(12), fc.boolean(), rowCounts], { numRuns: 100 })(
  "kernels of random plans equal the interpreter, every node an output",
  (recipe, fold, rows) => {
    const { builder, pool, total } = buildRecipe(recipe, new PlanBuilder({ fold }));
    pool.forEach((id, i) => builder.output(`node${i}`, id));
    builder.output("total", total, []);
    expectEqual(builder.build("random"), manyRows(rows));
  },
);

test.prop([planRecipe(12), rowCounts], { numRuns: 100 })(
  "kernels of random plans equal the interpreter, fused into one total",
  (recipe, rows) => {
    const { builder, total } = buildRecipe(recipe);
    builder.output("total", total, []);
    expectEqual(builder.build("random"), manyRows(rows));
  },
);

describe("sums of exponentials of extreme numbers", () => {
  const extreme = fc.oneof(
    fc.constantFrom(-Infinity, NaN, 0, -708, -709, -745, -746, 709, 710, -5000),
    fc.double({ min: -800, max: 800, noNaN: true }),
  );
  test.prop([fc.array(extreme, { minLength: 3, maxLength: 30 })])("are as the plan says", (numbers) => {
    const rows = Math.floor(numbers.length / 3);
    const builder = new PlanBuilder({ fold: false });
    builder.axis("n", { kind: "rows" });
    builder.axis("k", { kind: "literal", value: 3 });
    const x = builder.input("data", "x", ["n", "k"]);
    builder.output("logSum", builder.logSumExp(x, ["k"]), ["n"]);
    builder.output("shares", builder.softmax(x, ["k"]), ["n", "k"]);
    const data = { x: Float64Array.from(numbers.slice(0, 3 * rows)) };
    expect(expectEqual(builder.build("extreme"), { sizes: {}, rows, inputs: { data } })).toBe(true);
  });
});

describe("loops that run two turns at once", () => {
  const text = (covariance: string): string => `model Mixture {
    size K, D
    param weights: Simplex[K]
    param mean[K]: Vector[D]
    param covariance[K]: ${covariance}
    each n {
      latent z: Category[K] ~ Categorical(weights)
      observe x: Vector[D]? ~ Normal(mean[z], covariance[z])
    }
  }`;
  test.each([
    ["Cov[D]", 1],
    ["Cov[D]", 2],
    ["Cov[D]", 3],
    ["Cov[D]", 4],
    ["Cov[D]", 7],
    ["Diag[D]", 1],
    ["Diag[D]", 4],
    ["LowRank[D, 2]", 5],
  ])("a mixture with covariance %s, D = %i", (covariance, D) => {
    const model = modelOf(text(covariance));
    const program = deriveProgram(model);
    const sizes = { K: 3, D };
    const rows = 19;
    for (const [fn, missing] of [
      [program.eStep.complete, 0],
      [program.eStep.incomplete ?? program.eStep.complete, 0.4],
    ] as const) {
      const world = randomWorld(model, sizes, 11 + D, rows, missing);
      const inputs = { parameter: stored(world.parameters), data: columns(world) };
      expect(expectEqual(fn, { sizes, rows, inputs })).toBe(true);
    }
  });
});

test("a weighted residual is multiplied once for its sum and its sum of squares", () => {
  const text = `model Mixture {
    size K, D
    param weights: Simplex[K]
    param mean[K]: Vector[D]
    param variance[K]: Diag[D]
    each n {
      latent z: Category[K] ~ Categorical(weights)
      observe x: Vector[D] ~ Normal(mean[z], variance[z])
    }
  }`;
  const kernel = toKernelIr(deriveProgram(modelOf(text)).eStep.complete);
  const rows = kernel.segments.flatMap((segment) => (segment.kind === "rows" ? segment.body : []));
  /** Multiplications, squares among them, of the statements of each innermost loop that adds to two totals. */
  const products: number[] = [];
  forEachStatement(rows, (statement) => {
    if (statement.kind !== "for" || statement.body.filter(({ kind }) => kind === "updateStore").length < 2) return;
    let count = 0;
    for (const inner of statement.body)
      for (const expression of expressionsOf(inner))
        forEachExpression(expression, (part) => {
          if (part.kind === "binary" && part.function === "multiply") count += 1;
          if (part.kind === "unary" && part.function === "square") count += 1;
        });
    products.push(count);
  });
  // w e, and that times e.
  expect(products).toEqual([2]);
});

describe("loops around what is picked", () => {
  const text = `model Answers {
    size K, D, V
    param weights: Simplex[K]
    param probability[K, D]: Simplex[V]
    each n {
      latent z: Category[K] ~ Categorical(weights)
      each j in D {
        observe x: Category[V]? ~ Categorical(probability[z, j])
      }
    }
  }`;
  test.each([
    [1, 1],
    [2, 3],
    [4, 2],
  ])("answers to D = %i questions with V = %i choices", (D, V) => {
    const model = modelOf(text);
    const program = deriveProgram(model);
    const sizes = { K: 3, D, V };
    const rows = 19;
    for (const [fn, missing] of [
      [program.eStep.complete, 0],
      [program.eStep.incomplete ?? program.eStep.complete, 0.4],
    ] as const) {
      const world = randomWorld(model, sizes, 5 + D, rows, missing);
      const inputs = { parameter: stored(world.parameters), data: columns(world) };
      expect(expectEqual(fn, { sizes, rows, inputs })).toBe(true);
    }
  });

  test("make a number a place once for all values of the latent", () => {
    const kernel = toKernelIr(deriveProgram(modelOf(text)).eStep.complete);
    const rows = kernel.segments.flatMap((segment) => (segment.kind === "rows" ? segment.body : []));
    const loopsOf: number[][] = [];
    forEachStatement(rows, (statement, loops) => {
      for (const expression of expressionsOf(statement))
        forEachExpression(expression, (part) => {
          if (part.kind !== "pick") return;
          const isRead = (variable: string): boolean => {
            let found = false;
            forEachExpression(part.position, (inner) => {
              if (inner.kind === "load" && mentions(inner.index, variable)) found = true;
            });
            return found;
          };
          loopsOf.push(loops.map(({ variable }) => (isRead(variable) ? 1 : 0)));
        });
    });
    expect(loopsOf).toEqual([[1, 0]]);
  });
});

test("most random plans are kernels", () => {
  const recipes = fc.sample(planRecipe(8), { numRuns: 60, seed: 5 });
  const without = recipes.filter(({ steps }) => steps.every(({ step }) => !step.startsWith("draw")));
  const kernels = without.filter((recipe) => {
    const { builder, total } = buildRecipe(recipe);
    builder.output("total", total, []);
    return runKernel(builder.build("random"), planEnvironment()) !== undefined;
  });
  expect(kernels.length).toBe(without.length);
});
