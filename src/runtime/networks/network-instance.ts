import type { Extent, Sizes } from "../description.js";
import { extentValue } from "../extents.js";
import { KernelMemory } from "../kernels/kernel-memory.js";
import { relaxedSimdIsSupported } from "../kernels/relaxed-simd.js";
import { sharedMemoryIsAllowed } from "../kernels/shards.js";
import { bindCall, extentsOf } from "./bind-calls.js";
import { bytesPerFloat, type CallMemory, type Step } from "./binding.js";
import type { NetworkCode, NetworkFunction, NetworkModule } from "./network-description.js";
import { NetworkThreads } from "./network-threads.js";

/** Addresses of a function's buffers at one number of rows, and the calls that compute it. */
export interface PreparedFunction {
  /** By `<kind> <name>`: "data x", "table noise.z", "parameter w", "output objective". */
  readonly views: ReadonlyMap<string, Float32Array>;
  /** @param meanwhile what else the caller has to do, which may be done while other threads work */
  readonly run: (meanwhile?: () => void) => void;
}

/** Part of a vector in memory: whole vectors of four. */
export interface Range {
  readonly offset: number;
  readonly length: number;
  /** Numbers in a row of a weight: threads share whole rows, as they do in the product that makes its derivative. */
  readonly rowLength: number;
}

/**
 * A network module in memory: functions are prepared for the sizes and rows at hand, then run without allocating.
 *
 * Threads share the work of a kernel such that every number is made by one of them in the order it always is: the result
 * has the same bits for any number of threads. `dispose` ends them.
 */
export class NetworkInstance {
  private readonly memory: KernelMemory;
  private readonly threads: NetworkThreads;
  private readonly callMemory: CallMemory;
  private readonly prepared = new Map<string, PreparedFunction>();
  /** Where values that functions share lie: by `<kind> <name>`. */
  private readonly shared = new Map<string, { readonly address: number; readonly length: number }>();
  private floats: Float32Array;
  private readonly adamBlock: number;

  /**
   * @param options.threads most threads at work [as many as there are cores]
   * @throws WebAssembly.CompileError where SIMD is not there
   */
  constructor(
    private readonly module: NetworkModule,
    private readonly sizes: Sizes,
    options: { readonly variant?: "plain" | "relaxed"; readonly threads?: number | undefined } = {},
  ) {
    const code = module[options.variant ?? (relaxedSimdIsSupported() ? "relaxed" : "plain")];
    const bytes = fromBase64(code.bytes);
    const { memory, shared } = makeMemory(options.threads !== 1);
    if (shared) bytes[code.memoryFlags] = 3;
    const compiled = new WebAssembly.Module(bytes);
    const instance = new WebAssembly.Instance(compiled, { env: { memory, thread: 0 } });
    this.memory = new KernelMemory(memory, alignment);
    this.threads = new NetworkThreads(
      compiled,
      instance.exports,
      shared ? memory : undefined,
      this.memory,
      options.threads,
    );
    this.floats = new Float32Array(memory.buffer);
    this.callMemory = this.makeCallMemory(code.tile);
    this.adamBlock = this.reserve(16);
  }

  has(name: string): boolean {
    return this.module.functions.some((fn) => fn.name === name);
  }

  /** Threads at work now. */
  get runningThreads(): number {
    return this.threads.running;
  }

  /** Memory for so many numbers, zero. */
  private reserve(length: number): number {
    const address = this.memory.reserve(length * bytesPerFloat + alignment);
    const { buffer } = this.memory.floats;
    if (this.floats.buffer !== buffer) {
      this.floats = new Float32Array(buffer);
      // Views of the old buffer are gone, or too short: they are made again when asked for.
      this.generation++;
    }
    return address;
  }

  private generation = 0;
  /** Memory is 0 at first, and runs begin with 1. */
  private runs = 1;

  /** A view of numbers in memory: good until the next `place` or `prepare`. */
  view(address: number, length: number): Float32Array {
    return new Float32Array(this.floats.buffer, address, length);
  }

  /** Gives a value that functions share a place, one after the other without gaps but to whole vectors. */
  place(
    kind: "parameter" | "output",
    names: readonly { readonly name: string; readonly length: number }[],
  ): {
    readonly address: number;
    readonly length: number;
    readonly offsets: ReadonlyMap<string, number>;
  } {
    const offsets = new Map<string, number>();
    let total = 0;
    for (const { name, length } of names) {
      offsets.set(name, total);
      total += Math.ceil(length / 4) * 4;
    }
    const address = this.reserve(total);
    for (const { name, length } of names)
      this.shared.set(`${kind} ${name}`, { address: address + (offsets.get(name) ?? 0) * bytesPerFloat, length });
    return { address, length: total, offsets };
  }

  /** A function for blocks of so many rows. */
  prepare(name: string, rows: number): PreparedFunction {
    const key = `${this.generation} ${name} ${rows}`;
    const known = this.prepared.get(key);
    if (known !== undefined) return known;
    const fn = this.module.functions.find((one) => one.name === name);
    if (fn === undefined) throw new Error(`network: there is no function ${name}`);
    const made = this.bind(fn, rows);
    // Memory may have grown while it was bound.
    const now = `${this.generation} ${name} ${rows}`;
    const final = { views: this.viewsOf(made.places), run: made.run };
    this.prepared.set(now, final);
    this.bound.set(`${name} ${rows}`, made);
    return final;
  }

  private readonly bound = new Map<string, BoundFunction>();

  private viewsOf(places: ReadonlyMap<string, readonly [number, number]>): ReadonlyMap<string, Float32Array> {
    return new Map([...places].map(([key, [address, length]]) => [key, this.view(address, length)]));
  }

  private bind(fn: NetworkFunction, rows: number): BoundFunction {
    const known = this.bound.get(`${fn.name} ${rows}`);
    if (known !== undefined) return known;
    const sizes = fn.axes.map((axis) => this.sizeOf(axis, rows));
    const places = new Map<string, readonly [number, number]>();
    const addresses = fn.buffers.map((buffer) => {
      const length = extentsOf(buffer, sizes).reduce((product, extent) => product * extent, 1);
      const key = `${buffer.kind} ${buffer.name}`;
      const shared = buffer.kind === "parameter" || buffer.kind === "output" ? this.shared.get(key) : undefined;
      // Columns of the data are read under several names of their axes, but stored once.
      const address = shared?.address ?? places.get(key)?.[0] ?? this.reserve(length);
      if (buffer.kind !== "work") places.set(key, [address, length]);
      return address;
    });
    const strides = fn.buffers.map((buffer) => stridesOf(extentsOf(buffer, sizes)));
    const binding = { fn, addresses, strides, sizes };
    const steps = fn.calls.flatMap((call) => bindCall(call, binding, this.callMemory));
    const made = { places, run: (meanwhile?: () => void) => this.run(steps, meanwhile) };
    return made;
  }

  private run(steps: readonly Step[], meanwhile?: () => void): void {
    const began = performance.now();
    const rest = this.runSteps(steps, meanwhile);
    this.threads.took(performance.now() - began);
    rest?.();
  }

  /** @returns what was not done meanwhile */
  private runSteps(steps: readonly Step[], meanwhile: (() => void) | undefined): (() => void) | undefined {
    let pending = meanwhile;
    for (const step of steps) {
      switch (step.kind) {
        case "choice":
          pending = this.runSteps(this.choose(step) ? step.below : step.above, pending);
          break;
        case "task":
          if (this.threads.run(step.task, pending)) pending = undefined;
          break;
        case "stamp":
          this.memory.integers[step.address / bytesPerFloat] = this.runs++;
          break;
        case "fill":
          this.floats.fill(step.value, step.begin, step.end);
          break;
      }
    }
    return pending;
  }

  /** Are lists short enough, or of bits? Depends on the numbers alone, so that any run of them chooses the same. */
  private choose({ entries, sample = [], first, lengths, most }: Extract<Step, { kind: "choice" }>): boolean {
    let inSample = 0;
    for (const place of sample) {
      const value = this.floats[place];
      if (value !== 0) inSample++;
      if (entries === "bits" && value * value !== value) return false;
    }
    if (entries === "bits" ? inSample < leastOnes * sample.length : inSample > mostInSample * sample.length)
      return false;
    this.threads.run(first);
    const begin = lengths.address / bytesPerFloat;
    let all = 0;
    for (let i = begin; i < begin + lengths.count; i++) {
      // Something is neither 0 nor 1.
      if (this.memory.integers[i] < 0) return false;
      all += this.memory.integers[i];
    }
    return all <= most;
  }

  private sizeOf(axis: NetworkFunction["axes"][number], rows: number): number {
    if (typeof axis === "object" && "rows" in axis) return rows;
    const value = extentValue(axis as Extent, this.sizes);
    if (value === undefined) throw new Error("network: a size is not bound");
    return value;
  }

  private makeCallMemory(tile: NetworkCode["tile"]): CallMemory {
    let left = { address: 0, bytes: 0 };
    let own = { address: 0, bytes: 0 };
    let lists = { address: 0, bytes: 0 };
    return {
      tile,
      threads: this.threads.most,
      leftPanels: (bytes) => {
        if (bytes > left.bytes) left = { address: this.reserve(bytes / bytesPerFloat), bytes };
        return left.address;
      },
      lists: (bytes) => {
        if (bytes > lists.bytes) lists = { address: this.reserve(bytes / bytesPerFloat), bytes };
        return lists.address;
      },
      ofThreads: (bytes) => {
        if (bytes > own.bytes) {
          // A page and a line apart: threads do not share a cache line.
          const each = Math.ceil(bytes / alignment + 1) * alignment;
          own = { address: this.reserve((this.threads.most * each) / bytesPerFloat), bytes: each };
        }
        return own;
      },
      writeBlock: (words) => {
        const address = this.reserve(words.length);
        this.memory.integers.set(words, address / bytesPerFloat);
        return address;
      },
      writeFloat: (value) => {
        const address = this.reserve(1);
        this.floats[address / bytesPerFloat] = value;
        return address;
      },
    };
  }

  /**
   * One step of Adam over vectors in memory that are laid out alike, range by range. Threads share the rows of a weight,
   * four at a time, as they do in the product that made its gradient.
   */
  adam(
    x: number,
    gradient: number,
    first: number,
    second: number,
    ranges: readonly Range[],
    constants: readonly number[],
  ): void {
    const block = this.adamBlock;
    for (const { offset, length, rowLength } of ranges) {
      const words = [x, gradient, first, second].map((address) => address + offset * bytesPerFloat);
      const own = this.threads.running > 1 ? this.callMemory.ofThreads(alignment + copiedBytes) : undefined;
      // After the words that say what a thread holds.
      words.push(own === undefined ? 0 : own.address + alignment, own?.bytes ?? 0);
      this.memory.integers.set(words, block / bytesPerFloat);
      this.floats.set(constants, block / bytesPerFloat + words.length);
      this.threads.run({ kernel: "adam", block, extent: length / lanes, grain: rowLength, cost: 3, parts: 2 });
    }
  }

  /** average += share (x - average) over vectors in memory. */
  average(average: number, x: number, length: number, share: number): void {
    const block = this.adamBlock;
    this.memory.integers.set([average, x], block / bytesPerFloat);
    this.floats[block / bytesPerFloat + 2] = share;
    this.threads.run({ kernel: "average", block, extent: length / lanes, grain: lanes, cost: 2, parts: 2 });
  }

  /** Memory for a vector of the caller's. */
  vector(length: number): number {
    return this.reserve(length);
  }

  /** Ends the threads; what is in memory can still be read. */
  dispose(): void {
    this.threads.dispose();
  }
}

/** A function's places by key, address and length, and its calls. */
interface BoundFunction {
  readonly places: ReadonlyMap<string, readonly [number, number]>;
  run(meanwhile?: () => void): void;
}

const alignment = 64;
/** With a larger part of a sample that is not 0 lists are not worth making. */
const mostInSample = 0.62;
/** With a smaller part of ones lists of numbers are faster than those of bits. */
const leastOnes = 0.25;
const lanes = 4;
/** What Adam makes of a weight at once. */
const copiedBytes = 8192;

/** Shared where that is wanted and there is such memory. */
function makeMemory(isShared: boolean): { readonly memory: WebAssembly.Memory; readonly shared: boolean } {
  const size = { initial: 16, maximum: 65536 };
  if (isShared && sharedMemoryIsAllowed()) {
    try {
      return { memory: new WebAssembly.Memory({ ...size, shared: true }), shared: true };
    } catch {
      // No address space, or no threads.
    }
  }
  return { memory: new WebAssembly.Memory(size), shared: false };
}

/** Strides of dense dimensions, outermost first, in numbers. */
function stridesOf(extents: readonly number[]): readonly number[] {
  const strides = extents.map(() => 1);
  for (let i = extents.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * extents[i + 1];
  return strides;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
