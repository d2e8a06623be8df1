import type { EmMethods, Tensors } from "../description.js";
import { zeros } from "../data/blocks.js";
import type { RowSource } from "../data/row-source.js";
import { weightOf } from "../data/row-source.js";
import { NonFiniteError, OptionError } from "../errors.js";
import { boundShape, product } from "../extents.js";
import { HostTurns, Interrupted } from "../host-turn.js";
import { degreesOfFreedom } from "../parameter-space.js";
import type { FitWarning } from "../warnings.js";
import { warnings } from "../warnings.js";
import { prepare, startedRun } from "./em-fit.js";
import type { PreparedFit } from "./em-fit.js";
import type { EmRun } from "./em-run.js";
import { mStep, settingsOf } from "./em-steps.js";
import type { FitEvent, FitResult } from "./fit-events.js";
import type { ResolvedFitOptions } from "./fit-options.js";
import { scoreOf, type FitOutcome } from "./fit-result.js";
import { MovingStatistics, TailAverage } from "./moving-statistics.js";
import type { StepwiseRows } from "./stepwise-rows.js";

/** Batches before the first M-step: their statistics alone would be too few. */
const SKIPPED_BATCHES = 2;
/** Decay of the weight of a new batch: rho_i = (i + 2)^-DECAY. */
const DECAY = 0.6;
/** Iterations on the leading rows by which starts are compared. */
const START_ITERATIONS = 5;

/**
 * Stepwise EM: after every batch the running statistics move towards those of the batch, s = (1 - rho_i) s + rho_i s_i
 * with rho_i = (i + 2)^-0.6, and an M-step follows. The result is the M-step of the average over the last half of the
 * batches, or somewhat more. The likelihood may fall from one batch to the next; what the fit is worth is told by rows that
 * it has not seen.
 *
 * Batches are taken as they come, so rows should be in no particular order.
 *
 * @source Cappé and Moulines 2009, "On-line expectation-maximization algorithm for latent data models"; Polyak and
 *   Juditsky 1992 for the average
 */
export async function* fitStepwise(
  methods: EmMethods,
  rows: StepwiseRows,
  options: ResolvedFitOptions,
): AsyncGenerator<FitEvent<Tensors>, FitOutcome, undefined> {
  const began = performance.now();
  refuse(methods, options);
  const fit = await prepare(methods, rows.leading, { ...options, maxIterations: START_ITERATIONS });
  yield {
    kind: "start",
    model: methods.description.name,
    rows: fit.data.rows,
    restarts: fit.restarts,
    sizes: fit.data.sizes,
  };
  for (const warning of fit.warnings) yield { kind: "warning", ...warning };
  const start = yield* bestStart(fit);
  const learner = new Learner(fit, rows, start.best.parameters);
  let stopped: FitResult["stopped"] = "maxIterations";
  const trace: number[] = [];
  let seen = 0;
  try {
    for (let epoch = 0; epoch < options.epochs; epoch++) {
      const epochBegan = learner.total;
      for await (const batch of learner.epoch(options.batchSize ?? 1, epoch + 1 === options.epochs)) {
        yield { kind: "iteration", restart: start.restart, iteration: learner.steps, ...batch };
      }
      trace.push(learner.total.logLikelihood - epochBegan.logLikelihood);
      seen = learner.total.rows - epochBegan.rows;
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    if (learner.steps === 0) throw options.signal?.reason ?? error;
    stopped = "aborted";
  }
  const parameters = await learner.result();
  const seconds = (performance.now() - began) / 1000;
  const result = await summarise(fit, rows, parameters, { start, stopped, trace, seen, seconds, steps: learner.steps });
  const late = [...learner.warnings, ...result.late];
  for (const warning of late) yield { kind: "warning", ...warning };
  const whole = { ...result.result, warnings: [...fit.warnings, ...late] };
  yield { kind: "end", result: whole };
  return { result: whole, late };
}

function refuse({ description }: EmMethods, options: ResolvedFitOptions): void {
  const [byGradient] = description.gradientBlocks;
  if (byGradient !== undefined) {
    const { parameters, reason } = byGradient;
    throw new OptionError(
      "batchSize",
      "a model whose parameters all have closed updates",
      `${parameters.join(", ")}, learned by gradients (${reason})`,
    );
  }
  if (options.resume !== undefined) throw new OptionError("resume", "nothing beside batchSize", "a state");
}

/** Starts on the leading rows, the best of them after a few iterations. */
async function* bestStart(fit: PreparedFit): AsyncGenerator<FitEvent<Tensors>, EmRun, undefined> {
  let best: EmRun | undefined;
  let failure: Error | undefined;
  for (let restart = 0; restart < fit.restarts; restart++) {
    const run = await startedRun(fit, restart, fit.restarts === 1 ? 0 : START_ITERATIONS);
    if (run instanceof Error) {
      failure = run;
      continue;
    }
    yield { kind: "restart", restart, start: run.start };
    if (best === undefined || run.best.objective > best.best.objective) best = run;
  }
  if (best === undefined) throw failure ?? new Error("no start was made");
  return best;
}

interface Progress {
  readonly rows: number;
  readonly weight: number;
  readonly logLikelihood: number;
}

/** What is learned so far. */
class Learner {
  readonly warnings: FitWarning[] = [];
  /** Batches learned from. */
  steps = 0;
  /** Rows gone through, and their log-likelihood, each at the parameters that it was met with. */
  total: Progress = { rows: 0, weight: 0, logLikelihood: 0 };
  private batch: Progress = { rows: 0, weight: 0, logLikelihood: 0 };
  private statistics: Tensors;
  private readonly running: MovingStatistics;
  private readonly average: TailAverage;
  private readonly shapes: Readonly<Record<string, number>>;
  private readonly turns: HostTurns;

  constructor(
    private readonly fit: PreparedFit,
    private readonly rows: StepwiseRows,
    private parameters: Tensors,
  ) {
    const { methods, sizes } = fit.context.runner;
    this.shapes = Object.fromEntries(
      methods.description.statistics.map(({ name, shape }) => [name, product(boundShape(shape, sizes))]),
    );
    this.statistics = zeros(this.shapes);
    const recentre = (statistics: Tensors, from: Tensors, to: Tensors): void =>
      methods.recentreStatistics?.(sizes, statistics, to, from);
    this.running = new MovingStatistics(recentre);
    this.average = new TailAverage(recentre);
    this.turns = new HostTurns(fit.options.signal);
  }

  /** One pass; tells of every batch once it is learned. Rows that do not fill a batch wait for the next pass. */
  async *epoch(
    batchRows: number,
    isLast: boolean,
  ): AsyncGenerator<{ readonly objective: number; readonly meanLogLikelihood: number }> {
    const { methods, sizes, source } = this.fit.context.runner;
    const logLikelihood = new Float64Array(1);
    for await (const block of this.rows.pass()) {
      logLikelihood[0] = 0;
      await methods.eStep(sizes, this.parameters, block, { ...this.statistics, logLikelihood });
      if (!Number.isFinite(logLikelihood[0])) {
        throw new NonFiniteError("log-likelihood", this.steps + 1, logLikelihood[0]);
      }
      let weight = 0;
      for (let row = 0; row < block.rows; row++) weight += weightOf(source, block, row);
      const part = { rows: block.rows, weight, logLikelihood: logLikelihood[0] };
      this.batch = sumOf(this.batch, part);
      this.total = sumOf(this.total, part);
      await this.turns.give();
      if (this.batch.rows >= batchRows) yield await this.learn(1);
    }
    if (isLast && this.batch.rows > 0) yield await this.learn(this.batch.rows / batchRows);
  }

  /** @param fullness of the batch: a part of one counts for that part */
  private async learn(fullness: number): Promise<{ readonly objective: number; readonly meanLogLikelihood: number }> {
    const { weight, logLikelihood } = this.batch;
    const rate = fullness * (this.steps + 2) ** -DECAY;
    this.running.move(scaled(this.statistics, 1 / weight), this.parameters, rate);
    this.steps++;
    if (this.steps > SKIPPED_BATCHES) {
      this.average.add(this.running.statistics, this.parameters);
      this.parameters = await this.maximise(this.running.statistics, this.parameters);
    }
    this.statistics = zeros(this.shapes);
    this.batch = { rows: 0, weight: 0, logLikelihood: 0 };
    const meanLogLikelihood = logLikelihood / weight;
    return { objective: meanLogLikelihood * this.totalWeight(), meanLogLikelihood };
  }

  async result(): Promise<Tensors> {
    const averaged = this.average.finish();
    if (averaged !== undefined) return this.maximise(averaged.statistics, averaged.centre);
    // So few batches that there was no M-step yet.
    return this.maximise(this.running.statistics, this.parameters);
  }

  /** Priors and ridges weigh against all rows, as far as they are known. */
  private async maximise(statistics: Tensors, centre: Tensors): Promise<Tensors> {
    const { context } = this.fit;
    const collected: FitWarning[] = [];
    const settings = settingsOf(context, collected, context.fixed);
    const updated = await mStep(context.runner, scaled(statistics, this.totalWeight()), centre, settings);
    for (const warning of collected) {
      if (!this.warnings.some(({ message }) => message === warning.message)) this.warnings.push(warning);
    }
    return updated;
  }

  private totalWeight(): number {
    return this.rows.count()?.totalWeight ?? this.total.weight;
  }
}

function sumOf(a: Progress, b: Progress): Progress {
  return { rows: a.rows + b.rows, weight: a.weight + b.weight, logLikelihood: a.logLikelihood + b.logLikelihood };
}

function scaled(statistics: Tensors, factor: number): Tensors {
  return Object.fromEntries(
    Object.entries(statistics).map(([name, values]) => [name, values.map((value) => value * factor)]),
  );
}

interface Finished {
  readonly start: EmRun;
  readonly stopped: FitResult["stopped"];
  readonly trace: readonly number[];
  /** Rows of the last pass. */
  readonly seen: number;
  readonly seconds: number;
  readonly steps: number;
}

async function summarise(
  { context, options, data }: PreparedFit,
  rows: StepwiseRows,
  parameters: Tensors,
  { start, stopped, trace, seen, seconds, steps }: Finished,
): Promise<FitOutcome> {
  const { description } = context.runner.methods;
  const late: FitWarning[] = [];
  if (stopped === "aborted") late.push(warnings.interrupted(steps));
  const again = rows.again();
  const score = async (
    source: RowSource,
  ): Promise<{ rows: number; logLikelihood: number; meanLogLikelihood: number }> =>
    scoreOf(context, source, parameters);
  const count = rows.count();
  const weight = count?.totalWeight ?? data.totalWeight;
  const learned =
    again === undefined
      ? {
          rows: count?.rows ?? seen,
          logLikelihood: trace.at(-1) ?? NaN,
          meanLogLikelihood: (trace.at(-1) ?? NaN) / weight,
        }
      : await score(again.learned);
  if (again === undefined) late.push(warnings.estimatedLogLikelihood());
  const freedom = degreesOfFreedom(
    description.parameters.filter(({ name }) => !context.fixed.has(name)),
    data.sizes,
  );
  const result: FitResult<Tensors> = {
    ...learned,
    parameters,
    objective: learned.logLikelihood,
    iterations: steps,
    converged: false,
    stopped,
    seconds,
    secondsPerIteration: seconds / Math.max(1, steps),
    degreesOfFreedom: freedom,
    aic: -2 * learned.logLikelihood + 2 * freedom,
    bic: -2 * learned.logLikelihood + freedom * Math.log(weight),
    trace,
    warnings: [],
    seed: options.seed,
    restarts: [
      {
        restart: start.restart,
        start: start.start,
        iterations: steps,
        objective: learned.logLikelihood,
        converged: false,
      },
    ],
    ...(again?.heldOut === undefined ? {} : { holdout: await score(again.heldOut) }),
  };
  return { result, late };
}
