import { describe, expect, test } from "vitest";
import { deriveProgram } from "../../src/compile/index.js";
import { deriveInside } from "../../src/inference/derive.js";
import { eliminationOrder } from "../../src/inference/elimination-order.js";
import { deriveLikelihoodGradient } from "../../src/inference/queries/likelihood-gradient.js";
import { columns, randomWorld, stored } from "../oracles/random-world.js";
import { InterpretedProgram } from "../support/interpreted-program.js";
import { modelOf } from "../support/random-models.js";

/** Models whose parameters have no closed form: the spread is a product, or one parameter serves two densities. */
const models = {
  "a product of spreads": `model One {
    size D
    param w: Vector[D]
    param c: Vector[D]
    param s: Positive
    param t: Positive
    each n {
      latent a: Real ~ Normal(0, s)
      observe x: Vector[D]? ~ Normal(a * w + tanh(c), s * t)
    }
  }`,
  "a spread of two densities, and groups": `model Two {
    size D, K
    param p: Simplex[K]
    param W[K]: Matrix[D, D]
    param s[K]: Diag[D]
    each n {
      latent k: Category[K] ~ Categorical(p)
      latent z: Vector[D] ~ Normal(0.5, s[k])
      observe x: Vector[D]? ~ Normal(W[k] * z, s[k])
      observe y: Vector[D] ~ Normal(2 * z, 0.3)
    }
  }`,
} as const;

describe.each(Object.entries(models))("by gradient: %s", (_, text) => {
  // Fisher's identity: where the posterior is that of the same parameters, both gradients agree.
  test("the expected log-joint rises as the log-likelihood does", () => {
    const model = modelOf(text);
    const order = eliminationOrder(model);
    if (!order.ok) throw new Error("no order");
    const sizes = { D: 2, K: 2 };
    const rows = 4;
    const world = randomWorld(model, sizes, 7, rows);
    const program = deriveProgram(model);
    if (program.algorithm !== "em") throw new Error("not derived as EM");
    const run = new InterpretedProgram(program, sizes, columns(world), rows);
    const parameters = stored(world.parameters);
    const inside = deriveInside(
      model,
      order.steps.map(({ latent }) => latent),
    );
    const likelihood = run.run(deriveLikelihoodGradient(model, inside), parameters);
    const groups = program.updates.flatMap((update) => (update.kind === "gradient" ? [update] : []));
    expect(groups.length).toBeGreaterThan(0);
    for (const update of groups) {
      const expected = run.run(update.objective.incomplete ?? update.objective.complete, parameters, parameters);
      for (const name of update.parameters)
        expected[`gradient.${name}`]!.forEach((value, i) =>
          expect(value, `${name}[${i}]`).toBeCloseTo(likelihood[`gradient.${name}`]![i]!, 8),
        );
    }
  });
});
