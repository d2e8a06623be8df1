import type { Tensors } from "../description.js";
import type { Dataset } from "../data/dataset.js";
import { selectRows, withoutWeightlessRows } from "../data/blocks.js";
import { DataError, OptionError } from "../errors.js";
import type { FitEvent } from "../fit/fit-events.js";
import { BatchWriter, dataMoments, heldOutRows, rateAt, shuffledRows } from "../elbo/batches.js";
import { DeviceLearner, deviceOf } from "../elbo/device-learner.js";
import { beginningOf, type DataMoments } from "../elbo/initial-parameters.js";
import { type LearnedStep, type Learner, type LearnerState, LoopLearner, type StepFunction } from "../elbo/learner.js";
import { NetworkLearner } from "../elbo/network-learner.js";
import { NoiseTables } from "../elbo/noise-tables.js";
import { base64Of, bytesOfBase64, restoreTensors, storeTensors } from "../elbo/step-state.js";
import { HostTurns, Interrupted } from "../host-turn.js";
import { degreesOfFreedom } from "../parameter-space.js";
import type { FitWarning } from "../warnings.js";
import { warnings } from "../warnings.js";
import type { AdversarialDescription, AdversarialMethods } from "./adversarial-description.js";
import type { AdversarialState, Comparison, ResolvedAdversarialOptions } from "./adversarial-options.js";
import { type CriticOutcome, Monitor } from "./monitor.js";
import type { SampleQuality } from "./sample-quality.js";

/** The outcome of a game: there is no likelihood, so draws are compared with the data. */
export interface AdversarialFitResult<P = unknown> {
  readonly parameters: P;
  readonly rows: number;
  readonly logLikelihood: null;
  readonly meanLogLikelihood: null;
  readonly bound: null;
  /** The critic's mean objective over the last epoch. */
  readonly objective: number;
  /** Epochs of the critic. */
  readonly iterations: number;
  /** Steps of the generator. */
  readonly steps: number;
  readonly converged: false;
  readonly stopped: "maxIterations" | "aborted";
  readonly seconds: number;
  readonly secondsPerIteration: number;
  readonly degreesOfFreedom: number;
  readonly aic: null;
  readonly bic: null;
  /** The critic's mean objective in each epoch. */
  readonly trace: readonly number[];
  /** Mean critic on data less that on draws, over the last epoch. */
  readonly criticGap: number;
  /** Squared maximum mean discrepancy between draws and data, unbiased: near 0 is good. */
  readonly discrepancy: number;
  /** Draws of the parameters that are kept against data: held-out rows where there are any, else rows learned from. */
  readonly quality: SampleQuality & { readonly against: "held out" | "learned from"; readonly rows: number };
  /** Draws against the same data at ends of epochs. */
  readonly comparisons: readonly Comparison[];
  /** The epoch whose parameters are kept. */
  readonly keptEpoch: number;
  readonly warnings: readonly FitWarning[];
  readonly seed: number;
  readonly restarts: readonly never[];
  readonly holdout?: undefined;
}

type Events = AsyncGenerator<FitEvent<Tensors, AdversarialFitResult<Tensors>, AdversarialState>, void, undefined>;

/** Plays the game: steps of the critic on data and draws, then one of the generator; the same seed, the same game. */
export async function* fitByGame(
  methods: AdversarialMethods,
  given: Dataset,
  options: ResolvedAdversarialOptions,
): Events {
  const learners: Learner[] = [];
  try {
    yield* play(methods, given, options, learners);
  } finally {
    for (const learner of learners) learner.release();
  }
}

async function* play(
  methods: AdversarialMethods,
  given: Dataset,
  options: ResolvedAdversarialOptions,
  learners: Learner[],
): Events {
  const began = performance.now();
  const { description } = methods;
  const { seed, criticSteps } = options;
  const weighted = withoutWeightlessRows(given);
  const held = heldOutRows(weighted.rows, options.holdout, seed);
  const data = selectRows(weighted, (row) => held[row] === 0);
  const isHeldOut = options.holdout > 0;
  if (data.rows === 0) throw new DataError("empty", "There are no rows to learn from.");
  const { sizes } = data;
  const batchSize = Math.min(options.batchSize, data.rows);
  const moments = dataMoments(description.variables, data);
  const values = beginningOf(description, sizes, seed, moments, options.init, (variable) =>
    isOrdinary(moments[variable]),
  );
  const { critic, generator } = await makeSides(methods, data, values, options);
  learners.push(critic, generator);
  const batchesPerEpoch = Math.max(1, Math.floor(data.rows / batchSize));
  const steps = options.steps ?? Math.max(1, Math.ceil((options.epochs * batchesPerEpoch) / criticSteps));
  const criticNoise = new NoiseTables(description, sizes, "criticStep", seed);
  const generatorNoise = new NoiseTables(description, sizes, "generatorStep", seed);
  const batches = new BatchWriter(data, description.variables, options);
  const monitor = new Monitor(methods, isHeldOut ? selectRows(weighted, (row) => held[row] === 1) : data, seed);
  const epochs = Math.floor((steps * criticSteps) / batchesPerEpoch);
  const compareEvery = options.comparisons === 0 ? Infinity : Math.max(1, Math.ceil(epochs / options.comparisons));
  const found: FitWarning[] = [];
  let comparisons: Comparison[] = [];
  let best: { readonly epoch: number; readonly parameters: Tensors } | undefined;
  let trace: number[] = [];
  let totals = [0, 0, 0, 0];
  let last: CriticOutcome | undefined;
  let step = 0;
  const identity = { engine: critic.name, seed, rows: data.rows, batchSize, criticSteps };
  if (options.resume !== undefined) {
    const state = options.resume;
    checkState(state, description, identity);
    ({ step } = state);
    trace = [...state.trace];
    totals = [...state.totals];
    critic.restore(learnerState(state.critic));
    generator.restore(learnerState(state.generator));
    critic.assign(restoreTensors(state.carried));
    if (Object.keys(state.average).length > 0) generator.restoreAverage(restoreTensors(state.average));
    comparisons = [...state.comparisons];
    ({ last } = state);
    if (state.best !== undefined) best = { ...state.best, parameters: restoreTensors(state.best.parameters) };
  }
  const carriedNow = async (): Promise<Tensors> => {
    const now = await critic.parameters();
    return Object.fromEntries(description.carried.map((name) => [name, now[name]]));
  };
  const stateNow = async (): Promise<AdversarialState> => ({
    format: "genc.adversarial-state/1",
    model: description.name,
    sourceHash: description.sourceHash,
    ...identity,
    step,
    critic: await storedLearner(critic),
    generator: await storedLearner(generator),
    carried: storeTensors(await carriedNow()),
    average: storeTensors(await generator.averaged()),
    trace: [...trace],
    totals: [...totals],
    comparisons: [...comparisons],
    ...(last === undefined ? {} : { last }),
    ...(best === undefined ? {} : { best: { ...best, parameters: storeTensors(best.parameters) } }),
  });
  const parametersNow = async (): Promise<Tensors> => ({
    ...(await critic.parameters()),
    ...(await generator.parameters()),
    ...corrected(await generator.averaged(), options.ema, step),
  });
  yield { kind: "start", model: description.name, rows: data.rows, restarts: 1, sizes };
  const turns = new HostTurns(options.signal);
  let stopped: AdversarialFitResult["stopped"] = "maxIterations";
  let order: Uint32Array | undefined;
  let orderOf = -1;
  let [criticWrittenFor, generatorWrittenFor] = [-1, -1];
  const orderFor = (batch: number): Uint32Array => {
    const epoch = Math.floor(batch / batchesPerEpoch);
    if (order === undefined || epoch !== orderOf) order = shuffledRows(data.rows, seed, epoch);
    orderOf = epoch;
    return order;
  };
  const writeCriticBatch = (batch: number): void => {
    const begin = (batch % batchesPerEpoch) * batchSize;
    const buffers = critic.batch(batchSize);
    const rows = orderFor(batch).subarray(begin, begin + batchSize);
    batches.write(rows, Math.floor(batch / batchesPerEpoch), buffers);
    criticNoise.fill(buffers.tables, batch);
    criticWrittenFor = batch;
  };
  /** Given variables are those of an epoch's first batch. */
  const writeGeneratorBatch = (at: number): void => {
    const buffers = generator.batch(batchSize);
    batches.write(orderFor(at * criticSteps + criticSteps - 1).subarray(0, batchSize), 0, buffers);
    generatorNoise.fill(buffers.tables, at);
    generatorWrittenFor = at;
  };
  try {
    while (step < steps) {
      const rate = rateAt(options, step / steps) / options.learningRate;
      for (let turn = 0; turn < criticSteps; turn++) {
        const batch = step * criticSteps + turn;
        if (criticWrittenFor !== batch) writeCriticBatch(batch);
        const settings = { rate: rate * options.criticRate, step: batch + 1, clip: Infinity };
        const isLastTurn = turn === criticSteps - 1;
        const outcome = await critic.step(batchSize, settings, () =>
          isLastTurn ? writeGeneratorBatch(step) : writeCriticBatch(batch + 1),
        );
        totals[0] += outcome["objective"];
        totals[1] += outcome["gap"];
        totals[2]++;
        totals[3] += Math.abs(outcome["gap"]);
        if ((batch + 1) % batchesPerEpoch === 0) {
          trace.push(totals[0] / totals[2]);
          last = meansOf(totals);
          const quality =
            trace.length % compareEvery === 0 && trace.length < epochs && step > 0
              ? await monitor.compare(await parametersNow())
              : undefined;
          if (quality !== undefined) {
            const isBest = comparisons.every(({ discrepancy }) => quality.discrepancy < discrepancy);
            comparisons.push({ epoch: trace.length, ...quality });
            if (options.keep === "best" && isBest) best = { epoch: trace.length, parameters: await parametersNow() };
          }
          yield {
            kind: "iteration",
            restart: 0,
            iteration: trace.length,
            objective: last.objective,
            meanLogLikelihood: last.gap,
            ...(quality === undefined ? {} : { quality }),
          };
          totals = [0, 0, 0, 0];
        }
      }
      if (generatorWrittenFor !== step) writeGeneratorBatch(step);
      const settings = { rate: rate * options.learningRate, step: step + 1, clip: Infinity };
      await generator.step(batchSize, settings, () => {
        if (step + 1 < steps) writeCriticBatch((step + 1) * criticSteps);
      });
      step++;
      if (options.ema > 0) generator.average(options.ema);
      if (options.checkpointEvery > 0 && step % options.checkpointEvery === 0)
        yield { kind: "checkpoint", state: await stateNow() };
      await turns.give();
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    stopped = "aborted";
    yield { kind: "checkpoint", state: await stateNow() };
  }
  if (totals[2] > 0) {
    last = meansOf(totals);
    if (trace.length === 0) trace.push(totals[0] / totals[2]);
  }
  if (stopped === "aborted") found.push(warnings.interrupted(trace.length));
  let parameters = await parametersNow();
  critic.release();
  generator.release();
  let quality = await monitor.compare(parameters);
  comparisons.push({ epoch: trace.length, ...quality });
  let keptEpoch = trace.length;
  const bestOf = comparisons.find(({ epoch }) => epoch === best?.epoch);
  if (best !== undefined && bestOf !== undefined && bestOf.discrepancy < quality.discrepancy) {
    ({ parameters } = best);
    quality = await monitor.compare(parameters);
    keptEpoch = best.epoch;
  }
  if (last !== undefined) found.push(...monitor.warningsOf(quality, last));
  const learned = description.parameters.filter(
    ({ name, fixed, asWritten }) =>
      fixed === undefined && asWritten === undefined && !description.carried.includes(name),
  );
  const seconds = (performance.now() - began) / 1000;
  yield {
    kind: "end",
    result: {
      parameters,
      rows: data.rows,
      logLikelihood: null,
      meanLogLikelihood: null,
      bound: null,
      objective: trace.at(-1) ?? NaN,
      iterations: trace.length,
      steps: step,
      converged: false,
      stopped,
      seconds,
      secondsPerIteration: seconds / Math.max(1, trace.length),
      degreesOfFreedom: degreesOfFreedom(learned, sizes),
      aic: null,
      bic: null,
      trace,
      criticGap: last?.gap ?? NaN,
      discrepancy: quality.discrepancy,
      quality: { ...quality, against: isHeldOut ? "held out" : "learned from", rows: monitor.count },
      comparisons,
      keptEpoch,
      warnings: found,
      seed,
      restarts: [],
    },
  };
}

async function makeSides(
  methods: AdversarialMethods,
  data: Dataset,
  values: Record<string, Float64Array>,
  options: ResolvedAdversarialOptions,
): Promise<{ readonly critic: Learner; readonly generator: Learner }> {
  const { description } = methods;
  const { sizes } = data;
  const fixed = new Set(options.fix);
  const isLearned = (name: string): boolean =>
    description.critic.includes(name) || description.generator.includes(name);
  const step = (name: string, outputs: readonly string[], own: readonly string[]): LearnedStep => ({
    name,
    outputs,
    owns: (parameter) => own.includes(parameter) && !fixed.has(parameter),
  });
  const criticStep = {
    ...step("criticStep", ["objective", "gap", "penalty"], description.critic),
    carried: description.carried,
  };
  const generatorStep = step("generatorStep", ["objective"], description.generator);
  const instance = methods.networks?.create(sizes, options.threads);
  if (instance !== undefined) {
    const learns = (name: string): boolean => isLearned(name) && !fixed.has(name);
    return {
      critic: new NetworkLearner(instance, description, criticStep, sizes, values, options, true, learns, {}),
      generator: new NetworkLearner(instance, description, generatorStep, sizes, values, options, false, learns, {}),
    };
  }
  const shared = { ...values };
  const device = await deviceOf(description, sizes, values);
  const loops = (learned: LearnedStep, run: StepFunction): Learner => {
    const noise = new NoiseTables(description, sizes, learned.name, options.seed);
    const shapes = { widths: data.widths, noise: (rows: number) => noise.lengths(rows) };
    if (device === undefined)
      return new LoopLearner(description, { ...learned, run }, sizes, shared, options, shapes, {});
    const { tf, weights } = device;
    return new DeviceLearner(tf, weights, description, { ...learned, run }, sizes, shared, options, shapes, {});
  };
  return {
    critic: loops(criticStep, (...given) => methods.criticStepOf(...given)),
    generator: loops(generatorStep, (...given) => methods.generatorStepOf(...given)),
  };
}

function meansOf([objective, gap, count, distance]: readonly number[]): CriticOutcome {
  return { objective: objective / count, gap: gap / count, distance: distance / count };
}

function corrected(average: Tensors, decay: number, step: number): Tensors {
  const weight = 1 - decay ** step;
  return Object.fromEntries(
    Object.entries(average).map(([name, values]) => [name, values.map((value) => value / weight)]),
  );
}

function checkState(
  state: AdversarialState,
  description: AdversarialDescription,
  here: Pick<AdversarialState, "engine" | "seed" | "rows" | "batchSize" | "criticSteps">,
): void {
  const compare = (what: string, stored: unknown, wanted: unknown): void => {
    if (stored !== wanted) throw new OptionError(`resume.${what}`, String(wanted), String(stored));
  };
  compare("format", state.format, "genc.adversarial-state/1");
  compare("model", state.model, description.name);
  compare("sourceHash", state.sourceHash, description.sourceHash);
  for (const name of ["engine", "seed", "rows", "batchSize", "criticSteps"] as const)
    compare(name, state[name], here[name]);
}

async function storedLearner(learner: Learner): Promise<readonly [string, string, string]> {
  const { coordinates, first, second } = await learner.state();
  return [base64Of(coordinates), base64Of(first), base64Of(second)];
}

function learnerState([coordinates, first, second]: readonly [string, string, string]): LearnerState {
  return {
    coordinates: bytesOfBase64(coordinates),
    first: bytesOfBase64(first),
    second: bytesOfBase64(second),
  };
}

/**
 * Means within 4 of 0 and deviations between 1/4 and 4 are left as they are: rates and penalties of games are chosen for
 * numbers of this size, and a penalty holds the critic's slope in the units of the program.
 */
function isOrdinary(moments: DataMoments[string] | undefined): boolean {
  if (moments === undefined) return true;
  const isNear = (variance: number): boolean => variance === 0 || (variance >= 1 / 16 && variance <= 16);
  return moments.variance.every(isNear) && moments.mean.every((mean) => Math.abs(mean) <= 4);
}
