import type { Model } from "../ir/model.js";
import type { CheckResult } from "./check-result.js";
import { drawProblem, tinySizes, trainerColumns } from "./random-problem.js";
import type { Columns, MakeTrainer, VerifiableTrainer } from "./verifiable-trainer.js";

const rows = 2000;
const restarts = 8;

/** Fits data drawn from the model: the objective never falls, and the fit predicts new data as well as the truth does. */
export async function checkFit(
  model: Model,
  makeTrainer: MakeTrainer,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): Promise<readonly CheckResult[]> {
  const sizes = tinySizes(model, given);
  const problem = drawProblem(model, { sizes, rows, seed });
  const heldOut = drawProblem(model, { sizes, rows, seed: seed + 1, parameters: problem.parameters });
  const trainer = makeTrainer(sizes);
  const fitted = await trainer.fit(trainerColumns(model, problem), { seed, restarts });
  const reference = makeTrainer(sizes);
  reference.setParameters(problem.parameters);
  const truth = (await reference.score(trainerColumns(model, heldOut))).meanLogLikelihood;
  const found = (await trainer.score(trainerColumns(model, heldOut))).meanLogLikelihood;
  trainer.dispose();
  reference.dispose();
  // A maximum-likelihood fit with p parameters is expected to lose p/2N per row on new data.
  const allowance = (4 * fitted.degreesOfFreedom) / (2 * rows);
  return [
    neverFalls("objective never falls", fitted.trace, `${rows} drawn rows`),
    {
      name: "fit of drawn data predicts as the truth does",
      outcome: found >= truth - allowance ? "passed" : "failed",
      detail: `mean log-density of new rows ${found.toFixed(4)}, truth ${truth.toFixed(4)}, allowed loss ${allowance.toFixed(4)}`,
    },
  ];
}

/** Checks a fit of the user's own data: the objective never falls. */
export async function checkFitOfData(trainer: VerifiableTrainer, data: Columns, seed: number): Promise<CheckResult> {
  const { trace, meanLogLikelihood } = await trainer.fit(data, { seed });
  return neverFalls(
    "objective never falls on the data",
    trace,
    `the data, mean log-likelihood ${meanLogLikelihood.toFixed(6)}`,
  );
}

function neverFalls(name: string, trace: readonly number[], on: string): CheckResult {
  const fall = trace.reduce((most, value, i) => Math.max(most, (trace[i - 1] ?? value) - value), 0);
  const scale = trace.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return {
    name,
    outcome: fall <= 1e-9 * scale ? "passed" : "failed",
    detail: `${trace.length} iterations on ${on}: largest fall ${fall.toExponential(1)}`,
  };
}
