import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import { adjoints, runPasses } from "../../src/ir/passes/index.js";
import { PlanBuilder } from "../../src/ir/plan-builder.js";
import type { PlanFunction } from "../../src/ir/plan.js";
import { verifyPlan } from "../../src/ir/verify-plan.js";
import type { PlanRecipe } from "../arbitraries/plan.js";
import { buildRecipe, planEnvironment, planRecipe, stepNames } from "../arbitraries/plan.js";

/** Every node of a recipe as an output, stored along all its axes in the unfolded function. */
function functionOf(recipe: PlanRecipe, fold: boolean): PlanFunction {
  const { builder, pool, parameters, total } = buildRecipe(recipe, new PlanBuilder({ fold }));
  const plain = buildRecipe(recipe, new PlanBuilder({ fold: false }));
  plain.pool.forEach((id, i) => builder.output(`node${i}`, pool[i], plain.builder.axesOf(id)));
  const [gradient] = adjoints(builder, total, [parameters.loadings]);
  builder.output("total", total, []);
  builder.output("gradient", gradient, ["k", "d"]);
  return builder.build("random");
}

function expectSameValues(actual: PlanFunction, expected: PlanFunction): void {
  const [values, oracle] = [actual, expected].map((fn) => interpretPlan(fn, planEnvironment()));
  expect(Object.keys(values)).toEqual(Object.keys(oracle));
  for (const [name, cells] of Object.entries(oracle)) {
    const scale = cells.reduce((most, cell) => Math.max(most, Math.abs(cell)), 1);
    cells.forEach((cell, i) => {
      const difference = Math.abs(values[name][i] - cell) / scale;
      expect(difference, `${name}[${i}]: ${values[name][i]} instead of ${cell}`).toBeLessThan(1e-12);
    });
  }
}

function check(recipe: PlanRecipe): void {
  const plain = functionOf(recipe, false);
  verifyPlan(plain);
  const folded = functionOf(recipe, true);
  verifyPlan(folded);
  expectSameValues(folded, plain);
  expectSameValues(runPasses(folded, { verify: true }), plain);
  expectSameValues(runPasses(plain, { verify: true }), plain);
}

describe("folding and passes keep values", () => {
  it.each(stepNames)("%s", (step) => {
    for (const [first, second] of [
      [0, 1],
      [2, 3],
      [3, 0],
      [1, 2],
      [0, 0],
    ]) {
      check({
        steps: [
          { step, first, second },
          { step, first: 0, second: 3 },
        ],
      });
    }
  });
  it("of random functions", () => {
    fc.assert(fc.property(planRecipe(), check), { numRuns: 150 });
  });
});
