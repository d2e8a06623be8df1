import type { Block, Sizes, Tensors } from "../description.js";
import type { Bound, BoundKernel, KernelOptions, RowsSegment } from "./bind-kernel.js";
import { bindKernel, imports, prepare } from "./bind-kernel.js";
import type { KernelArguments } from "./kernel-arguments.js";
import { column, sizeNamed, tensorsOf, totalBytes, widthOf } from "./kernel-arguments.js";
import type { KernelArrayDescription, KernelModule, ScanDescription } from "./kernel-description.js";
import { KernelMemory } from "./kernel-memory.js";
import { ScanRuns } from "./scan-runs.js";
import { SHARD_ROWS, shardRows, shardsAtOnce } from "./shards.js";
import type { Job, ShardWork } from "./thread-pool.js";
import { ThreadPool } from "./thread-pool.js";
import { tileRows, untileRows } from "./tile-rows.js";

/**
 * A compiled model in memory of its own: lays out data once per block, and runs its functions.
 *
 * Rows are run in shards of a fixed number of rows, whose sums are added up in order: the result has the same bits
 * whatever the number of threads. It owns a WebAssembly memory, which grows to what the largest data set so far needs,
 * and its threads; `release` forgets the data, `dispose` ends the threads.
 */
export class KernelInstance {
  private readonly memory: KernelMemory;
  private readonly functions: ReadonlyMap<string, BoundKernel>;
  /** Data columns that lie in memory already. */
  private laidOut = new Map<Float64Array, number>();
  /** By name, the memory of the host that was laid out: buffer, and ranges in it. */
  private taken = new Map<string, { readonly buffer: ArrayBufferLike; readonly columns: Float64Array[] }>();
  /** Derived columns of a function, by the first data column it reads. */
  private derived = new Map<Float64Array, Map<string, DerivedColumns>>();
  /** Undefined where threads cannot share the memory. */
  private readonly pool: ThreadPool | undefined;
  private readonly scans: ScanRuns;

  private constructor(
    readonly module: KernelModule,
    compiled: WebAssembly.Module,
    { instance, memory, shared, variant }: Bound,
  ) {
    this.variant = variant;
    this.memory = new KernelMemory(memory, module.firstFreeByte);
    const jobs: Job[] = [];
    this.functions = new Map(
      module.functions.map((description) => [description.name, bindKernel(description, instance, jobs)]),
    );
    this.pool = shared ? new ThreadPool(compiled, memory, this.memory, jobs) : undefined;
    const threads = (): number => this.threads;
    this.scans = new ScanRuns({
      memory: this.memory,
      lanes: module.lanes,
      get threads() {
        return threads();
      },
      runShards: (job, run, work) => this.runShards({ job, run }, work),
    });
  }

  readonly variant: "plain" | "relaxed";

  /** Compiles and instantiates at once; in a browser's main thread, large modules need `create`. */
  static createNow(module: KernelModule, options: KernelOptions = {}): KernelInstance {
    const { bytes, ...rest } = prepare(module, options);
    const compiled = new WebAssembly.Module(bytes);
    const instance = new WebAssembly.Instance(compiled, imports(rest.memory));
    return new KernelInstance(module, compiled, { ...rest, instance });
  }

  static async create(module: KernelModule, options: KernelOptions = {}): Promise<KernelInstance> {
    const { bytes, ...rest } = prepare(module, options);
    const compiled = await WebAssembly.compile(bytes);
    const instance = await WebAssembly.instantiate(compiled, imports(rest.memory));
    return new KernelInstance(module, compiled, { ...rest, instance });
  }

  /** Threads that work on a function's shards, where several can: the caller's own, and those of workers. */
  get threads(): number {
    return this.pool?.threads ?? 1;
  }

  set threads(count: number) {
    if (this.pool !== undefined) this.pool.threads = count;
  }

  /** Workers that have started. */
  get readyWorkers(): number {
    return this.pool?.ready ?? 0;
  }

  /** What its memory takes up. */
  get memoryBytes(): number {
    return this.memory.bytes;
  }

  has(name: string): boolean {
    return this.functions.has(name);
  }

  /** Does it go through sequences step by step? */
  isScan(name: string): boolean {
    return this.functions.get(name)?.description.scan !== undefined;
  }

  /**
   * Runs a function over the rows of a block. Data is laid out when a column is first seen; a column whose entries change
   * afterwards must come as another view of them.
   */
  run(name: string, given: KernelArguments): void {
    const kernel = this.functions.get(name);
    if (kernel === undefined) throw new Error(`this module has no kernel ${name}`);
    const { description } = kernel;
    const data = description.arrays.filter(({ role }) => role === "data");
    if (data.some(({ key }) => this.replaces(key, column(given.data, key)))) this.release();
    if (description.scan !== undefined) return this.runScan(kernel, description.scan, given);
    for (const array of data) this.layOut(array, given);
    const derived = kernel.columns === undefined ? undefined : this.derive(kernel, kernel.columns, given);
    const passing = this.memory.mark();
    try {
      const bytes = totalBytes(description, given);
      const { shards, ...groups } = this.shardsOf(given, shardRows(bytes, given.rows));
      const slots = shardsAtOnce(shards, this.threads, bytes);
      const frames = this.placeFrames(kernel, slots);
      const addresses = new Map<KernelArrayDescription, number>();
      const ofShard = (array: KernelArrayDescription): boolean => array.role === "varying" || array.role === "total";
      for (const array of description.arrays) {
        if (ofShard(array)) continue;
        addresses.set(array, derived?.addresses.get(array.key) ?? this.place(array, given));
      }
      for (let slot = 0; slot < slots; slot++) {
        for (const array of description.arrays) if (ofShard(array)) addresses.set(array, this.place(array, given));
        this.writeFrame(kernel, frames.first + slot * frames.stride, addresses, given);
      }
      for (const segment of kernel.segments) {
        if (segment.kind === "once") {
          segment.run(frames.first);
          continue;
        }
        for (let first = 0; first < shards; first += slots) {
          const count = Math.min(slots, shards - first);
          this.runShards(segment, { frames: frames.first, stride: frames.stride, first, count, ...groups });
          for (let slot = 0; slot < count; slot++) segment.collect?.(frames.first + slot * frames.stride);
        }
      }
      for (const [array, address] of addresses) this.readBack(array, address, given);
    } finally {
      this.memory.release(passing);
    }
  }

  private runScan({ description, segments }: BoundKernel, scan: ScanDescription, given: KernelArguments): void {
    for (const { role, key } of description.arrays) if (role === "data") this.remember(key, column(given.data, key));
    this.scans.run(
      { description, segments, scan },
      {
        rows: given.rows,
        ...(given.starts === undefined ? {} : { starts: given.starts }),
        given: ({ role, key }) => column(tensorsOf(role, given), key),
        width: (array) => widthOf(array, given),
        sizeNamed: (name) => sizeNamed(given.sizes, name),
      },
    );
  }

  private shardsOf(
    { rows }: KernelArguments,
    rowsOfShard: number,
  ): Pick<ShardWork, "groups" | "groupsPerShard"> & {
    readonly shards: number;
  } {
    const { lanes } = this.module;
    const groups = Math.ceil(rows / lanes);
    const groupsPerShard = rowsOfShard / lanes;
    const shards = Math.max(1, Math.ceil(groups / groupsPerShard));
    return { groups, groupsPerShard, shards };
  }

  private runShards(segment: Pick<RowsSegment, "job" | "run">, work: Omit<ShardWork, "job">): void {
    const { frames, stride, first, count, groupsPerShard, groups } = work;
    if (this.pool !== undefined && count > 1 && this.pool.threads > 1) {
      return this.pool.run({ ...work, job: segment.job }, segment.run);
    }
    for (let shard = 0; shard < count; shard++) {
      const begin = (first + shard) * groupsPerShard;
      segment.run(frames + shard * stride, begin, Math.min(begin + groupsPerShard, groups));
    }
  }

  private placeFrames(
    { description }: BoundKernel,
    slots: number,
  ): { readonly first: number; readonly stride: number } {
    const stride = Math.ceil(description.frameBytes / 64) * 64;
    return { first: this.memory.reserve(stride * slots), stride };
  }

  /** Runs a function over a block as the generated loops do. */
  runBlock(name: string, sizes: Sizes, parameters: Tensors, block: Block, into: Tensors, previous: Tensors = {}): void {
    const { rows, data, tables, starts } = block;
    const ofSequences = starts === undefined ? {} : { starts };
    this.run(name, { sizes, rows, ...ofSequences, parameters, previous, data, tables, into });
  }

  /** Forgets the data. */
  release(): void {
    this.laidOut = new Map();
    this.scans.release();
    this.derived = new Map();
    this.taken = new Map();
    this.memory.release(this.memory.start);
  }

  /** Ends its threads; it can still be used, in one. */
  dispose(): void {
    this.release();
    this.pool?.stop();
  }

  /**
   * Is it part of another data set than what lies in memory: of another buffer, or another view of the same rows? Then
   * what is known of the data may be out of date, and is forgotten.
   */
  private replaces(key: string, values: Float64Array): boolean {
    const known = this.taken.get(key);
    if (known === undefined || this.laidOut.has(values) || known.columns.includes(values)) return false;
    const end = values.byteOffset + values.byteLength;
    return (
      known.buffer !== values.buffer ||
      known.columns.some(
        ({ byteOffset, byteLength }) => byteOffset < end && values.byteOffset < byteOffset + byteLength,
      )
    );
  }

  private layOut(array: KernelArrayDescription, given: KernelArguments): void {
    const { lanes } = this.module;
    const values = column(given.data, array.key);
    if (this.laidOut.has(values)) return;
    const width = widthOf(array, given);
    const address = this.memory.reserve(8 * lanes * width * Math.ceil(given.rows / lanes));
    tileRows(values, given.rows, width, lanes, this.memory.floats, address / 8);
    this.laidOut.set(values, address);
    this.remember(array.key, values);
  }

  private remember(key: string, values: Float64Array): void {
    const known = this.taken.get(key) ?? { buffer: values.buffer, columns: [] };
    if (!known.columns.includes(values)) known.columns.push(values);
    this.taken.set(key, known);
  }

  /** Computes what depends on the data alone, unless it is there already. */
  private derive(kernel: BoundKernel, compute: RowsSegment, given: KernelArguments): DerivedColumns {
    const { arrays, name } = kernel.description;
    const { lanes } = this.module;
    const columns = arrays.flatMap(({ role, key }) => (role === "data" ? [column(given.data, key)] : []));
    const byFunction = this.derived.get(columns[0]) ?? new Map<string, DerivedColumns>();
    const known = byFunction.get(name);
    if (known !== undefined && known.from.every((values, i) => values === columns[i])) return known;
    const { shards, ...groups } = this.shardsOf(given, SHARD_ROWS);
    const addresses = new Map<string, number>();
    const inFrame = new Map<KernelArrayDescription, number>();
    for (const array of arrays) {
      if (array.role === "data") inFrame.set(array, this.place(array, given));
      if (array.role !== "derived") continue;
      const address = this.memory.reserve(8 * lanes * widthOf(array, given) * groups.groups);
      addresses.set(array.key, address);
      inFrame.set(array, address);
    }
    // One frame for all shards: they write to places of their own.
    const mark = this.memory.mark();
    const { first: frames } = this.placeFrames(kernel, 1);
    this.writeFrame(kernel, frames, inFrame, given);
    this.runShards(compute, { frames, stride: 0, first: 0, count: shards, ...groups });
    this.memory.release(mark);
    const result = { from: columns, addresses };
    this.derived.set(columns[0], byFunction.set(name, result));
    return result;
  }

  /** Where an array lies in this run. */
  private place(array: KernelArrayDescription, given: KernelArguments): number {
    const { lanes } = this.module;
    const groups = Math.ceil(given.rows / lanes);
    switch (array.role) {
      case "parameter":
        return this.copyIn(column(given.parameters, array.key));
      case "previous":
        return this.copyIn(column(given.previous, array.key));
      case "table":
        return this.copyIn(column(given.tables, array.key));
      case "data": {
        const found = this.laidOut.get(column(given.data, array.key));
        if (found === undefined) throw new Error(`kernel: ${array.key} is not laid out`);
        return found;
      }
      case "derived":
      case "lanes":
      case "kept":
        throw new Error(`kernel: ${array.key} is not computed`);
      case "rowTable": {
        const width = widthOf(array, given);
        const address = this.memory.reserve(8 * lanes * width * groups);
        tileRows(column(given.tables, array.key), given.rows, width, lanes, this.memory.floats, address / 8);
        return address;
      }
      case "rowOutput":
        return this.memory.reserve(8 * lanes * widthOf(array, given) * groups);
      case "output": {
        const address = this.memory.reserve(8 * widthOf(array, given));
        this.memory.floats.fill(0, address / 8, address / 8 + widthOf(array, given));
        return address;
      }
      case "uniform":
        return this.memory.reserve(8 * widthOf(array, given));
      case "varying":
        return this.memory.reserve(8 * lanes * widthOf(array, given));
      case "total":
        return this.memory.reserve(16 * widthOf(array, given));
    }
  }

  private copyIn(values: Float64Array): number {
    const address = this.memory.reserve(8 * values.length);
    this.memory.floats.set(values, address / 8);
    return address;
  }

  private writeFrame(
    { description }: BoundKernel,
    frame: number,
    addresses: ReadonlyMap<KernelArrayDescription, number>,
    given: KernelArguments,
  ): void {
    const { integers } = this.memory;
    const put = (offset: number, value: number): void => {
      integers[(frame + offset) / 4] = value;
    };
    put(description.rowsOffset, given.rows);
    for (const { name, offset } of description.sizes) put(offset, sizeNamed(given.sizes, name));
    for (const [{ offset }, address] of addresses) put(offset, address);
  }

  private readBack(array: KernelArrayDescription, address: number, given: KernelArguments): void {
    const { floats } = this.memory;
    if (array.role === "output") {
      const target = column(given.into, array.key);
      for (let i = 0; i < target.length; i++) target[i] += floats[address / 8 + i];
    }
    if (array.role === "rowOutput") {
      untileRows(
        floats,
        address / 8,
        given.rows,
        widthOf(array, given),
        this.module.lanes,
        column(given.into, array.key),
      );
    }
  }
}

interface DerivedColumns {
  readonly from: readonly Float64Array[];
  readonly addresses: ReadonlyMap<string, number>;
}
