import type { Tensor } from "@tensorflow/tfjs-core";
import type { Block, DeviceTensors, ModelDescription, Sizes, Tensors } from "../description.js";
import { boundShape, product } from "../extents.js";
import { tensorFlow, type TensorFlow } from "../tensor-flow.js";
import {
  type BatchBuffers,
  type LearnedStep,
  type Learner,
  type LearnerState,
  LoopLearner,
  type StepFunction,
  type StepOutcome,
  type StepSettings,
} from "./learner.js";
import { NonFiniteStepError } from "./non-finite-step-error.js";
import { deviceOptimiser } from "./choose-device-optimiser.js";
import type { DeviceOptimiser } from "./device-optimiser.js";
import type { OptimiserSettings } from "./optimiser.js";
import type { DeviceKernels } from "./wasm-adam.js";

/** What of the parameters of a fit is on the device; learners of the same fit share it. */
export type DeviceWeights = Record<string, Tensor>;

/** Uploads the parameters that stay on the device; undefined where there are none. */
export async function deviceOf(
  { parameters, residents = [] }: Pick<ModelDescription, "parameters"> & { readonly residents?: readonly string[] },
  sizes: Sizes,
  start: Tensors,
): Promise<{ readonly tf: TensorFlow; readonly weights: DeviceWeights } | undefined> {
  if (residents.length === 0) return undefined;
  const tf = await tensorFlow();
  const weights: DeviceWeights = {};
  for (const { name, shape } of parameters)
    if (residents.includes(name))
      weights[name] = tf.tensor(Float32Array.from(start[name]), [...boundShape(shape, sizes)], "float32");
  return { tf, weights };
}

/**
 * Learns with operations of TensorFlow.js: weights, their derivatives and moments stay on the device, and are read when
 * they are asked for. What is not there is learned in float64 by loops.
 */
export class DeviceLearner implements Learner {
  /** Part of what a checkpoint has to agree in: the moments of this learner are averages. */
  readonly name = "tensors with averaged moments, float32";
  private readonly rest: LoopLearner;
  private readonly gradients: Record<string, Tensor> = {};
  private readonly optimiser: DeviceOptimiser;
  private readonly means = new Map<string, Tensor>();
  private readonly lengths: ReadonlyMap<string, number>;

  constructor(
    private readonly tf: TensorFlow,
    private readonly weights: DeviceWeights,
    description: ModelDescription & { readonly deviceKernels?: DeviceKernels },
    learned: LearnedStep & { readonly run: StepFunction },
    sizes: Sizes,
    values: Record<string, Float64Array>,
    settings: OptimiserSettings,
    shapes: ConstructorParameters<typeof LoopLearner>[5],
    floors: Readonly<Record<string, Float64Array>>,
  ) {
    const device: DeviceTensors = { weights, gradients: this.gradients };
    const isHere = (name: string): boolean => weights[name] !== undefined;
    const run: StepFunction = (of, parameters, block: Block, into) =>
      learned.run(of, parameters, { ...block, device }, into);
    this.rest = new LoopLearner(
      { ...description, parameters: description.parameters.filter(({ name }) => !isHere(name)) },
      { ...learned, run, otherSquares: () => this.squares() },
      sizes,
      values,
      settings,
      shapes,
      floors,
    );
    this.lengths = new Map(
      description.parameters
        .filter(({ name }) => isHere(name) && learned.owns(name))
        .map(({ name, shape }) => [name, product(boundShape(shape, sizes))]),
    );
    this.optimiser = deviceOptimiser(tf, settings, description.deviceKernels);
    for (const name of this.lengths.keys()) this.optimiser.begin(name, weights[name]);
  }

  batch(rows: number): BatchBuffers {
    return this.rest.batch(rows);
  }

  async step(rows: number, settings: StepSettings): Promise<StepOutcome> {
    try {
      const outcome = await this.rest.step(rows, settings);
      if (!Number.isFinite(outcome["objective"]))
        throw new NonFiniteStepError((await this.culprit()) ?? "objective", settings.step);
      for (const name of this.lengths.keys()) this.ascend(name, settings);
      return outcome;
    } finally {
      this.dropGradients();
    }
  }

  async parameters(): Promise<Tensors> {
    return { ...this.rest.parameters(), ...(await this.read(Object.entries(this.weights))) };
  }

  async state(): Promise<LearnerState> {
    const rest = this.rest.state();
    const [coordinates, first, second]: [Uint8Array[], Uint8Array[], Uint8Array[]] = [[], [], []];
    for (const name of this.lengths.keys()) {
      const moments = await this.optimiser.moments(name);
      coordinates.push(bytesOf(await this.weights[name].data()));
      first.push(bytesOf(moments.first));
      second.push(bytesOf(moments.second));
    }
    return {
      coordinates: joined([...coordinates, rest.coordinates]),
      first: joined([...first, rest.first]),
      second: joined([...second, rest.second]),
    };
  }

  restore(state: LearnerState): void {
    let at = 0;
    for (const [name, length] of this.lengths) {
      const end = at + length * Float32Array.BYTES_PER_ELEMENT;
      const part = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice(at, end).buffer);
      const moments = { first: part(state.first), second: part(state.second) };
      this.weights[name] = this.optimiser.restore(name, this.weights[name], part(state.coordinates), moments);
      at = end;
    }
    this.rest.restore({
      coordinates: state.coordinates.slice(at),
      first: state.first.slice(at),
      second: state.second.slice(at),
    });
  }

  assign(values: Tensors): void {
    this.rest.assign(values);
  }

  average(decay: number): void {
    const { tf } = this;
    for (const name of this.lengths.keys()) {
      const before = this.means.get(name) ?? tf.zerosLike(this.weights[name]);
      const after = tf.tidy(() => tf.add(before, tf.mul(tf.sub(this.weights[name], before), 1 - decay)));
      before.dispose();
      this.means.set(name, after);
    }
    this.rest.average(decay);
  }

  async averaged(): Promise<Tensors> {
    return { ...(await this.read([...this.means])), ...this.rest.averaged() };
  }

  restoreAverage(average: Tensors): void {
    const rest: Record<string, Float64Array> = {};
    for (const [name, values] of Object.entries(average)) {
      if (!this.lengths.has(name)) rest[name] = values;
      else this.means.set(name, this.tf.tensor(Float32Array.from(values), this.weights[name].shape, "float32"));
    }
    this.rest.restoreAverage(rest);
  }

  release(): void {
    this.dropGradients();
    this.optimiser.release();
    this.tf.dispose([...this.means.values()]);
    this.means.clear();
    // Learners of a fit end together: whoever is first disposes of what they share.
    for (const name of Object.keys(this.weights)) {
      this.weights[name].dispose();
      Reflect.deleteProperty(this.weights, name);
    }
    this.rest.release();
  }

  private ascend(name: string, { rate, step }: StepSettings): void {
    const gradient = this.gradients[`gradient.${name}`];
    if (gradient === undefined) return;
    const settings = { rate, step, factor: this.rest.lastClip };
    this.weights[name] = this.optimiser.step(name, this.weights[name], gradient, settings);
  }

  private async squares(): Promise<number> {
    let sum = 0;
    for (const gradient of Object.values(this.gradients)) {
      const squares = this.tf.tidy(() => this.tf.sum(this.tf.square(gradient)));
      sum += (await squares.data())[0];
      squares.dispose();
    }
    return sum;
  }

  /** The first parameter, or derivative, that is no number. */
  private async culprit(): Promise<string | undefined> {
    for (const name of this.lengths.keys()) {
      if (!(await this.weights[name].data()).every(Number.isFinite)) return `parameter \`${name}\``;
      const gradient = this.gradients[`gradient.${name}`];
      if (gradient !== undefined && !(await gradient.data()).every(Number.isFinite)) return `derivative of \`${name}\``;
    }
    return undefined;
  }

  private async read(tensors: readonly (readonly [string, Tensor])[]): Promise<Record<string, Float64Array>> {
    const read = tensors.map(async ([name, tensor]) => [name, Float64Array.from(await tensor.data())] as const);
    return Object.fromEntries(await Promise.all(read));
  }

  private dropGradients(): void {
    for (const name of Object.keys(this.gradients)) {
      this.gradients[name].dispose();
      Reflect.deleteProperty(this.gradients, name);
    }
  }
}

function bytesOf(values: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
