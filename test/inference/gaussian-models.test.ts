import fc from "fast-check";
import { describe, test } from "vitest";
import { deriveProgram } from "../../src/compile/index.js";
import { classify } from "../../src/inference/classify.js";
import { verifyPlan } from "../../src/ir/verify-plan.js";
import { gaussianModel, type GaussianModelCase } from "../arbitraries/gaussian-model.js";
import { placesOf, sizeOf } from "../oracles/enumeration.js";
import { answerGaussianRow, type GaussianAnswer } from "../oracles/joint-gaussian.js";
import { columns, randomWorld, stored } from "../oracles/random-world.js";
import { closeTo, neverFalls } from "../support/close-to.js";
import { InterpretedProgram } from "../support/interpreted-program.js";
import { modelOf } from "../support/random-models.js";

const runs = process.env["GENC_SLOW"] === undefined ? 40 : 2000;

function prepare(one: GaussianModelCase, rows: number) {
  const model = modelOf(one.text);
  const world = randomWorld(model, one.sizes, one.seed, rows);
  const verdict = classify(model);
  fc.pre(verdict.kind === "exact" && verdict.stacked.length === 0);
  const program = deriveProgram(model);
  return { model, world, program, run: new InterpretedProgram(program, one.sizes, columns(world), rows) };
}

/** Mean and covariance of one latent at one place, over all assignments. */
function marginal(answer: GaussianAnswer, key: string): { mean: number[]; covariance: number[] } {
  const at = answer.entries.flatMap((entry, i) => (entry.slice(0, entry.lastIndexOf(":")) === key ? [i] : []));
  const mean = at.map((i) => answer.cases.reduce((sum, one) => sum + one.probability * one.mean[i]!, 0));
  const covariance = at.flatMap((i, a) =>
    at.map((j, b) =>
      answer.cases.reduce(
        (sum, one) =>
          sum + one.probability * (one.covariance[i]![j]! + (one.mean[i]! - mean[a]!) * (one.mean[j]! - mean[b]!)),
        0,
      ),
    ),
  );
  return { mean, covariance };
}

describe("random static models with Gaussian latents against the joint Gaussian", () => {
  test("likelihood, posteriors and missing values", () => {
    fc.assert(
      fc.property(gaussianModel({ missing: true, weights: true, priors: false }), (one) => {
        const rows = 3;
        const { model, world, program, run } = prepare(one, rows);
        for (const fn of [program.logDensity, program.eStep, program.posterior].flatMap((v) => Object.values(v)))
          verifyPlan(fn, "derivation");
        const answers = [...Array(rows).keys()].map((row) => answerGaussianRow(model, world, row));
        const parameters = stored(world.parameters);
        closeTo(
          run.logDensity(parameters),
          answers.map((answer) => answer.logDensity),
          1e-9,
          "log density",
        );
        const posterior = run.posterior(parameters);
        for (const latent of model.variables.filter((variable) => variable.role === "latent")) {
          const keys = placesOf(model, world, latent).map((place) => [latent.name, ...place].join("/"));
          if (latent.domain.kind === "real") {
            const moments = answers.flatMap((answer) => keys.map((key) => marginal(answer, key)));
            closeTo(
              posterior[latent.name]!,
              moments.flatMap(({ mean }) => mean),
              1e-8,
              `mean of ${latent.name}`,
            );
            closeTo(
              posterior[`covariance.${latent.name}`]!,
              moments.flatMap(({ covariance }) => covariance),
              1e-8,
              `covariance of ${latent.name}`,
            );
            continue;
          }
          const size = latent.domain.kind === "category" ? sizeOf(world, latent.domain.categories) : 2;
          const want = answers.flatMap((answer) =>
            keys.flatMap((key) =>
              [...Array(size).keys()].map((value) =>
                answer.cases
                  .filter(({ assignment }) => assignment[key] === value)
                  .reduce((sum, { probability }) => sum + probability, 0),
              ),
            ),
          );
          closeTo(posterior[latent.name]!, want, 1e-8, `posterior of ${latent.name}`);
        }
        if (program.impute === undefined) return;
        const imputed = run.run(program.impute, parameters);
        for (const variable of model.variables.filter(({ optional }) => optional)) {
          const keys = placesOf(model, world, variable).map((place) => [variable.name, ...place].join("/"));
          const want = answers.flatMap((answer) =>
            keys.flatMap((key) =>
              answer.observed.flatMap((own, i) =>
                own === key ? [answer.cases.reduce((sum, one) => sum + one.probability * one.filled[i]!, 0)] : [],
              ),
            ),
          );
          closeTo(imputed[variable.name]!, want, 1e-8, `imputed ${variable.name}`);
        }
      }),
      { numRuns: runs },
    );
  });

  test("EM never lowers the objective", () => {
    fc.assert(
      fc.property(gaussianModel({ missing: true, weights: true, priors: true }), (one) => {
        const rows = 12;
        const { world, run } = prepare(one, rows);
        neverFalls(run, stored(world.parameters), rows);
      }),
      { numRuns: runs },
    );
  });
});
