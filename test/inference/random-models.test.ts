import fc from "fast-check";
import { describe, test } from "vitest";
import { deriveProgram } from "../../src/compile/index.js";
import { verifyPlan } from "../../src/ir/verify-plan.js";
import { staticModel, type StaticModelCase } from "../arbitraries/static-model.js";
import { answerRow, placesOf, sizeOf } from "../oracles/enumeration.js";
import { columns, randomWorld, stored } from "../oracles/random-world.js";
import { isSmall, modelOf } from "../support/random-models.js";
import { closeTo, neverFalls } from "../support/close-to.js";
import { InterpretedProgram } from "../support/interpreted-program.js";

const runs = process.env["GENC_SLOW"] === undefined ? 150 : 2000;

function prepare(one: StaticModelCase, rows: number) {
  const model = modelOf(one.text);
  const world = randomWorld(model, one.sizes, one.seed, rows);
  const program = deriveProgram(model);
  return { model, world, program, run: new InterpretedProgram(program, one.sizes, columns(world), rows) };
}

describe("random static models against enumeration", () => {
  test("likelihood and posteriors", () => {
    fc.assert(
      fc.property(staticModel({ priors: false, missing: true, weights: true }), (one) => {
        const rows = 4;
        const { model, world, program, run } = prepare(one, rows);
        for (const fn of [program.logDensity, program.eStep, program.posterior].flatMap((v) => Object.values(v)))
          verifyPlan(fn, "derivation");
        fc.pre(isSmall(model, one.sizes));
        const answers = [...Array(rows).keys()].map((row) => answerRow(model, world, row));
        const parameters = stored(world.parameters);
        closeTo(
          run.logDensity(parameters),
          answers.map((answer) => answer.logDensity),
          1e-9,
          "log density",
        );
        const posterior = run.posterior(parameters);
        for (const latent of model.variables.filter((variable) => variable.role === "latent")) {
          const size = latent.domain.kind === "category" ? sizeOf(world, latent.domain.categories) : 2;
          const want: number[] = [];
          for (const answer of answers)
            for (const place of placesOf(model, world, latent))
              for (let value = 0; value < size; value++)
                want.push(
                  answer.posterior
                    .filter(({ assignment }) => assignment[[latent.name, ...place].join("/")] === value)
                    .reduce((sum, { probability }) => sum + probability, 0),
                );
          closeTo(posterior[latent.name]!, want, 1e-9, `posterior of ${latent.name}`);
        }
      }),
      { numRuns: runs },
    );
  });

  test("EM never lowers the objective", () => {
    fc.assert(
      fc.property(staticModel({ priors: true, missing: true, weights: true }), (one) => {
        const rows = 12;
        const { model, world, run } = prepare(one, rows);
        fc.pre(isSmall(model, one.sizes));
        neverFalls(run, stored(world.parameters), rows);
      }),
      { numRuns: runs },
    );
  });
});
