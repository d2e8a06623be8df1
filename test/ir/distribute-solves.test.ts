import { describe, expect, test } from "vitest";
import { deriveProgram } from "../../src/compile/index.js";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import { distributeSolves } from "../../src/ir/passes/distribute-solves.js";
import type { PlanFunction } from "../../src/ir/plan.js";
import { verifyPlan } from "../../src/ir/verify-plan.js";
import { columns, randomWorld, stored } from "../oracles/random-world.js";
import { modelOf } from "../support/random-models.js";

const text = (covariance: string, index: string): string => `model Mixture {
  size K, D
  param weights: Simplex[K]
  param mean[K]: Vector[D]
  param covariance${covariance}: Cov[D]
  each n {
    latent z: Category[K] ~ Categorical(weights)
    observe x: Vector[D] ~ Normal(mean[z], covariance${index})
  }
}`;
const shared = modelOf(text("", ""));
const sizes = { K: 3, D: 4 };

/** Axes of the solutions of triangular systems. */
function solved(fn: PlanFunction): readonly string[] {
  return fn.nodes
    .filter(({ operation }) => operation.kind === "triangularSolve")
    .map(({ axes }) => axes.join(" "))
    .sort();
}

describe("a covariance that all components share", () => {
  const before = deriveProgram(shared).eStep.complete;
  const after = distributeSolves(before);

  test("is solved with for the rows and for the components apart", () => {
    expect(solved(before)).toEqual(["n z x.0'"]);
    expect(solved(after)).toEqual(["n x.0'", "z x.0'"]);
    verifyPlan(after);
  });

  test.each([
    [0, 1e-12],
    // The data itself has no more digits: 1e6 takes 6 of 16.
    [1e6, 1e-9],
  ])("gives the same statistics, also %d from the origin", (offset, tolerance) => {
    const world = randomWorld(shared, sizes, 7, 40);
    const data = { x: columns(world).x.map((value) => value + offset) };
    const own = stored(world.parameters);
    const parameter = { ...own, mean: own.mean.map((value) => value + offset) };
    const environment = { sizes, rows: 40, inputs: { parameter, data } };
    const expected = interpretPlan(before, environment);
    const found = interpretPlan(after, environment);
    for (const { name } of before.outputs) {
      const scale = expected[name].reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      expected[name].forEach((value, i) => {
        expect(Math.abs(found[name][i] - value), `${name}[${i}]`).toBeLessThan(tolerance * scale);
      });
    }
  });
});

test("covariances of their own stay as they are", () => {
  const before = deriveProgram(modelOf(text("[K]", "[z]"))).eStep.complete;
  expect(distributeSolves(before).nodes).toEqual(before.nodes);
});
