import type { Awaitable, ParameterDescription, Tensors } from "../description.js";
import { pullBackGradient, unconstrainedSize } from "../../numerics/transforms.js";
import { NonFiniteError } from "../errors.js";
import { kindOf, ParameterSpace } from "../parameter-space.js";
import { cellsOf, product, boundShape } from "../extents.js";
import { zeros } from "../data/blocks.js";
import type { RowBlock } from "../data/row-source.js";
import type { BlockRunner } from "./evaluation.js";
import { newtonAscent } from "./newton-ascent.js";

interface Effort {
  /** Iterations of L-BFGS. */
  readonly first: number;
  /** Iterations of Newton's method, should those not do. */
  readonly newton: number;
}

const ONE_STEP: Effort = { first: 10, newton: 2 };
/** Where the posteriors do not move (there are no latents, or tables stand for them) the M-step is the whole problem. */
const WHOLE_PROBLEM: Effort = { first: 40, newton: 60 };
const MEMORY = 10;
const GAIN_TOLERANCE = 1e-12;
/** A Hessian costs a pass over the data for each. */
const MOST_NEWTON_COORDINATES = 40;
const SUFFICIENT_INCREASE = 1e-4;
const MOST_HALVINGS = 30;

/** What the posteriors are while parameters move: those at some parameters, or the tables of a start. */
export type FixedPosterior =
  | {
      readonly kind: "at";
      readonly parameters: Tensors;
      /** Where the posterior is found step by step, its tables by block of rows. */
      readonly posteriors?: readonly Tensors[];
    }
  | { readonly kind: "tables"; readonly of: (block: RowBlock) => Awaitable<Tensors> };

/**
 * The generalised M-step: improves the parameters that have no closed form by a few steps of L-BFGS on the expected
 * log-joint (posteriors fixed) plus their log prior. A block whose value does not increase stays as it was.
 */
export async function maximiseByGradient(
  runner: BlockRunner,
  updated: Tensors,
  posterior: FixedPosterior,
  isFixed: (name: string) => boolean,
): Promise<Tensors> {
  const { gradientBlocks, parameters, variables } = runner.methods.description;
  const isWhole = posterior.kind === "tables" || !variables.some(({ role }) => role === "latent");
  let current = updated;
  for (let group = 0; group < gradientBlocks.length; group++) {
    const names = new Set(gradientBlocks[group].parameters.filter((name) => !isFixed(name)));
    if (names.size === 0) continue;
    const chosen = parameters.filter(({ name }) => names.has(name));
    const block = parameters.filter(({ name }) => gradientBlocks[group].parameters.includes(name));
    const space = new ParameterSpace(chosen, runner.sizes, () => false);
    const base = current;
    const evaluate = async (point: Float64Array): Promise<Point> => {
      const candidate = space.fromVector(point, base);
      const { value, gradients } = await expectedLogJoint(runner, group, block, candidate, posterior);
      const gradient = new Float64Array(point.length);
      let position = 0;
      for (const parameter of chosen) {
        const { cells, own } = cellsOf(parameter, runner.sizes);
        const kind = kindOf(parameter.domain);
        const part = point.subarray(position, position + cells * unconstrainedSize(kind, own));
        gradient.set(pullBackGradient(kind, part, gradients[`gradient.${parameter.name}`], own), position);
        position += part.length;
      }
      return { point, value, gradient };
    };
    const start = await evaluate(space.toVector(base));
    // A start from which there is no way up is no start; in the middle of a run, the other parameters may still move.
    if (posterior.kind === "tables" && !isFinitePoint(start)) throw new NonFiniteError(chosen[0].name, 0, NaN);
    const best = await maximum(evaluate, start, isWhole ? WHOLE_PROBLEM : ONE_STEP);
    if (best.value > start.value) current = space.fromVector(best.point, base);
  }
  return current;
}

async function expectedLogJoint(
  runner: BlockRunner,
  group: number,
  parameters: readonly ParameterDescription[],
  candidate: Tensors,
  posterior: FixedPosterior,
): Promise<{ value: number; gradients: Tensors }> {
  const { methods, sizes, source } = runner;
  const gradients = zeros(
    Object.fromEntries(parameters.map(({ name, shape }) => [`gradient.${name}`, product(boundShape(shape, sizes))])),
  );
  const joint = { objective: new Float64Array(1), ...gradients };
  const prior = { logPrior: new Float64Array(1), ...gradients };
  let position = 0;
  for await (const block of source.blocks()) {
    if (posterior.kind === "at") {
      const tables = posterior.posteriors?.[position++];
      const settled = tables === undefined ? block : { ...block, tables };
      await methods.expectedLogJoint?.(group, sizes, candidate, posterior.parameters, settled, joint);
    } else {
      const tables = await posterior.of(block);
      await methods.startLogJoint?.(group, sizes, candidate, { ...block, tables }, joint);
    }
  }
  await methods.groupLogPrior?.(group, sizes, candidate, prior);
  return { value: joint.objective[0] + prior.logPrior[0], gradients };
}

export interface Point {
  readonly point: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
}

function isFinitePoint({ value, gradient }: Point): boolean {
  return Number.isFinite(value) && gradient.every(Number.isFinite);
}

/** L-BFGS, and where that has not arrived after its iterations, Newton's method. */
async function maximum(
  evaluate: (point: Float64Array) => Promise<Point>,
  start: Point,
  effort: Effort,
): Promise<Point> {
  const { best, arrived } = await ascend(evaluate, start, effort.first);
  return arrived || best.point.length > MOST_NEWTON_COORDINATES
    ? best
    : await newtonAscent(evaluate, best, effort.newton, GAIN_TOLERANCE);
}

/**
 * L-BFGS ascent with backtracking; asynchronous, since a GPU backend evaluates asynchronously.
 *
 * @source Nocedal and Wright 2006, algorithms 3.1 and 7.4
 */
export async function ascend(
  evaluate: (point: Float64Array) => Promise<Point>,
  start: Point,
  iterations: number,
): Promise<{ readonly best: Point; readonly arrived: boolean }> {
  const steps: Float64Array[] = [];
  const changes: Float64Array[] = [];
  let current = start;
  if (!isFinitePoint(current)) return { best: current, arrived: true };
  for (let iteration = 0; iteration < iterations; iteration++) {
    const direction = ascentDirection(current.gradient, steps, changes);
    const slope = dot(direction, current.gradient);
    if (!(slope > 0)) break;
    let length = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(slope)) : 1;
    let next: Point | undefined;
    for (let halving = 0; halving < MOST_HALVINGS; halving++, length /= 2) {
      const trial = await evaluate(current.point.map((x, i) => x + length * direction[i]));
      // Without a gradient there would be no way on from there.
      if (isFinitePoint(trial) && trial.value >= current.value + SUFFICIENT_INCREASE * length * slope) {
        next = trial;
        break;
      }
    }
    if (next === undefined) break;
    const { point, gradient } = current;
    const step = next.point.map((x, i) => x - point[i]);
    // Of the negative function, as curvature is that of a minimisation.
    const change = next.gradient.map((g, i) => gradient[i] - g);
    if (dot(step, change) > 1e-12 * Math.sqrt(dot(step, step) * dot(change, change))) {
      steps.push(step);
      changes.push(change);
      if (steps.length > MEMORY) {
        steps.shift();
        changes.shift();
      }
    }
    const gain = next.value - current.value;
    current = next;
    if (gain <= GAIN_TOLERANCE * (1 + Math.abs(current.value))) return { best: current, arrived: true };
  }
  return { best: current, arrived: false };
}

function ascentDirection(
  gradient: Float64Array,
  steps: readonly Float64Array[],
  changes: readonly Float64Array[],
): Float64Array {
  let direction = Float64Array.from(gradient);
  const factors = new Float64Array(steps.length);
  for (let i = steps.length - 1; i >= 0; i--) {
    factors[i] = dot(steps[i], direction) / dot(steps[i], changes[i]);
    direction = direction.map((d, j) => d - factors[i] * changes[i][j]);
  }
  const last = steps.length - 1;
  if (last >= 0) {
    const scaling = dot(steps[last], changes[last]) / dot(changes[last], changes[last]);
    direction = direction.map((d) => d * scaling);
  }
  for (let i = 0; i < steps.length; i++) {
    const correction = factors[i] - dot(changes[i], direction) / dot(steps[i], changes[i]);
    direction = direction.map((d, j) => d + correction * steps[i][j]);
  }
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
