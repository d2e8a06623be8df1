import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import { adjoints } from "../../src/ir/passes/differentiate.js";
import type { PlanBuilder } from "../../src/ir/plan-builder.js";
import type { NodeId } from "../../src/ir/plan.js";
import { verifyPlan } from "../../src/ir/verify-plan.js";
import { buildRecipe, planEnvironment, planParameters, planRecipe, stepNames } from "../arbitraries/plan.js";
import type { PlanRecipe } from "../arbitraries/plan.js";

const parameterAxes = { scalar: [], table: ["k"], loadings: ["k", "d"] } as const;
type ParameterName = keyof typeof parameterAxes;
const names: readonly ParameterName[] = ["scalar", "table", "loadings"];

/** A fixed direction in the space of parameters. */
function direction(name: ParameterName, length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.cos(1 + 2.3 * i + names.indexOf(name)));
}

function moved(step: number): Record<string, Float64Array> {
  const start = planParameters();
  return Object.fromEntries(
    names.map((name) => {
      const along = direction(name, start[name].length);
      return [name, start[name].map((value, i) => value + step * along[i])];
    }),
  );
}

/** Sum over parameters of gradient * direction. */
function directional(values: Record<string, Float64Array>): number {
  return names.reduce((total, name) => {
    const along = direction(name, values[name].length);
    return total + values[name].reduce((sum, value, i) => sum + value * along[i], 0);
  }, 0);
}

/** Derivative along the direction at 0 by Richardson's extrapolation; undefined where a kink is too near to tell. */
function slope(value: (step: number) => number): number | undefined {
  const central = (h: number): number => (value(h) - value(-h)) / (2 * h);
  const [coarse, fine] = [central(2e-4), central(1e-4)];
  if (Math.abs(coarse - fine) > 1e-5 * (1 + Math.abs(fine))) return undefined;
  return (4 * fine - coarse) / 3;
}

/** sum over parameters of (d node / d parameter) * direction, as a node. */
function directionalNode(b: PlanBuilder, node: NodeId, parameters: Readonly<Record<string, NodeId>>): NodeId {
  const gradients = adjoints(
    b,
    node,
    names.map((name) => parameters[name]),
  );
  return gradients
    .map((gradient, i) => {
      const axes = parameterAxes[names[i]];
      return b.contract([gradient, b.input("table", names[i], axes)], axes);
    })
    .reduce((left, right) => b.plus(left, right));
}

const directions = Object.fromEntries(names.map((name) => [name, direction(name, planParameters()[name].length)]));

function checkFirst(recipe: PlanRecipe): void {
  const { builder, parameters, total } = buildRecipe(recipe);
  const gradients = adjoints(
    builder,
    total,
    names.map((name) => parameters[name]),
  );
  builder.output("value", total, []);
  names.forEach((name, i) => builder.output(name, gradients[i], parameterAxes[name]));
  const fn = builder.build("gradient");
  verifyPlan(fn);
  const valueOnly = { ...fn, outputs: fn.outputs.slice(0, 1), nodes: fn.nodes.slice(0, fn.outputs[0].node + 1) };
  const measured = slope((step) => interpretPlan(valueOnly, planEnvironment(moved(step))).value[0]);
  fc.pre(measured !== undefined);
  const derived = directional(interpretPlan(fn, planEnvironment()));
  expect(Math.abs(derived - measured) / (1 + Math.abs(measured))).toBeLessThan(1e-6);
}

function checkSecond(recipe: PlanRecipe): void {
  const { builder, parameters, total } = buildRecipe(recipe);
  const first = directionalNode(builder, total, parameters);
  const second = directionalNode(builder, first, parameters);
  builder.output("first", first, []);
  builder.output("second", second, []);
  const fn = builder.build("curvature");
  verifyPlan(fn);
  const environment = (step: number) => {
    const plain = planEnvironment(moved(step));
    return { ...plain, inputs: { ...plain.inputs, table: directions } };
  };
  const firstOnly = { ...fn, outputs: fn.outputs.slice(0, 1), nodes: fn.nodes.slice(0, fn.outputs[0].node + 1) };
  const measured = slope((step) => interpretPlan(firstOnly, environment(step)).first[0]);
  fc.pre(measured !== undefined);
  const derived = interpretPlan(fn, environment(0)).second[0];
  expect(Math.abs(derived - measured) / (1 + Math.abs(measured))).toBeLessThan(1e-6);
}

describe("adjoints of every operation agree with central differences", () => {
  for (const step of stepNames) {
    it(step, () => {
      for (const [first, second] of [
        [0, 1],
        [3, 2],
        [1, 0],
      ]) {
        const recipe = {
          steps: [
            { step, first, second },
            { step, first: 0, second: 3 },
          ],
        };
        checkFirst(recipe);
        checkSecond({ steps: recipe.steps.slice(0, 1) });
      }
    });
  }
});

describe("adjoints of random functions", () => {
  it("agree with central differences", () => {
    fc.assert(fc.property(planRecipe(), checkFirst), { numRuns: 70 });
  });
  it("can be differentiated again", () => {
    fc.assert(fc.property(planRecipe(5), checkSecond), { numRuns: 40 });
  });
});
