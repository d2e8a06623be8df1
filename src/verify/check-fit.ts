import { interpretPlan } from "../ir/interpret-plan.js";
import type { EmProgram } from "../ir/program.js";
import type { CheckResult } from "./check-result.js";
import { drawProblem, tinySizes, trainerColumns, type RandomProblem } from "./random-problem.js";
import type { Columns, MakeTrainer, VerifiableTrainer } from "./verifiable-trainer.js";

const rows = 2000;
const manyRestarts = 8;
/** Keeps spreads from collapsing, at next to no cost to the objective. */
const smallRidge = 1e-8;
/** For what the ridge takes away, and the last gains below the tolerance of the fit. */
const allowance = 0.1;

/** Fits data drawn from the model: the objective never falls, and ends no lower than at the parameters of the draws. */
export async function checkFit(
  { model, logPrior }: EmProgram,
  makeTrainer: MakeTrainer,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): Promise<readonly CheckResult[]> {
  const sizes = tinySizes(model, given);
  const problem = drawProblem(model, { sizes, rows, seed });
  return fitOf(logPrior, makeTrainer, problem, trainerColumns(model, problem), `${rows} drawn rows`, seed);
}

/** The same for given draws. */
export async function fitOf(
  logPrior: EmProgram["logPrior"],
  makeTrainer: MakeTrainer,
  { sizes, parameters }: Pick<RandomProblem, "sizes" | "parameters">,
  data: Columns,
  what: string,
  seed: number,
  restarts = manyRestarts,
): Promise<readonly CheckResult[]> {
  const trainer = makeTrainer(sizes);
  const { trace, objective } = await trainer.fit(data, { seed, restarts, ridge: smallRidge });
  trainer.dispose();
  const reference = makeTrainer(sizes);
  reference.setParameters(parameters);
  const { logLikelihood } = await reference.score(data);
  reference.dispose();
  const prior = interpretPlan(logPrior, { sizes, rows: 1, inputs: { parameter: parameters } });
  const truth = logLikelihood + (prior["logPrior"]?.[0] ?? NaN);
  return [
    neverFalls("objective never falls", trace, what),
    {
      name: "fit explains drawn data as the truth does",
      outcome: objective >= truth - allowance ? "passed" : "failed",
      detail: `objective ${objective.toFixed(3)}, at the parameters of the draws ${truth.toFixed(3)}`,
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
