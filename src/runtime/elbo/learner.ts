import { pullBackGradient, toUnconstrained, fromUnconstrained, unconstrainedSize } from "../../numerics/transforms.js";
import type { Awaitable, Block, ModelDescription, ParameterDescription, Sizes, Tensors } from "../description.js";
import { cellsOf } from "../extents.js";
import { kindOf } from "../parameter-space.js";
import { NonFiniteStepError } from "./non-finite-step-error.js";
import { ascend, type OptimiserSettings } from "./optimiser.js";

/** What a step says of the batch it was made on, at the parameters before it. */
export type StepOutcome = Readonly<Record<string, number>>;

/** What a learner runs, and what it learns. */
export interface LearnedStep {
  /** Name of the generated function. */
  readonly name: string;
  /** Its outputs of one number; `objective` among them. */
  readonly outputs: readonly string[];
  /** Does this learner learn this parameter? Others stay as they are, or belong to another learner. */
  owns(parameter: string): boolean;
  /** Parameters that are not learned but replaced, after each step, by its output `next.<parameter>`. */
  readonly carried?: readonly string[];
}

/** A generated function: adds its outputs to `into`. */
export type StepFunction = (sizes: Sizes, parameters: Tensors, block: Block, into: Tensors) => Awaitable<void>;

/** A step's own settings. */
export interface StepSettings {
  readonly rate: number;
  /** Number of the step over the whole fit, from 1. */
  readonly step: number;
  /** Largest norm of the gradient; Infinity: any. */
  readonly clip: number;
}

/** Coordinates and optimiser of a fit, as bytes: everything that later steps depend on. */
export interface LearnerState {
  readonly coordinates: Uint8Array;
  readonly first: Uint8Array;
  readonly second: Uint8Array;
}

/** Holds the parameters of a fit while they are learned. */
export interface Learner {
  readonly name: string;
  /** Where the fit loop writes a batch: data, noise, `step.beta`, `step.rows`. */
  batch(rows: number): BatchBuffers;
  /**
   * @param meanwhile prepares the next batch; called, if at all, when this one has been read
   */
  step(rows: number, settings: StepSettings, meanwhile?: () => void): Awaitable<StepOutcome>;
  /** The parameters now, in their own domains. */
  parameters(): Awaitable<Tensors>;
  state(): Awaitable<LearnerState>;
  restore(state: LearnerState): void;
  /** Sets parameters that steps carry on. */
  assign(values: Tensors): void;
  /** Moves the average of the parameters that this learner holds towards what they are now: by 1 - decay of the way. */
  average(decay: number): void;
  /** That average, begun at 0; none before the first. */
  averaged(): Awaitable<Tensors>;
  restoreAverage(average: Tensors): void;
  /** Nothing can be asked of it then. */
  release(): void;
}

/** Arrays to be filled, row-major. */
export interface BatchBuffers {
  readonly data: Readonly<Record<string, Float64Array | Float32Array>>;
  readonly tables: Readonly<Record<string, Float64Array | Float32Array>>;
}

interface Part {
  readonly parameter: ParameterDescription;
  readonly begin: number;
  readonly length: number;
  readonly own: readonly number[];
  readonly cells: number;
  /** Coordinates are the values themselves. */
  readonly isPlain: boolean;
}

/** Where each learned parameter lies in a flat vector of unconstrained coordinates. */
export class Coordinates {
  readonly parts: readonly Part[];
  readonly length: number;

  constructor(
    parameters: readonly ParameterDescription[],
    sizes: Sizes,
    isFixed: (name: string) => boolean,
    private readonly floors: Readonly<Record<string, Float64Array>> = {},
  ) {
    let begin = 0;
    this.parts = parameters
      .filter((parameter) => parameter.fixed === undefined && !isFixed(parameter.name))
      .map((parameter) => {
        const { cells, own } = cellsOf(parameter, sizes);
        const kind = kindOf(parameter.domain);
        const length = cells * unconstrainedSize(kind, own);
        const part: Part = { parameter, begin, length, own, cells, isPlain: kind === "real" };
        begin += length;
        return part;
      });
    this.length = begin;
  }

  write(values: Tensors, into: Float64Array): void {
    for (const { parameter, begin, own } of this.parts)
      into.set(toUnconstrained(kindOf(parameter.domain), values[parameter.name], [...own]), begin);
  }

  /** Values of the parts that are not plain; a spread is kept from falling below its floor, coordinates included. */
  constrained(coordinates: Float64Array): Record<string, Float64Array> {
    const values: Record<string, Float64Array> = {};
    for (const { parameter, begin, length, own, cells, isPlain } of this.parts) {
      if (isPlain) continue;
      const kind = kindOf(parameter.domain);
      const part = coordinates.subarray(begin, begin + length);
      const found = fromUnconstrained(kind, part, [...own], cells);
      const floor = this.floors[parameter.name];
      if (floor !== undefined) {
        let raised = false;
        for (let i = 0; i < found.length; i++) {
          const least = floor[i % floor.length];
          if (found[i] < least) {
            found[i] = least;
            raised = true;
          }
        }
        if (raised) part.set(toUnconstrained(kind, found, [...own]));
      }
      values[parameter.name] = found;
    }
    return values;
  }
}

/** Learns with the generated loops, in float64. */
export class LoopLearner implements Learner {
  readonly name = "loops, float64";
  /** What the derivatives of the last step were multiplied by. */
  lastClip = 1;
  private readonly layout: Coordinates;
  private readonly coordinates: Float64Array;
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  private readonly gradient: Float64Array;
  private readonly into: Record<string, Float64Array>;
  private readonly means: Record<string, Float64Array> = {};
  private readonly buffers = new Map<
    number,
    { data: Record<string, Float64Array>; tables: Record<string, Float64Array> }
  >();

  constructor(
    private readonly description: ModelDescription,
    private readonly learned: LearnedStep & {
      readonly run: StepFunction;
      /** Squares of derivatives that are held elsewhere, for the norm of all. */
      readonly otherSquares?: () => Awaitable<number>;
    },
    private readonly sizes: Sizes,
    /** Shared with other learners of the same fit. */
    private readonly values: Record<string, Float64Array>,
    private readonly settings: OptimiserSettings,
    private readonly shapes: {
      readonly widths: Readonly<Record<string, number>>;
      noise(rows: number): Readonly<Record<string, number>>;
    },
    floors: Readonly<Record<string, Float64Array>>,
  ) {
    this.layout = new Coordinates(description.parameters, sizes, (name) => !learned.owns(name), floors);
    const { length } = this.layout;
    this.coordinates = new Float64Array(length);
    this.first = new Float64Array(length);
    this.second = new Float64Array(length);
    this.gradient = new Float64Array(length);
    this.layout.write(values, this.coordinates);
    this.into = Object.fromEntries(learned.outputs.map((name) => [name, new Float64Array(1)]));
    for (const { name } of description.parameters)
      this.into[`gradient.${name}`] = new Float64Array(values[name].length);
    for (const { parameter, begin, length: own, isPlain } of this.layout.parts) {
      if (!isPlain) continue;
      this.values[parameter.name] = this.coordinates.subarray(begin, begin + own);
      this.into[`gradient.${parameter.name}`] = this.gradient.subarray(begin, begin + own);
    }
    for (const name of learned.carried ?? []) this.into[`next.${name}`] = new Float64Array(values[name].length);
    this.refresh();
  }

  batch(rows: number): { data: Record<string, Float64Array>; tables: Record<string, Float64Array> } {
    const known = this.buffers.get(rows);
    if (known !== undefined) return known;
    const data = Object.fromEntries(
      Object.entries(this.shapes.widths).map(([name, width]) => [name, new Float64Array(rows * width)]),
    );
    const tables = Object.fromEntries(
      Object.entries(this.shapes.noise(rows)).map(([name, length]) => [name, new Float64Array(length)]),
    );
    tables["step.beta"] = new Float64Array(1);
    tables["step.rows"] = new Float64Array(1);
    const made = { data, tables };
    this.buffers.set(rows, made);
    return made;
  }

  async step(rows: number, { rate, step, clip }: StepSettings): Promise<StepOutcome> {
    const { data, tables } = this.batch(rows);
    const block: Block = { rows, firstRow: 0, data, tables, complete: false };
    for (const values of Object.values(this.into)) values.fill(0);
    await this.learned.run(this.sizes, this.values, block, this.into);
    for (const { parameter, begin, length, own, isPlain } of this.layout.parts) {
      if (isPlain) continue;
      const part = this.coordinates.subarray(begin, begin + length);
      const pulled = pullBackGradient(kindOf(parameter.domain), part, this.into[`gradient.${parameter.name}`], [
        ...own,
      ]);
      this.gradient.set(pulled, begin);
    }
    this.guard(step);
    this.lastClip = clip === Infinity ? 1 : clipNorm(this.gradient, clip, (await this.learned.otherSquares?.()) ?? 0);
    ascend(this.settings, this.coordinates, this.gradient, this.first, this.second, rate, step);
    this.refresh();
    for (const name of this.learned.carried ?? []) this.values[name] = Float64Array.from(this.into[`next.${name}`]);
    return Object.fromEntries(this.learned.outputs.map((name) => [name, this.into[name][0]]));
  }

  parameters(): Tensors {
    return Object.fromEntries(
      this.description.parameters.map(({ name }) => [name, Float64Array.from(this.values[name])]),
    );
  }

  state(): LearnerState {
    return { coordinates: bytesOf(this.coordinates), first: bytesOf(this.first), second: bytesOf(this.second) };
  }

  restore(state: LearnerState): void {
    bytesOf(this.coordinates).set(state.coordinates);
    bytesOf(this.first).set(state.first);
    bytesOf(this.second).set(state.second);
    this.refresh();
  }

  assign(values: Tensors): void {
    Object.assign(this.values, values);
  }

  average(decay: number): void {
    for (const { parameter } of this.layout.parts)
      averageInto(this.means, parameter.name, this.values[parameter.name], decay);
  }

  averaged(): Tensors {
    return Object.fromEntries(Object.entries(this.means).map(([name, values]) => [name, Float64Array.from(values)]));
  }

  restoreAverage(average: Tensors): void {
    Object.assign(this.means, average);
  }

  release(): void {
    this.buffers.clear();
  }

  private refresh(): void {
    Object.assign(this.values, this.layout.constrained(this.coordinates));
  }

  /** A gradient that is no number ends the fit with the parameter's name. */
  private guard(step: number): void {
    const { gradient } = this;
    // 0 for finite numbers, which is quicker than to look at each.
    let differences = 0;
    for (let i = 0; i < gradient.length; i++) differences += gradient[i] - gradient[i];
    if (differences === 0) return;
    for (const { parameter, begin, length } of this.layout.parts)
      if (!gradient.subarray(begin, begin + length).every(Number.isFinite))
        throw new NonFiniteStepError(`derivative of \`${parameter.name}\``, step);
  }
}

/** Exponential average, begun at 0. */
export function averageInto(
  means: Record<string, Float64Array>,
  name: string,
  values: ArrayLike<number>,
  decay: number,
): void {
  const held = (means[name] ??= new Float64Array(values.length));
  for (let i = 0; i < held.length; i++) held[i] += (1 - decay) * (values[i] - held[i]);
}

/** @returns what the gradient was multiplied by */
function clipNorm(gradient: Float64Array, clip: number, otherSquares: number): number {
  let squares = otherSquares;
  for (const value of gradient) squares += value * value;
  const norm = Math.sqrt(squares);
  if (norm <= clip) return 1;
  for (let i = 0; i < gradient.length; i++) gradient[i] *= clip / norm;
  return clip / norm;
}

function bytesOf(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
