import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import { buildRecipe, planEnvironment, planRecipe } from "../../arbitraries/plan.js";
import { runLoops } from "./run-loops.js";

function expectClose(found: Float64Array, expected: Float64Array): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, i) => {
    if (Number.isNaN(value)) expect(found[i]).toBeNaN();
    else if (!Number.isFinite(value)) expect(found[i]).toBe(value);
    else expect(Math.abs(found[i] - value)).toBeLessThanOrEqual(1e-11 * (1 + Math.abs(value)));
  });
}

test.prop([planRecipe(12), fc.boolean()], { numRuns: 1500 })("loops of random plans equal the interpreter", (recipe, fold) => {
  const { builder, pool } = buildRecipe(recipe, fold);
});
