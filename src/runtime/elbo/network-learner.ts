import { pullBackGradient } from "../../numerics/transforms.js";
import type { Awaitable, ModelDescription, Sizes, Tensors } from "../description.js";
import { kindOf } from "../parameter-space.js";
import type { NetworkInstance, Range } from "../networks/network-instance.js";
import { boundShape, product } from "../extents.js";
import {
  averageInto,
  type BatchBuffers,
  Coordinates,
  type LearnedStep,
  type Learner,
  type LearnerState,
  type StepOutcome,
  type StepSettings,
} from "./learner.js";
import { NonFiniteStepError } from "./non-finite-step-error.js";
import { adamEpsilon, ascend, type OptimiserSettings } from "./optimiser.js";

/** What a step's function made, before parameters are moved. */
export interface EvaluatedStep {
  readonly outcome: StepOutcome;
  /** An output by name, `gradient.<parameter>` and `next.<parameter>` among them. */
  output(name: string): Float32Array | undefined;
}

/**
 * Learns with float32 WebAssembly: weights, their derivatives and moments are flat vectors in its memory. Parameters with
 * a domain of their own (variances, probabilities) are few: their coordinates stay in float64 outside.
 */
export class NetworkLearner implements Learner {
  readonly name = "network, float32";
  private readonly flat: {
    readonly address: number;
    readonly length: number;
    readonly offsets: ReadonlyMap<string, number>;
  };
  private readonly ranges: readonly Range[];
  private readonly gradientAt: number;
  private readonly firstAt: number;
  private readonly secondAt: number;
  /** Average of the weights, where one is taken. */
  private averageAt: number | undefined;
  private readonly hostMeans: Record<string, Float64Array> = {};
  private readonly host: Coordinates;
  private readonly hostCoordinates: Float64Array;
  private readonly hostFirst: Float64Array;
  private readonly hostSecond: Float64Array;
  private readonly hostGradient: Float64Array;
  protected readonly lengths: ReadonlyMap<string, number>;
  /** Values that no step moves, as they were given: the network has them in single precision. */
  private readonly kept: Tensors;
  private readonly batches = new Map<
    number,
    { data: Record<string, Float32Array>; tables: Record<string, Float32Array> }
  >();
  private readonly places = new Map<string, { address: number; length: number }>();

  constructor(
    protected readonly instance: NetworkInstance,
    description: ModelDescription,
    private readonly learned: LearnedStep,
    sizes: Sizes,
    start: Tensors,
    private readonly settings: OptimiserSettings,
    /** Does this learner keep the values of parameters that nobody learns? */
    keepsOthers: boolean,
    isLearned: (name: string) => boolean,
    floors: Readonly<Record<string, Float64Array>>,
  ) {
    const { parameters } = description;
    this.lengths = new Map(parameters.map(({ name, shape }) => [name, product(boundShape(shape, sizes))]));
    const named = (names: readonly string[]): { name: string; length: number }[] =>
      names.map((name) => ({ name, length: this.lengths.get(name) ?? 0 }));
    const own = parameters.filter(({ name, fixed }) => fixed === undefined && learned.owns(name));
    const plain = own.filter(({ domain }) => kindOf(domain) === "real").map(({ name }) => name);
    const others = parameters
      .map(({ name }) => name)
      .filter((name) => !plain.includes(name) && (learned.owns(name) || (keepsOthers && !isLearned(name))));
    this.flat = instance.place("parameter", named(plain));
    const rowLengths = new Map(parameters.map(({ name, shape }) => [name, boundShape(shape, sizes).at(-1) ?? 1]));
    this.ranges = rangesOf(plain, this.lengths, rowLengths, this.flat);
    const gradients = instance.place(
      "output",
      named(plain).map(({ name, length }) => ({ name: `gradient.${name}`, length })),
    );
    this.gradientAt = gradients.address;
    this.firstAt = instance.vector(this.flat.length);
    this.secondAt = instance.vector(this.flat.length);
    const rest = instance.place("parameter", named(others));
    for (const name of plain) this.addPlace(name, this.flat);
    for (const name of others) this.addPlace(name, rest);
    this.host = new Coordinates(
      own.filter(({ name }) => others.includes(name)),
      sizes,
      () => false,
      floors,
    );
    const moved = new Set([...own.map(({ name }) => name), ...(learned.carried ?? [])]);
    this.kept = Object.fromEntries(others.filter((name) => !moved.has(name)).map((name) => [name, start[name]]));
    const { length } = this.host;
    this.hostCoordinates = new Float64Array(length);
    this.hostFirst = new Float64Array(length);
    this.hostSecond = new Float64Array(length);
    this.hostGradient = new Float64Array(length);
    this.host.write(start, this.hostCoordinates);
    for (const name of this.places.keys()) this.parameterView(name).set(start[name]);
    this.refresh();
  }

  /** Arrays of their own, so that the next batch can be written while the step runs. */
  batch(rows: number): BatchBuffers {
    const known = this.batches.get(rows);
    if (known !== undefined) return known;
    const { views } = this.instance.prepare(this.learned.name, rows);
    const data: Record<string, Float32Array> = {};
    const tables: Record<string, Float32Array> = { "step.beta": new Float32Array(1), "step.rows": new Float32Array(1) };
    for (const [key, view] of views) {
      if (key.startsWith("data ")) data[key.slice("data ".length)] = new Float32Array(view.length);
      if (key.startsWith("table ")) tables[key.slice("table ".length)] = new Float32Array(view.length);
    }
    const made = { data, tables };
    this.batches.set(rows, made);
    return made;
  }

  step(rows: number, settings: StepSettings, meanwhile?: () => void): Awaitable<StepOutcome> {
    return this.move(this.evaluate(rows, meanwhile), settings);
  }

  /** Runs the step's function on the batch; derivatives of what lies in memory are left in their places. */
  private evaluate(rows: number, meanwhile?: () => void): EvaluatedStep {
    const { data, tables } = this.batch(rows);
    const { views, run } = this.instance.prepare(this.learned.name, rows);
    for (const [name, values] of Object.entries(data)) views.get(`data ${name}`)?.set(values);
    for (const [name, values] of Object.entries(tables)) views.get(`table ${name}`)?.set(values);
    run(meanwhile);
    // Memory may have grown for another number of rows meanwhile: views are taken anew.
    const prepared = this.instance.prepare(this.learned.name, rows);
    const output = (name: string): Float32Array | undefined => prepared.views.get(`output ${name}`);
    return {
      outcome: Object.fromEntries(this.learned.outputs.map((name) => [name, output(name)?.[0] ?? NaN])),
      output,
    };
  }

  /** Moves the parameters along the derivatives of a step. */
  protected move({ outcome, output }: EvaluatedStep, { rate, step, clip }: StepSettings): StepOutcome {
    if (!Number.isFinite(outcome["objective"])) throw new NonFiniteStepError(this.culprit(output), step);
    for (const { parameter, begin, length, own } of this.host.parts) {
      const gradient = output(`gradient.${parameter.name}`);
      if (gradient === undefined) continue;
      const pulled = pullBackGradient(
        kindOf(parameter.domain),
        this.hostCoordinates.subarray(begin, begin + length),
        Float64Array.from(gradient),
        [...own],
      );
      this.hostGradient.set(pulled, begin);
    }
    this.clip(clip);
    this.ascendFlat(rate, step);
    if (this.host.length > 0) {
      ascend(this.settings, this.hostCoordinates, this.hostGradient, this.hostFirst, this.hostSecond, rate, step);
      this.refresh();
    }
    for (const name of this.learned.carried ?? []) {
      const next = output(`next.${name}`);
      if (next !== undefined) this.parameterView(name).set(next);
    }
    return outcome;
  }

  /** The parameters that this learner holds. */
  parameters(): Tensors {
    const held = [...this.places.keys()].map((name) => [name, new Float64Array(this.parameterView(name))] as const);
    return { ...Object.fromEntries(held), ...this.kept };
  }

  state(): LearnerState {
    return {
      coordinates: this.bytes(this.flat.address, this.hostCoordinates),
      first: this.bytes(this.firstAt, this.hostFirst),
      second: this.bytes(this.secondAt, this.hostSecond),
    };
  }

  restore(state: LearnerState): void {
    const put = (bytes: Uint8Array, address: number, host: Float64Array): void => {
      const flat = this.instance.view(address, this.flat.length);
      new Uint8Array(flat.buffer, flat.byteOffset, flat.byteLength).set(bytes.subarray(0, flat.byteLength));
      new Uint8Array(host.buffer).set(bytes.subarray(flat.byteLength));
    };
    put(state.coordinates, this.flat.address, this.hostCoordinates);
    put(state.first, this.firstAt, this.hostFirst);
    put(state.second, this.secondAt, this.hostSecond);
    this.refresh();
  }

  assign(values: Tensors): void {
    for (const [name, given] of Object.entries(values)) this.parameterView(name).set(given);
  }

  average(decay: number): void {
    const { address, length } = this.flat;
    this.averageAt ??= this.instance.vector(length);
    this.instance.average(this.averageAt, address, length, 1 - decay);
    for (const { parameter } of this.host.parts)
      averageInto(this.hostMeans, parameter.name, this.parameterView(parameter.name), decay);
  }

  averaged(): Tensors {
    const { averageAt: address } = this;
    if (address === undefined) return {};
    const flat = [...this.flat.offsets].map(([name, offset]) => {
      const view = this.instance.view(address + Float32Array.BYTES_PER_ELEMENT * offset, this.lengths.get(name) ?? 0);
      return [name, new Float64Array(view)] as const;
    });
    const host = Object.entries(this.hostMeans).map(([name, values]) => [name, Float64Array.from(values)] as const);
    return Object.fromEntries([...flat, ...host]);
  }

  restoreAverage(average: Tensors): void {
    const address = (this.averageAt ??= this.instance.vector(this.flat.length));
    for (const [name, values] of Object.entries(average)) {
      const offset = this.flat.offsets.get(name);
      if (offset === undefined) this.hostMeans[name] = Float64Array.from(values);
      else this.instance.view(address + Float32Array.BYTES_PER_ELEMENT * offset, values.length).set(values);
    }
  }

  release(): void {
    // The instance and its memory go with the learner.
  }

  /** Puts derivatives where the optimiser reads them, as far as it is in memory. */
  protected placeGradients(gradients: Readonly<Record<string, Float32Array>>): void {
    const flat = this.instance.view(this.gradientAt, this.flat.length);
    for (const [name, offset] of this.flat.offsets) {
      const values = gradients[`gradient.${name}`];
      if (values === undefined) flat.fill(0, offset, offset + (this.lengths.get(name) ?? 0));
      else flat.set(values, offset);
    }
  }

  private addPlace(
    name: string,
    region: { readonly address: number; readonly offsets: ReadonlyMap<string, number> },
  ): void {
    const offset = region.offsets.get(name) ?? 0;
    const address = region.address + Float32Array.BYTES_PER_ELEMENT * offset;
    this.places.set(name, { address, length: this.lengths.get(name) ?? 0 });
  }

  private parameterView(name: string): Float32Array {
    const place = this.places.get(name);
    if (place === undefined) throw new Error(`network learner: ${name} has no place`);
    return this.instance.view(place.address, place.length);
  }

  private refresh(): void {
    for (const [name, values] of Object.entries(this.host.constrained(this.hostCoordinates)))
      this.parameterView(name).set(values);
  }

  private bytes(address: number, host: Float64Array): Uint8Array {
    const flat = this.instance.view(address, this.flat.length);
    const bytes = new Uint8Array(flat.byteLength + host.byteLength);
    bytes.set(new Uint8Array(flat.buffer, flat.byteOffset, flat.byteLength));
    bytes.set(new Uint8Array(host.buffer), flat.byteLength);
    return bytes;
  }

  private ascendFlat(rate: number, step: number): void {
    const { optimizer, beta1, beta2, weightDecay } = this.settings;
    const { length, address } = this.flat;
    if (length === 0) return;
    if (optimizer === "adam" || optimizer === "adamw") {
      const secondBias = Math.sqrt(1 - beta2 ** step);
      const constants = [
        beta1,
        1 - beta1,
        beta2,
        1 - beta2,
        (rate * secondBias) / (1 - beta1 ** step),
        adamEpsilon * secondBias,
        optimizer === "adamw" ? 1 - rate * weightDecay : 1,
      ];
      this.instance.adam(address, this.gradientAt, this.firstAt, this.secondAt, this.ranges, constants);
      return;
    }
    const view = (at: number): Float32Array => this.instance.view(at, length);
    ascend(this.settings, view(address), view(this.gradientAt), view(this.firstAt), view(this.secondAt), rate, step);
  }

  private clip(clip: number): void {
    if (clip === Infinity) return;
    const flat = this.instance.view(this.gradientAt, this.flat.length);
    let squares = 0;
    for (const value of flat) squares += value * value;
    for (const value of this.hostGradient) squares += value * value;
    const norm = Math.sqrt(squares);
    if (!(norm > clip)) return;
    for (let i = 0; i < flat.length; i++) flat[i] *= clip / norm;
    for (let i = 0; i < this.hostGradient.length; i++) this.hostGradient[i] *= clip / norm;
  }

  /** The first parameter, or derivative, that is no number. */
  private culprit(output: EvaluatedStep["output"]): string {
    for (const name of this.places.keys()) {
      if (!this.parameterView(name).every(Number.isFinite)) return `parameter \`${name}\``;
      const gradient = output(`gradient.${name}`);
      if (gradient?.every(Number.isFinite) === false) return `derivative of \`${name}\``;
    }
    return "objective";
  }
}

/** Fewer numbers than this are not worth a range of their own. */
const leastRange = 16_384;

/** Large weights, each a range of its own, and what lies between them. */
function rangesOf(
  names: readonly string[],
  lengths: ReadonlyMap<string, number>,
  rowLengths: ReadonlyMap<string, number>,
  { length, offsets }: { readonly length: number; readonly offsets: ReadonlyMap<string, number> },
): readonly Range[] {
  const found: Range[] = [];
  let begin = 0;
  const rangeUntil = (end: number, rowLength = 4): void => {
    if (end > begin) found.push({ offset: begin, length: end - begin, rowLength });
    begin = end;
  };
  for (const name of names) {
    const size = lengths.get(name) ?? 0;
    const offset = offsets.get(name) ?? 0;
    if (size < leastRange) continue;
    rangeUntil(offset);
    rangeUntil(offset + Math.ceil(size / 4) * 4, rowLengths.get(name));
  }
  rangeUntil(length);
  return found;
}
