import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import type { PlanEnvironment } from "../../../src/ir/interpret-plan.js";
import { PlanBuilder } from "../../../src/ir/plan-builder.js";
import type { PlanFunction } from "../../../src/ir/plan.js";
import { buildRecipe, planEnvironment, planRecipe, planSizes } from "../../arbitraries/plan.js";
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
