import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import { PlanBuilder } from "../../../src/ir/plan-builder.js";
import { buildRecipe, planEnvironment, planRecipe } from "../../arbitraries/plan.js";
import { runLoops } from "./run-loops.js";

const runs = process.env["GENC_SLOW"] === undefined ? 300 : 5000;

function expectClose(found: Float64Array, expected: Float64Array): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, i) => {
    if (Number.isNaN(value)) expect(found[i]).toBeNaN();
    else if (!Number.isFinite(value)) expect(found[i]).toBe(value);
    else expect(Math.abs(found[i] - value)).toBeLessThanOrEqual(1e-11 * (1 + Math.abs(value)));
  });
}

test.prop([planRecipe(12), fc.boolean()], { numRuns: runs })(
  "loops of random plans equal the interpreter, every node an output",
  (recipe, fold) => {
    const { builder, pool, total } = buildRecipe(recipe, new PlanBuilder({ fold }));
    pool.forEach((id, i) => builder.output(`node${i}`, id));
    builder.output("total", total, []);
    const fn = builder.build("random");
    const expected = interpretPlan(fn, planEnvironment());
    const found = runLoops(fn, planEnvironment());
    for (const output of fn.outputs) expectClose(found[output.name], expected[output.name]);
  },
);

test.prop([planRecipe(12), fc.constantFrom(1, 2, 4)], { numRuns: runs })(
  "loops of random plans equal the interpreter, fused into one total, by one row or several",
  (recipe, lanes) => {
    const { builder, pool, total } = buildRecipe(recipe);
    builder.output("total", total, []);
    builder.output("last", pool[pool.length - 1]);
    const fn = builder.build("random");
    const found = runLoops(fn, planEnvironment(), { lanes, fromDepth: 0 });
    const expected = interpretPlan(fn, planEnvironment());
    for (const name of ["total", "last"]) expectClose(found[name], expected[name]);
  },
);
