import type { Tensors } from "../description.js";
import { weightOf, type RowSource } from "../data/row-source.js";
import { HostTurns } from "../host-turn.js";
import { degreesOfFreedom } from "../parameter-space.js";
import type { FitWarning } from "../warnings.js";
import { warnings } from "../warnings.js";
import { narrowCovariance } from "./collapse.js";
import type { EmRun } from "./em-run.js";
import type { RunContext } from "./em-steps.js";
import { settingsOf } from "./em-steps.js";
import { emptyComponents } from "./empty-components.js";
import { equalComponents } from "./equal-components.js";
import { BlockRunner, type Evaluation } from "./evaluation.js";
import type { FitResult } from "./fit-events.js";
import type { ResolvedFitOptions } from "./fit-options.js";

/** The result, with the warnings that were found in making it. */
export interface FitOutcome {
  readonly result: FitResult<Tensors>;
  readonly late: readonly FitWarning[];
}

interface FinishedRuns {
  readonly runs: readonly EmRun[];
  readonly best: EmRun;
  readonly stopped: "converged" | "maxIterations" | "aborted";
  readonly warnings: readonly FitWarning[];
  readonly seconds: number;
}

/** A covariance within this factor of the narrowest that the ridge allows is held up by it. */
const AT_RIDGE = 10;
/** A variance of a factor model within this factor would be 0 without the ridge: its maximum is flat there. */
const NEAR_ZERO = 1000;
const AIC_FACTOR = 2;

/** Evaluates the best run's parameters and says what should be known of them. */
export async function summariseFit(
  context: RunContext,
  data: RowSource,
  heldOut: RowSource | undefined,
  options: ResolvedFitOptions,
  finished: FinishedRuns,
): Promise<FitOutcome> {
  const { best, runs, seconds, stopped } = finished;
  const { methods } = context.runner;
  const { description } = methods;
  const { parameters, trace, objective } = best.best;
  // After an abort, the summary must not be interrupted as well.
  const runner = new BlockRunner(methods, data, new HostTurns());
  const quiet: RunContext = { ...context, runner };
  const evaluation =
    best.evaluation.parameters === parameters
      ? best.evaluation
      : await runner.evaluate(parameters, settingsOf(quiet, [], context.fixed), false);
  const { logLikelihood } = evaluation;
  const learned = description.parameters.filter(({ name }) => !context.fixed.has(name));
  const freedom = degreesOfFreedom(learned, data.sizes);
  const late = await findings(quiet, best, evaluation, freedom, objective - logLikelihood, stopped, options);
  const iterations = runs.reduce((total, run) => total + run.iteration, 0);
  const result: FitResult<Tensors> = {
    parameters,
    rows: data.rows,
    logLikelihood,
    meanLogLikelihood: logLikelihood / data.totalWeight,
    objective,
    iterations: trace.length,
    converged: stopped !== "aborted" && best.status === "converged",
    stopped,
    seconds,
    secondsPerIteration: seconds / Math.max(1, iterations),
    degreesOfFreedom: freedom,
    aic: -2 * logLikelihood + AIC_FACTOR * freedom,
    bic: -2 * logLikelihood + freedom * Math.log(data.totalWeight),
    trace,
    warnings: withoutRepeats([...finished.warnings, ...best.warnings, ...late]),
    seed: options.seed,
    restarts: runs.map((run) => ({
      restart: run.restart,
      start: run.start,
      iterations: run.iteration,
      objective: run.status === "failed" ? -Infinity : run.best.objective,
      converged: run.status === "converged",
      ...(run.failure === undefined ? {} : { failure: run.failure }),
    })),
    ...(heldOut === undefined ? {} : { holdout: await scoreOf(quiet, heldOut, parameters) }),
  };
  return { result, late };
}

async function findings(
  context: RunContext,
  best: EmRun,
  evaluation: Evaluation,
  freedom: number,
  penalty: number,
  stopped: FinishedRuns["stopped"],
  options: ResolvedFitOptions,
): Promise<FitWarning[]> {
  const { runner, latents } = context;
  const { parameters } = evaluation;
  const { description } = runner.methods;
  const { rows, totalWeight, sizes } = runner.source;
  const found: FitWarning[] = [];
  if (stopped === "aborted") found.push(warnings.interrupted(best.iteration));
  else if (best.status !== "converged") found.push(warnings.notConverged(best.iteration, Math.abs(best.lastGain)));
  if (rows < freedom) found.push(warnings.fewRows(rows, freedom));
  const ridged = description.hasRidge && options.ridge > 0;
  if (penalty !== 0) {
    const parts = [context.usePrior ? "the log prior" : "", ridged ? `the ridge penalty (ridge ${options.ridge})` : ""];
    found.push(warnings.objectiveDiffers(parts.filter((part) => part !== "").join(" and ")));
  }
  if (ridged) {
    const isFixed = (name: string): boolean => context.fixed.has(name);
    // What moves a state from one step to the next may well be far narrower than the data; the ridge of a latent is its own.
    const isFollowed = description.sequences !== undefined && context.factors.length > 0;
    const narrow = narrowCovariance(
      description,
      sizes,
      parameters,
      isFollowed ? atMostOne(context.dataVariance) : context.dataVariance,
      AT_RIDGE * options.ridge,
      isFixed,
    );
    if (narrow !== undefined) found.push(warnings.covarianceAtRidge(narrow.parameter, narrow.cell));
    else if (context.factors.length > 0 && !isFollowed) {
      const limit = NEAR_ZERO * options.ridge;
      const near = narrowCovariance(description, sizes, parameters, context.dataVariance, limit, isFixed);
      if (near !== undefined) found.push(warnings.varianceNearZero(near.parameter, near.cell));
    }
  }
  if (totalWeight > 0) {
    const empty = await emptyComponents(runner, evaluation, latents);
    for (const { variable } of latents) {
      const values = empty.filter(({ latent }) => latent.variable.name === variable.name).map(({ value }) => value);
      if (values.length > 0) found.push(warnings.emptyComponents(variable.name, values));
    }
  }
  const same = equalComponents(description, sizes, parameters, context.dataVariance);
  if (same !== undefined) found.push(warnings.equalComponents(same.size, same.first, same.second));
  return found;
}

function atMostOne(variances: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(variances).map(([name, values]) => [name, values.map((value) => Math.min(1, value))]),
  );
}

/** Log-likelihood of rows. */
export async function scoreOf(
  context: RunContext,
  source: RowSource,
  parameters: Tensors,
): Promise<{ rows: number; logLikelihood: number; meanLogLikelihood: number }> {
  const runner = new BlockRunner(context.runner.methods, source, new HostTurns());
  let logLikelihood = 0;
  await runner.eachLogDensity(parameters, (block, logDensity) => {
    for (let row = 0; row < block.rows; row++) logLikelihood += logDensity[row] * weightOf(source, block, row);
  });
  return { rows: source.rows, logLikelihood, meanLogLikelihood: logLikelihood / source.totalWeight };
}

function withoutRepeats(all: readonly FitWarning[]): readonly FitWarning[] {
  const seen = new Map(all.map((warning) => [`${warning.code} ${warning.message}`, warning]));
  return [...seen.values()];
}
