import type { Tensors } from "../description.js";
import type { Dataset } from "../data/dataset.js";
import { withoutWeightlessRows } from "../data/blocks.js";
import { DataError } from "../errors.js";
import type { BoundFitResult, FitEvent } from "../fit/fit-events.js";
import { HostTurns, Interrupted } from "../host-turn.js";
import { degreesOfFreedom } from "../parameter-space.js";
import type { FitWarning } from "../warnings.js";
import { warnings } from "../warnings.js";
import { dataMoments, heldOutRows, rateAt, shuffledRows, spreadFloors, warmth } from "./batches.js";
import type { Learner } from "./learner.js";
import { codeStageOf, groupsOfCodes, oneGroup } from "./code-stage.js";
import { beginningOf } from "./initial-parameters.js";
import { NonFiniteStepError } from "./non-finite-step-error.js";
import type { ResolvedStepOptions } from "./step-options.js";
import type { StepTask } from "./step-task.js";
import {
  base64Of,
  bytesOfBase64,
  checkStepState,
  restoreLearner,
  restoreTensors,
  type StepState,
  storeLearner,
  storeTensors,
} from "./step-state.js";

type Events = AsyncGenerator<FitEvent<Tensors, BoundFitResult<Tensors>, StepState>, void, undefined>;

/** Learns by minibatch steps; the same seed, data and engine give the same parameters, interrupted or not. */
export async function* fitBySteps(task: StepTask, given: Dataset, options: ResolvedStepOptions): Events {
  const learners: Learner[] = [];
  try {
    yield* learn(task, given, options, learners);
  } finally {
    for (const learner of learners) learner.release();
  }
}

async function* learn(task: StepTask, given: Dataset, options: ResolvedStepOptions, learners: Learner[]): Events {
  const began = performance.now();
  const { description } = task;
  const { seed } = options;
  const weighted = withoutWeightlessRows(given);
  const held = heldOutRows(task.unitsOf(weighted), options.holdout, seed);
  const data = task.select(weighted, (unit) => held[unit] === 0);
  const heldOut = options.holdout > 0 ? task.select(weighted, (unit) => held[unit] === 1) : undefined;
  if (data.rows === 0) throw new DataError("empty", "There are no rows to learn from.");
  const { sizes } = data;
  const units = task.unitsOf(data);
  const batchSize = Math.min(options.batchSize, units);
  const moments = dataMoments(description.variables, data);
  const stepsPerEpoch = Math.ceil(units / batchSize);
  const stage = codeStageOf(task, options, stepsPerEpoch);
  let isFirstStage = stage.steps > 0 && (options.resume?.step ?? 0) <= stage.steps;
  const fixed = new Set(options.fix);
  const owns = (name: string): boolean =>
    !fixed.has(name) && !description.carried.includes(name) && !description.held.includes(name);
  const floors = spreadFloors(description.parameters, moments);
  const beginAt = async (start: Record<string, Float64Array>): Promise<Awaited<ReturnType<StepTask["begin"]>>> => {
    const learned = {
      name: "step",
      outputs: ["objective", "bound", "divergence"],
      owns: isFirstStage ? (name: string) => owns(name) && !stage.held.has(name) : owns,
      carried: description.carried,
    };
    const begun = await task.begin(data, { learned, start, options, floors });
    learners.push(begun.learner);
    return begun;
  };
  let { learner, write } = await beginAt({
    ...beginningOf(description, sizes, seed, moments, options.init),
    ...(isFirstStage ? oneGroup(stage, description, sizes) : {}),
  });
  const identity = { engine: learner.name, seed, rows: data.rows, totalWeight: data.totalWeight, sizes, batchSize };
  let step = 0;
  let trace: number[] = [];
  let totals = [0, 0, 0];
  let best: StepState["best"];
  if (options.resume !== undefined) {
    checkStepState(options.resume, description, identity);
    ({ step } = options.resume);
    trace = [...options.resume.trace];
    totals = [...options.resume.epochTotals];
    best = options.resume.best;
    learner.restore(restoreLearner(options.resume));
    learner.assign(restoreTensors(options.resume.carried ?? {}));
  }
  const carriedNow = async (): Promise<Pick<StepState, "carried">> =>
    description.carried.length === 0 ? {} : { carried: storeTensors(await learner.parameters(), description.carried) };
  const stateNow = async (): Promise<StepState> => ({
    format: "genc.step-state/1",
    model: description.name,
    sourceHash: description.sourceHash,
    ...identity,
    step,
    epoch: Math.floor(step / stepsPerEpoch),
    epochTotals: [...totals],
    trace: [...trace],
    ...(stage.steps === 0 ? {} : { pretrainSteps: stage.steps }),
    ...storeLearner(await learner.state()),
    ...(await carriedNow()),
    ...(best === undefined ? {} : { best }),
  });

  yield { kind: "start", model: description.name, rows: data.rows, restarts: 1, sizes };
  const found: FitWarning[] = [];
  const turns = new HostTurns(options.signal);
  let stopped: BoundFitResult["stopped"] = "maxIterations";
  let lastMean = NaN;
  let order: Uint32Array | undefined;
  let orderOf = -1;
  const steps = options.epochs * stepsPerEpoch;
  let writtenFor = -1;
  // The optimiser of a stage begins with it.
  const stepOfStage = (at: number): number => at + 1 - (isFirstStage ? 0 : stage.steps);
  const sizeOf = (at: number): number => Math.min(batchSize, units - (at % stepsPerEpoch) * batchSize);
  const writeBatch = (at: number): void => {
    const epoch = Math.floor(at / stepsPerEpoch);
    if (order === undefined || epoch !== orderOf) {
      order = shuffledRows(units, seed, epoch);
      orderOf = epoch;
    }
    const first = (at % stepsPerEpoch) * batchSize;
    const beta = options.beta * warmth(at / stepsPerEpoch, options.warmup);
    write(order.subarray(first, first + sizeOf(at)), { step: at, epoch, beta });
    writtenFor = at;
  };
  const beginGroups = async (): Promise<void> => {
    const parameters = await learner.parameters();
    const groups = await groupsOfCodes(stage, task, data, parameters, options);
    learner.release();
    isFirstStage = false;
    ({ learner, write } = await beginAt({ ...copied(parameters), ...groups }));
    // The batch was written for the learner before.
    writtenFor = -1;
  };
  try {
    while (step < steps) {
      if (isFirstStage && step === stage.steps) await beginGroups();
      const epoch = Math.floor(step / stepsPerEpoch);
      if (writtenFor !== step) writeBatch(step);
      const size = sizeOf(step);
      const settings = { rate: rateAt(options, step / steps), step: stepOfStage(step), clip: options.clip };
      const next = step + 1;
      const outcome = await learner.step(size, settings, () => {
        if (next < steps) writeBatch(next);
      });
      if (!Number.isFinite(outcome["objective"])) throw new NonFiniteStepError("objective", step + 1);
      totals[0] += size * outcome["objective"];
      totals[1] += size * outcome["bound"];
      totals[2] += size * outcome["divergence"];
      step++;
      const isLast = step % stepsPerEpoch === 0;
      if (isLast) {
        lastMean = totals[1] / units;
        trace.push((totals[0] / units) * data.totalWeight);
        yield {
          kind: "iteration",
          restart: 0,
          iteration: epoch + 1,
          objective: (totals[0] / units) * data.totalWeight,
          meanLogLikelihood: lastMean,
        };
        totals = [0, 0, 0];
        if (heldOut !== undefined && options.patience > 0 && !isFirstStage) {
          const scored = await task.evaluate(heldOut, await learner.parameters(), {
            seed,
            binarize: options.binarize,
          });
          if (best === undefined || scored.bound > best.bound) {
            best = {
              epoch: epoch + 1,
              bound: scored.bound,
              coordinates: base64Of((await learner.state()).coordinates),
              ...(await carriedNow()),
            };
          } else if (epoch + 1 - best.epoch >= options.patience) {
            stopped = "converged";
            break;
          }
        }
      }
      if (options.checkpointEvery > 0 && (step % options.checkpointEvery === 0 || (isLast && stepsPerEpoch > 1)))
        yield { kind: "checkpoint", state: await stateNow() };
      await turns.give();
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    stopped = "aborted";
    yield { kind: "checkpoint", state: await stateNow() };
  }
  const epochs = Math.floor(step / stepsPerEpoch);
  if (stopped === "aborted") found.push(warnings.interrupted(epochs));
  if (best !== undefined && best.epoch !== epochs) {
    learner.restore({ ...(await learner.state()), coordinates: bytesOfBase64(best.coordinates) });
    learner.assign(restoreTensors(best.carried ?? {}));
  }
  const parameters = await learner.parameters();
  learner.release();
  const evaluated = await task.evaluate(data, parameters, { seed, binarize: options.binarize });
  const free = description.parameters.filter(({ name, fixed: known }) => known === undefined && owns(name));
  const seconds = (performance.now() - began) / 1000;
  const holdout =
    heldOut === undefined ? undefined : await task.evaluate(heldOut, parameters, { seed, binarize: options.binarize });
  const result: BoundFitResult<Tensors> = {
    parameters,
    rows: data.rows,
    logLikelihood: evaluated.bound * data.totalWeight,
    meanLogLikelihood: evaluated.bound,
    bound: "elbo",
    objective: trace.at(-1) ?? evaluated.bound * data.totalWeight,
    iterations: epochs,
    converged: stopped === "converged",
    stopped,
    seconds,
    secondsPerIteration: seconds / Math.max(1, epochs),
    degreesOfFreedom: degreesOfFreedom(free, sizes),
    // Both need the likelihood, and a bound is not it.
    aic: null,
    bic: null,
    trace: [...trace],
    warnings: found,
    seed,
    restarts: [],
    steps: step,
    divergence: evaluated.divergence,
    ...(holdout === undefined || heldOut === undefined
      ? {}
      : {
          holdout: {
            rows: heldOut.rows,
            logLikelihood: holdout.bound * heldOut.totalWeight,
            meanLogLikelihood: holdout.bound,
          },
        }),
  };
  yield { kind: "end", result };
}

function copied(tensors: Tensors): Record<string, Float64Array> {
  return Object.fromEntries(Object.entries(tensors).map(([name, values]) => [name, Float64Array.from(values)]));
}
