import type { Model } from "../ir/model.js";
import type { CheckResult } from "./check-result.js";
import { drawProblem, tinySizes, type RandomProblem } from "./random-problem.js";

/** What the checks need of a trainer: the emitted class, whatever its types. */
export interface VerifiableTrainer {
  fit(data: unknown, options: Readonly<Record<string, unknown>>): PromiseLike<FittedSummary>;
  score(data: unknown): Promise<{ readonly meanLogLikelihood: number }>;
  setParameters(values: Readonly<Record<string, Float64Array>>): void;
}

interface FittedSummary {
  readonly trace: readonly number[];
  readonly degreesOfFreedom: number;
  readonly meanLogLikelihood: number;
}

const rows = 2000;

/** Fits data drawn from the model: the objective never falls, and the fit predicts new data as well as the truth does. */
export async function checkFit(
  model: Model,
  makeTrainer: (sizes: Readonly<Record<string, number>>) => VerifiableTrainer,
  seed: number,
): Promise<readonly CheckResult[]> {
  const sizes = tinySizes(model);
  const problem = drawProblem(model, { sizes, rows, seed });
  const heldOut = drawProblem(model, { sizes, rows, seed: seed + 1, parameters: problem.parameters });
  const trainer = makeTrainer(sizes);
  const fitted = await trainer.fit(observed(model, problem), { seed, restarts: 8 });
  const fall = fitted.trace.reduce((most, value, i) => Math.max(most, (fitted.trace[i - 1] ?? value) - value), 0);
  const reference = makeTrainer(sizes);
  reference.setParameters(problem.parameters);
  const truth = (await reference.score(observed(model, heldOut))).meanLogLikelihood;
  const found = (await trainer.score(observed(model, heldOut))).meanLogLikelihood;
  // A maximum-likelihood fit with p parameters is expected to lose p/2N per row on new data.
  const allowance = (4 * fitted.degreesOfFreedom) / (2 * rows);
  return [
    {
      name: "objective never falls",
      outcome: fall <= 1e-9 * rows ? "passed" : "failed",
      detail: `${fitted.trace.length} iterations on ${rows} drawn rows: largest fall ${fall.toExponential(1)}`,
    },
    {
      name: "fit of drawn data predicts as the truth does",
      outcome: found >= truth - allowance ? "passed" : "failed",
      detail: `mean log density of new rows ${found.toFixed(4)}, truth ${truth.toFixed(4)}, allowed loss ${allowance.toFixed(4)}`,
    },
  ];
}

/** Checks a fit of the user's own data: the objective never falls. */
export async function checkFitOfData(trainer: VerifiableTrainer, data: unknown, seed: number): Promise<CheckResult> {
  const fitted = await trainer.fit(data, { seed });
  const fall = fitted.trace.reduce((most, value, i) => Math.max(most, (fitted.trace[i - 1] ?? value) - value), 0);
  return {
    name: "objective never falls on the data",
    outcome: fall <= 1e-9 * Math.max(1, Math.abs(fitted.trace[0] ?? 1)) ? "passed" : "failed",
    detail: `${fitted.trace.length} iterations, mean log-likelihood ${fitted.meanLogLikelihood.toFixed(6)}: largest fall ${fall.toExponential(1)}`,
  };
}

function observed(model: Model, problem: RandomProblem): Record<string, unknown> {
  const weight = model.axes.find((axis) => axis.weight !== undefined)?.weight;
  const names = model.variables.filter(({ role }) => role !== "latent").map(({ name }) => name);
  return Object.fromEntries(
    [...names, ...(weight === undefined ? [] : [weight])].map((name) => [name, problem.data[name]]),
  );
}
