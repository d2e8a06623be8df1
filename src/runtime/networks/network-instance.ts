import type { Extent, Sizes } from "../description.js";
import { extentValue } from "../extents.js";
import { relaxedSimdIsSupported } from "../kernels/relaxed-simd.js";
import type {
  Leaf,
  NetworkBuffer,
  NetworkCall,
  NetworkFunction,
  NetworkModule,
  Operand,
  PlaceAlong,
} from "./network-description.js";

const bytesPerFloat = 4;
const alignment = 64;
const pageBytes = 65536;
/** Depth of a block of a matrix product: a panel of either side stays in the first cache. */
const depthOfBlock = 512;
const tileRows = 6;
const tileColumns = 8;

type Kernel = (...given: number[]) => void;

/** Addresses of a function's buffers at one number of rows, and the calls that compute it. */
export interface PreparedFunction {
  /** By `<kind> <name>`: "data x", "table noise.z", "parameter w", "output objective". */
  readonly views: ReadonlyMap<string, Float32Array>;
  run(): void;
}

/** A network module in memory: functions are prepared for the sizes and rows at hand, then run without allocating. */
export class NetworkInstance {
  private readonly memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  private readonly kernels: Readonly<Record<string, Kernel>>;
  private next = alignment;
  private floats = new Float32Array(this.memory.buffer);
  private integers = new Int32Array(this.memory.buffer);
  private readonly prepared = new Map<string, PreparedFunction>();
  /** Where values that functions share lie: by `<kind> <name>`. */
  private readonly shared = new Map<string, { readonly address: number; readonly length: number }>();
  private readonly scratch: number;
  private leftPanels = { address: 0, bytes: 0 };
  private rightPanels = { address: 0, bytes: 0 };
  private readonly constants: number;

  /** @throws WebAssembly.CompileError where SIMD is not there */
  constructor(
    private readonly module: NetworkModule,
    private readonly sizes: Sizes,
    variant: "plain" | "relaxed" = relaxedSimdIsSupported() ? "relaxed" : "plain",
  ) {
    const bytes = fromBase64(module[variant]);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory: this.memory } });
    this.kernels = instance.exports as unknown as Readonly<Record<string, Kernel>>;
    this.scratch = this.reserve(tileRows * tileColumns);
    this.constants = this.reserve(16);
  }

  has(name: string): boolean {
    return this.module.functions.some((fn) => fn.name === name);
  }

  /** Memory for so many numbers, zero; the views of earlier functions stay good. */
  private reserve(length: number): number {
    const address = Math.ceil(this.next / alignment) * alignment;
    this.next = address + length * bytesPerFloat + alignment;
    const missing = this.next - this.memory.buffer.byteLength;
    if (missing > 0) {
      this.memory.grow(Math.ceil(missing / pageBytes));
      this.floats = new Float32Array(this.memory.buffer);
      this.integers = new Int32Array(this.memory.buffer);
      // Views of the old buffer are gone: they are made again when asked for.
      this.generation++;
    }
    return address;
  }

  private generation = 0;

  /** A view of numbers in memory: good until the next `place` or `prepare`. */
  view(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
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

  private readonly bound = new Map<string, { places: Map<string, readonly [number, number]>; run: () => void }>();

  private viewsOf(places: ReadonlyMap<string, readonly [number, number]>): ReadonlyMap<string, Float32Array> {
    return new Map([...places].map(([key, [address, length]]) => [key, this.view(address, length)]));
  }

  private bind(fn: NetworkFunction, rows: number): { places: Map<string, readonly [number, number]>; run: () => void } {
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
    const steps = fn.calls.map((call) =>
      call.kind === "product"
        ? this.bindProduct(call, addresses, strides, sizes)
        : this.bindMap(fn, call, addresses, strides, sizes),
    );
    const made = {
      places,
      run: () => {
        for (const step of steps) step();
      },
    };
    return made;
  }

  private sizeOf(axis: NetworkFunction["axes"][number], rows: number): number {
    if (typeof axis === "object" && "rows" in axis) return rows;
    const value = extentValue(axis as Extent, this.sizes);
    if (value === undefined) throw new Error("network: a size is not bound");
    return value;
  }

  private bindProduct(
    call: Extract<NetworkCall, { kind: "product" }>,
    addresses: readonly number[],
    strides: readonly (readonly number[])[],
    sizes: readonly number[],
  ): () => void {
    const count = (axes: readonly number[]): number => axes.reduce((product, axis) => product * sizes[axis], 1);
    const [m, n, k] = [count(call.rows), count(call.columns), count(call.summed)];
    const step = (operand: Operand, group: readonly number[]): number => {
      const last = group.at(-1);
      const position = last === undefined ? -1 : operand.axes.indexOf(last);
      return position < 0 ? bytesPerFloat : bytesPerFloat * strides[operand.buffer][position];
    };
    const left = {
      address: addresses[call.left.buffer],
      across: step(call.left, call.rows),
      along: step(call.left, call.summed),
    };
    const right = {
      address: addresses[call.right.buffer],
      across: step(call.right, call.columns),
      along: step(call.right, call.summed),
    };
    const block = Math.min(depthOfBlock, k);
    const panels = (lines: number, width: number): number => Math.ceil(lines / width) * width * block;
    this.leftPanels = this.larger(this.leftPanels, panels(m, tileRows));
    this.rightPanels = this.larger(this.rightPanels, panels(n, tileColumns));
    const result = addresses[call.result];
    const { pack, product } = this.kernels;
    return () => {
      const [a, b] = [this.leftPanels.address, this.rightPanels.address];
      for (let begin = 0; begin < k; begin += block) {
        const depth = Math.min(block, k - begin);
        pack(left.address + begin * left.along, left.across, left.along, m, depth, tileRows, a);
        pack(right.address + begin * right.along, right.across, right.along, n, depth, tileColumns, b);
        const first = begin === 0 ? 1 : 0;
        const [aStride, bStride] = [bytesPerFloat * tileRows * depth, bytesPerFloat * tileColumns * depth];
        product(a, b, result, bytesPerFloat * n, m, n, depth, this.scratch, first, aStride, bStride);
      }
    };
  }

  private larger(
    panels: { readonly address: number; readonly bytes: number },
    length: number,
  ): { address: number; bytes: number } {
    const bytes = length * bytesPerFloat;
    return bytes <= panels.bytes ? panels : { address: this.reserve(length + tileColumns), bytes };
  }

  private bindMap(
    fn: NetworkFunction,
    call: Extract<NetworkCall, { kind: "map" }>,
    addresses: readonly number[],
    strides: readonly (readonly number[])[],
    sizes: readonly number[],
  ): () => void {
    const { leaves, loops, result, fill } = call;
    const place = call.place ?? { axes: fn.buffers[result].axes, along: [] };
    const offsetOf = (along: readonly PlaceAlong[] | undefined, buffer: number): number =>
      bytesPerFloat * (along ?? []).reduce((sum, { position, offset }) => sum + offset * strides[buffer][position], 0);
    const alongStride = (along: readonly PlaceAlong[] | undefined, axis: number, buffer: number): number => {
      let stride = 0;
      for (const { position, terms } of along ?? [])
        for (const { axis: own, step, by } of terms)
          if (own === axis)
            stride += strides[buffer][position] * (by ?? []).reduce((product, other) => product * sizes[other], step);
      return bytesPerFloat * stride;
    };
    const places = leaves.length + 1;
    const depth = Math.max(1, loops.length);
    const words = new Int32Array(places + depth + depth * places + places);
    const values = new Map<number, number>();
    const block = this.reserve(words.length);
    const sizeSlots = this.reserve(Math.max(1, leaves.length));
    words[0] = addresses[result] + offsetOf(place.along, result);
    leaves.forEach((leaf, i) => {
      if (leaf.kind === "size") {
        words[1 + i] = sizeSlots + bytesPerFloat * i;
        values.set(words[1 + i], sizes[leaf.axis]);
        return;
      }
      const sliced = leaf.slices.reduce((offset, { position, at }) => offset + at * strides[leaf.buffer][position], 0);
      words[1 + i] = addresses[leaf.buffer] + bytesPerFloat * sliced + offsetOf(leaf.along, leaf.buffer);
    });
    for (let loop = 0; loop < depth; loop++) {
      words[places + loop] = loops.length === 0 ? 1 : sizes[loops[loop]];
      const strideOf = (axes: readonly number[], buffer: number): number => {
        let stride = 0;
        axes.forEach((axis, position) => {
          if (axis === loops[loop]) stride += strides[buffer][position];
        });
        return bytesPerFloat * stride;
      };
      const base = places + depth + loop * places;
      const own = place.axes.map((axis, position) => (position === call.scattered ? -1 : axis));
      const axis = loops.length === 0 ? -1 : loops[loop];
      words[base] = strideOf(own, result) + alongStride(place.along, axis, result);
      leaves.forEach((leaf, i) => {
        words[base + 1 + i] =
          leaf.kind === "size" ? 0 : strideOf(leaf.axes, leaf.buffer) + alongStride(leaf.along, axis, leaf.buffer);
      });
    }
    if (call.counted !== true) joinLoops(words, places, depth);
    const picked = places + depth + depth * places;
    if (call.scattered !== undefined) words[picked] = bytesPerFloat * strides[result][call.scattered];
    leaves.forEach((leaf, i) => {
      words[picked + 1 + i] = pickedStride(leaf, strides);
    });
    this.integers.set(words, block / bytesPerFloat);
    for (const [address, value] of values) this.floats[address / bytesPerFloat] = value;
    const kernel = this.kernels[call.kernel];
    const begin = addresses[result] / bytesPerFloat;
    const end = begin + extentsOf(fn.buffers[result], sizes).reduce((product, extent) => product * extent, 1);
    if (fill === undefined) return () => kernel(block);
    return () => {
      this.floats.fill(fill, begin, end);
      kernel(block);
    };
  }

  /** One step of Adam over flat vectors in memory; lengths are whole vectors. */
  adam(x: number, gradient: number, first: number, second: number, length: number, constants: readonly number[]): void {
    this.floats.set(constants, this.constants / bytesPerFloat);
    this.kernels["adam"](x, gradient, first, second, length * bytesPerFloat, this.constants);
  }

  /** Memory for a vector of the caller's. */
  vector(length: number): number {
    return this.reserve(length);
  }
}

/**
 * Makes one long loop of the innermost two where every place moves along both as along one, and again with the next:
 * short rows are gone through at once.
 *
 * @param words addresses of `places`, sizes of `depth` loops, and strides of the places by loop
 */
function joinLoops(words: Int32Array, places: number, depth: number): void {
  const inner = depth - 1;
  for (let outer = inner - 1; outer >= 0; outer--) {
    const size = words[places + inner];
    const strideAt = (loop: number, place: number): number => words[places + depth + loop * places + place];
    for (let place = 0; place < places; place++) if (strideAt(outer, place) !== size * strideAt(inner, place)) return;
    words[places + inner] = size * words[places + outer];
    words[places + outer] = 1;
  }
}

function pickedStride(leaf: Leaf, strides: readonly (readonly number[])[]): number {
  if (leaf.kind === "size" || leaf.gathered === undefined) return 0;
  return bytesPerFloat * strides[leaf.buffer][leaf.gathered];
}

/** How long each stored dimension is. */
function extentsOf({ axes, extents }: NetworkBuffer, sizes: readonly number[]): readonly number[] {
  return axes.map((axis, position) => extents?.find((longer) => longer.position === position)?.extent ?? sizes[axis]);
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
