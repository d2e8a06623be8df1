import type { EmMethods, Sizes, Tensors } from "../description.js";
import type { RowBlock, RowSource } from "../data/row-source.js";
import type { EntryMoments } from "../data/variance.js";
import { variancesOf } from "../data/variance.js";
import { CollapsedComponentError, DataError, NonFiniteError } from "../errors.js";
import { HostTurns, Interrupted } from "../host-turn.js";
import { readParameters } from "../parameter-values.js";
import type { FitWarning } from "../warnings.js";
import { warnings } from "../warnings.js";
import { EmRun } from "./em-run.js";
import type { RunContext } from "./em-steps.js";
import { mStep, settingsOf } from "./em-steps.js";
import { BlockRunner } from "./evaluation.js";
import type { FitEvent } from "./fit-events.js";
import type { FitRows } from "./fit-rows.js";
import type { ResolvedFitOptions } from "./fit-options.js";
import type { FitState } from "./fit-state.js";
import { checkState, storeTensors } from "./fit-state.js";
import type { FitOutcome } from "./fit-result.js";
import { summariseFit } from "./fit-result.js";
import { initialGuess, literalParameters, PERTURBATION } from "./initial-guess.js";
import type { StartMethod } from "./start-tables.js";
import { startFactorTables } from "./start-factors.js";
import { startPartitions, startTables } from "./start-tables.js";

const DEFAULT_RESTARTS = 8;
const FACTOR_RESTARTS = 3;
/** Iterations after which the runs are compared. */
const SHORT_ITERATIONS = 20;
/** Part of the short runs that are continued, and their least number. */
const CONTINUED = { fraction: 1 / 4, least: 2 };
/** Up to so many values in the data all runs are continued: the best end is not seldom that of a slow beginning. */
const SMALL_DATA = 50_000;
/** Posteriors that differ less than this between rows cannot tell components apart. */
const INFORMATIVE = 1e-6;

/**
 * Fits by EM: short runs from several starts, the best of which (of small data, all) go on until they have converged;
 * the best objective wins.
 *
 * @source Biernacki, Celeux and Govaert 2003, "Choosing starting values for the EM algorithm", section 3.3 (em-EM)
 */
export async function* fitByEm(
  methods: EmMethods,
  rows: FitRows,
  options: ResolvedFitOptions,
): AsyncGenerator<FitEvent<Tensors>, FitOutcome, undefined> {
  const started = performance.now();
  const fit = await prepare(methods, rows, options);
  yield {
    kind: "start",
    model: methods.description.name,
    rows: fit.data.rows,
    restarts: fit.restarts,
    sizes: fit.data.sizes,
  };
  for (const warning of fit.warnings) yield { kind: "warning", ...warning };
  const outcome = yield* runAll(fit);
  const summary = await summariseFit(fit.context, fit.data, fit.heldOut, options, {
    ...outcome,
    warnings: fit.warnings,
    seconds: (performance.now() - started) / 1000,
  });
  for (const warning of summary.late) yield { kind: "warning", ...warning };
  yield { kind: "end", result: summary.result };
  return summary;
}

/** What is known before the first run. */
export interface PreparedFit {
  readonly context: RunContext;
  readonly options: ResolvedFitOptions;
  readonly data: RowSource;
  readonly heldOut: RowSource | undefined;
  readonly restarts: number;
  /** Of each observed variable. */
  readonly moments: Readonly<Record<string, EntryMoments>>;
  /** Literals and start values. */
  readonly known: Tensors;
  readonly start: "tables" | "posterior" | "parameters";
  readonly warnings: FitWarning[];
}

export async function prepare(
  methods: EmMethods,
  { learned, heldOut, survey }: FitRows,
  options: ResolvedFitOptions,
): Promise<PreparedFit> {
  const { description } = methods;
  if (learned.rows === 0) throw new DataError("empty", `${description.name} has no rows to learn from.`);
  const { sizes } = learned;
  const { moments, latents, factors } = survey;
  const runner = new BlockRunner(methods, learned, new HostTurns(options.signal));
  const init = typeof options.init === "string" ? {} : readParameters(description, sizes, options.init);
  const literals = literalParameters(description, sizes);
  const known = { ...init, ...literals };
  const fixed = new Set([...options.fix, ...Object.keys(literals)]);
  const context: RunContext = {
    runner,
    latents,
    factors,
    ridge: options.ridge,
    dataVariance: variancesOf(moments),
    fixed,
    // The prior of a parameter that does not move is a constant; with no other, there is nothing to maximise in it.
    usePrior: description.parameters.some(({ name, hasPrior }) => hasPrior && !fixed.has(name)),
    tolerance: options.tolerance,
    maxIterations: options.maxIterations,
    accelerate: options.accelerate,
    isStartGiven: description.parameters.every(({ name }) => known[name] !== undefined),
    reseed: options.emptyComponents === "reseed",
  };
  const found: FitWarning[] = [];
  for (const variable of description.variables) {
    const moment = moments[variable.name];
    if (moment === undefined) continue;
    if (moment.absent.length > 0) {
      found.push(warnings.missingColumn(variable.name, moment.absent, moment.variance.length === 1));
    }
    if (variable.domain !== "real" || moment.constant.length === 0) continue;
    found.push(warnings.constantColumn(variable.name, moment.constant, moment.variance.length === 1));
  }
  for (const { variable, values, map } of latents) {
    const items = learned.rows * map.itemsPerRow;
    if (values > items) found.push(warnings.moreComponentsThanRows(variable.name, values, items));
  }
  if (
    options.ridge > 0 &&
    !description.hasRidge &&
    description.options["ridge"] === undefined &&
    options.ridge !== 1e-6
  ) {
    found.push(warnings.ridgeWithoutEffect());
  }
  const start = await startOf(context, moments, known, Object.keys(init).length > 0, options);
  const varies =
    start === "tables" && (latents.length > 0 || factors.length > 0 || description.gradientBlocks.length > 0);
  return {
    context,
    options,
    data: learned,
    heldOut,
    restarts: varies ? (options.restarts ?? defaultRestarts(context)) : 1,
    moments,
    known,
    start,
    warnings: found,
  };
}

/**
 * parameters: all are given · posterior: what is given tells the components apart, so that the others follow from an
 * E-step at a guess · tables: starts are made from the data.
 */
async function startOf(
  context: RunContext,
  moments: PreparedFit["moments"],
  known: Tensors,
  hasInit: boolean,
  options: ResolvedFitOptions,
): Promise<PreparedFit["start"]> {
  const { runner, latents } = context;
  const { description } = runner.methods;
  if (description.parameters.every(({ name }) => known[name] !== undefined)) return "parameters";
  if (!hasInit || latents.length === 0) return "tables";
  const guess = initialGuess(description, runner.sizes, moments, known, options.seed, 0);
  const first = new Map<string, Float64Array>();
  for await (const block of runner.source.blocks()) {
    const posterior = await runner.posterior(guess, block);
    for (const { variable, values } of latents) {
      const table = posterior[variable.name];
      if (!table.every(Number.isFinite)) return "tables";
      const reference = first.get(variable.name) ?? table.slice(0, values);
      first.set(variable.name, reference);
      if (table.some((p, i) => Math.abs(p - reference[i % values]) > INFORMATIVE)) return "posterior";
    }
  }
  return "tables";
}

interface AllRuns {
  readonly runs: readonly EmRun[];
  readonly best: EmRun;
  readonly stopped: "converged" | "maxIterations" | "aborted";
}

async function* runAll(fit: PreparedFit): AsyncGenerator<FitEvent<Tensors>, AllRuns, undefined> {
  const { options, context } = fit;
  const runs: EmRun[] = [];
  const errors: Error[] = [];
  const shortIterations =
    fit.restarts === 1 ? options.maxIterations : Math.min(SHORT_ITERATIONS, options.maxIterations);
  const advance = (run: EmRun, until: number) => advanceRun(fit, runs, run, until, errors);
  try {
    if (options.resume !== undefined) await restoreRuns(fit, options.resume, runs);
    for (let restart = 0; restart < fit.restarts; restart++) {
      let run = runs[restart];
      if (run === undefined) {
        const start = startMethod(fit, restart);
        yield { kind: "restart", restart, start };
        const begun = await beginRun(fit, restart, start).catch(recoverable);
        if (begun instanceof Error) {
          errors.push(begun);
          fit.warnings.push(warnings.restartFailed(restart, begun.message));
          yield { kind: "warning", ...warnings.restartFailed(restart, begun.message) };
          // A place is kept, so that a restart's number stays its index.
          run = EmRun.failed(context, restart, start, begun.message);
          runs.push(run);
          continue;
        }
        run = begun;
        runs.push(run);
      }
      yield* advance(run, shortIterations);
      if (run.status !== "failed") run.shortObjective();
    }
    const values = fit.data.rows * Object.values(fit.data.widths).reduce((sum, width) => sum + width, 0);
    const fraction = values <= SMALL_DATA ? 1 : CONTINUED.fraction;
    const count = Math.max(CONTINUED.least, Math.ceil(fit.restarts * fraction));
    const ranked = runs
      .filter((run) => run.status !== "failed")
      .sort((a, b) => b.shortObjective() - a.shortObjective() || a.restart - b.restart);
    for (const run of ranked.slice(0, count)) yield* advance(run, options.maxIterations);
    const best = bestOf(runs);
    if (best === undefined) throw errors[0] ?? new Error("no run was begun");
    return { runs, best, stopped: best.status === "converged" ? "converged" : "maxIterations" };
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    const best = bestOf(runs);
    // Nothing to keep: the caller's own reason says why.
    if (best === undefined) throw options.signal?.reason ?? error;
    yield { kind: "checkpoint", state: stateOf(fit, runs) };
    return { runs, best, stopped: "aborted" };
  }
}

function bestOf(runs: readonly EmRun[]): EmRun | undefined {
  let best: EmRun | undefined;
  for (const run of runs) {
    if (run.status === "failed") continue;
    if (best === undefined || run.best.objective > best.best.objective) best = run;
  }
  return best;
}

async function* advanceRun(
  fit: PreparedFit,
  runs: readonly EmRun[],
  run: EmRun,
  until: number,
  errors: Error[],
): AsyncGenerator<FitEvent<Tensors>, void, undefined> {
  const { checkpointEvery, signal } = fit.options;
  while (run.status === "running" && run.iteration < until) {
    if (signal?.aborted === true) throw new Interrupted();
    const known = run.warnings.length;
    const began = await run.step().catch(recoverable);
    if (began instanceof Error) {
      errors.push(began);
      run.fail(began.message);
      fit.warnings.push(warnings.restartFailed(run.restart, began.message));
      yield { kind: "warning", ...warnings.restartFailed(run.restart, began.message) };
      return;
    }
    yield {
      kind: "iteration",
      restart: run.restart,
      iteration: run.iteration,
      objective: began.objective,
      meanLogLikelihood: began.logLikelihood / fit.data.totalWeight,
    };
    for (const warning of run.warnings.slice(known)) yield { kind: "warning", ...warning };
    if (checkpointEvery > 0 && run.iteration % checkpointEvery === 0) {
      yield { kind: "checkpoint", state: stateOf(fit, runs) };
    }
  }
}

/** What only this restart dies of. */
function recoverable(error: unknown): Error {
  if (error instanceof CollapsedComponentError || error instanceof NonFiniteError) return error;
  throw error;
}

/** Likelihoods of mixtures have many maxima, those of factor models few. */
function defaultRestarts({ latents, factors }: RunContext): number {
  if (latents.length > 0) return DEFAULT_RESTARTS;
  return factors.length > 0 ? FACTOR_RESTARTS : 1;
}

function startMethod(fit: PreparedFit, restart: number): StartMethod | "parameters" {
  const { latents, factors } = fit.context;
  if (fit.start !== "tables" || (latents.length === 0 && factors.length === 0)) return "parameters";
  const clustered = fit.options.init !== "random" && restart % 2 === 0;
  if (clustered) return latents.length === 0 ? "principal axes" : "kmeans++";
  const turn = fit.options.init === "random" ? restart : Math.floor(restart / 2);
  return turn % 2 === 0 ? "random partition" : "random tables";
}

/** A start and a few iterations from it, for whoever goes on from there by other means; the error it dies of. */
export async function startedRun(fit: PreparedFit, restart: number, iterations: number): Promise<EmRun | Error> {
  try {
    const run = await beginRun(fit, restart, startMethod(fit, restart));
    while (run.iteration < iterations && run.status === "running") await run.step();
    return run;
  } catch (error) {
    return recoverable(error);
  }
}

/** A start whose gradient-learned parameters are too far out for the data's scale is tried again nearer to the guess. */
async function beginRun(fit: PreparedFit, restart: number, start: StartMethod | "parameters"): Promise<EmRun> {
  for (const shrink of [1, 1e-2, 1e-4]) {
    const begun = await beginNear(fit, restart, start, shrink * PERTURBATION).catch(recoverable);
    if (!(begun instanceof Error)) return begun;
    if (!(begun instanceof NonFiniteError)) throw begun;
  }
  return beginNear(fit, restart, start, 0);
}

async function beginNear(
  fit: PreparedFit,
  restart: number,
  start: StartMethod | "parameters",
  perturbation: number,
): Promise<EmRun> {
  const { context, options, known } = fit;
  const { runner, latents, factors } = context;
  const { description } = runner.methods;
  const guess = initialGuess(description, runner.sizes, fit.moments, known, options.seed, restart, perturbation);
  // What is merely fixed takes part in the start; what is given does not move.
  const fixedInStart = new Set(Object.keys(known));
  if (fit.start === "parameters") return EmRun.begin(context, restart, "parameters", guess, undefined, fixedInStart);
  if (fit.start === "posterior") {
    const evaluation = await runner.evaluate(guess, settingsOf(context, [], fixedInStart), false);
    const updated = await mStep(runner, evaluation.statistics, guess, settingsOf(context, [], fixedInStart));
    return EmRun.begin(context, restart, "parameters", updated, undefined, fixedInStart);
  }
  const method = start === "parameters" ? "kmeans++" : start;
  const partitions = startPartitions(latents, method, options.seed, restart);
  const discrete = startTables(latents, partitions, options.seed, restart);
  const gaussian = startFactorTables(factors, partitions, method, options.seed, restart);
  const tables = (block: RowBlock): Tensors => ({ ...discrete(block), ...gaussian(block) });
  return EmRun.begin(context, restart, start, guess, tables, fixedInStart);
}

async function restoreRuns(fit: PreparedFit, state: FitState, runs: EmRun[]): Promise<void> {
  checkState(state, fit.context.runner.methods.description, fit.options.seed, fit.data);
  for (const stored of state.runs) {
    const run =
      stored.status === "failed"
        ? EmRun.failed(fit.context, stored.restart, stored.start, stored.failure ?? "")
        : await EmRun.resume(fit.context, stored);
    runs.push(run);
    if (run.failure !== undefined) fit.warnings.push(warnings.restartFailed(run.restart, run.failure));
  }
}

function stateOf(fit: PreparedFit, runs: readonly EmRun[]): FitState {
  const { description } = fit.context.runner.methods;
  const sizes: Sizes = fit.data.sizes;
  return {
    format: "genc.fit-state/1",
    model: description.name,
    sourceHash: description.sourceHash,
    seed: fit.options.seed,
    rows: fit.data.rows,
    totalWeight: fit.data.totalWeight,
    sizes,
    runs: runs.map((run) => run.store()),
    best: storeTensors(bestOf(runs)?.best.parameters ?? {}),
  };
}
