import { sweptRows } from "../../numerics/sweeps.js";
import type { KernelArrayDescription, KernelDescription, ScanDescription } from "./kernel-description.js";
import type { KernelMemory } from "./kernel-memory.js";
import { type ComparedArray, ScanBoundaries } from "./scan-boundaries.js";
import { layOutRows, layOutSequences, overlaps, type ScanLayout, takeRows, writeMarks } from "./scan-layout.js";
import type { RunShard, ShardWork } from "./thread-pool.js";

/** What a run of a scan needs of the kernels it belongs to. */
export interface ScanHost {
  readonly memory: KernelMemory;
  readonly lanes: number;
  readonly threads: number;
  /** Runs shards of a job, on several threads where there are some. */
  runShards(job: number, run: RunShard, work: Omit<ShardWork, "job">): void;
}

/** A scan with what is exported for it. */
export interface BoundScan {
  readonly description: KernelDescription;
  readonly scan: ScanDescription;
  readonly segments: readonly (
    | { readonly kind: "once"; readonly run: (frame: number) => void }
    | {
        readonly kind: "rows";
        readonly job: number;
        readonly run: RunShard;
        readonly collect: ((frame: number) => void) | undefined;
      }
  )[];
}

/** What a scan is given, by array. */
export interface ScanArguments {
  readonly rows: number;
  /** Where each sequence begins, and last where the last one ends; absent: all rows are one. */
  readonly starts?: Int32Array;
  /** What is given for an array: of a data column the same each time. */
  given(array: KernelArrayDescription): Float64Array;
  width(array: KernelArrayDescription): number;
  sizeNamed(name: string): number;
}

/**
 * Runs scans: sequences, or windows of long ones, lie side by side in lanes, and shards of them are gone through step by
 * step, as many at a time as there are threads.
 *
 * Windows begin in the middle of a sequence, some steps before the rows that count: as if the sequence began there. What
 * each knows when its rows begin is compared with what the window before knows when its own end, forwards and backwards.
 * Where they do not agree to rounding, windows overlap more, and in the end nothing is cut.
 */
export class ScanRuns {
  private layouts = new Map<Int32Array, Map<number, LaidOut>>();
  private readonly whole = new Map<number, Int32Array>();
  /** What did not overlap enough once is not tried again with these sequences. */
  private readonly tooShort = new Map<Int32Array, number>();

  constructor(private readonly host: ScanHost) {}

  /** Forgets where data lies. */
  release(): void {
    this.layouts = new Map();
    this.whole.clear();
    this.tooShort.clear();
  }

  /** Does a column lie in memory? */
  has(values: Float64Array): boolean {
    return [...this.layouts.values()].some((byOverlap) =>
      [...byOverlap.values()].some(({ columns }) => columns.has(values)),
    );
  }

  run(kernel: BoundScan, given: ScanArguments): void {
    const starts = given.starts ?? this.oneSequence(given.rows);
    const tooShort = this.tooShort.get(starts) ?? 0;
    for (const overlap of kernel.scan.mayCut === true ? overlaps : []) {
      if (overlap <= tooShort) continue;
      const laidOut = this.laidOut(starts, overlap);
      if (laidOut.layout.isCut && this.attempt(kernel, given, laidOut)) return;
      this.tooShort.set(starts, overlap);
    }
    this.attempt(kernel, given, this.laidOut(starts, 0));
  }

  private oneSequence(rows: number): Int32Array {
    const known = this.whole.get(rows);
    if (known !== undefined) return known;
    const made = Int32Array.of(0, rows);
    this.whole.set(rows, made);
    return made;
  }

  private laidOut(starts: Int32Array, overlap: number): LaidOut {
    const byOverlap = this.layouts.get(starts) ?? new Map<number, LaidOut>();
    this.layouts.set(starts, byOverlap);
    const known = byOverlap.get(overlap);
    if (known !== undefined) return known;
    const made = { layout: layOutSequences(starts, this.host.lanes, overlap), columns: new Map(), marks: undefined };
    byOverlap.set(overlap, made);
    return made;
  }

  /** @returns false where windows do not agree; then nothing has been added to any output, and rows are to be written anew */
  private attempt(kernel: BoundScan, given: ScanArguments, laidOut: LaidOut): boolean {
    const { memory, lanes } = this.host;
    const { layout } = laidOut;
    const { description, scan } = kernel;
    const { arrays } = description;
    const shards = layout.begins.length - 1;
    this.layOut(arrays, given, laidOut);
    const passing = memory.mark();
    try {
      const slots = Math.max(1, Math.min(shards, this.host.threads));
      const stride = Math.ceil(description.frameBytes / 64) * 64;
      const frames = memory.reserve(stride * slots);
      const addresses = new Map<KernelArrayDescription, number>();
      for (const array of arrays) if (!isOfShard(array)) addresses.set(array, this.place(array, given, laidOut));
      let mostSteps = 0;
      for (let shard = 0; shard < shards; shard++) {
        mostSteps = Math.max(mostSteps, layout.begins[shard + 1] - layout.begins[shard]);
      }
      const ofSlots = Array.from({ length: slots }, () => {
        const own = new Map<KernelArrayDescription, number>();
        for (const array of arrays) {
          if (isOfShard(array)) own.set(array, memory.reserve(shardBytes(array, given.width(array), mostSteps, lanes)));
        }
        return own;
      });
      const put = (frame: number, offset: number, value: number): void => {
        memory.integers[(frame + offset) / 4] = value;
      };
      for (let slot = 0; slot < slots; slot++) {
        const frame = frames + slot * stride;
        put(frame, description.rowsOffset, given.rows);
        for (const { offset, from, to, last } of scan.counts) put(frame, offset, sweptRows(given, from, to, last));
        for (const { name, offset } of description.sizes) put(frame, offset, given.sizeNamed(name));
        for (const [{ offset }, address] of [...addresses, ...ofSlots[slot]]) put(frame, offset, address);
      }
      /** Steps are counted from the first of all shards. */
      const firstStep = (array: KernelArrayDescription, shard: number, slot: number): number =>
        (ofSlots[slot].get(array) ?? 0) - 8 * lanes * given.width(array) * layout.begins[shard];
      const ofSteps = arrays.filter(isOfSteps);
      const rowOutputs = arrays.filter(({ role }) => role === "rowOutput");
      const boundaries = new ScanBoundaries(layout);
      const compared = arrays.filter(({ role, key }) => role === "kept" && scan.state.includes(key));
      for (const segment of kernel.segments) {
        if (segment.kind === "once") {
          segment.run(frames);
          continue;
        }
        for (let first = 0; first < shards; first += slots) {
          const count = Math.min(slots, shards - first);
          for (let slot = 0; slot < count; slot++) {
            const frame = frames + slot * stride;
            put(frame, scan.begin, layout.begins[first + slot]);
            put(frame, scan.end, layout.begins[first + slot + 1]);
            for (const array of ofSteps) put(frame, array.offset, firstStep(array, first + slot, slot));
            // Early rows may have nothing to tell.
            for (const array of rowOutputs) {
              const at = (ofSlots[slot].get(array) ?? 0) / 8;
              memory.floats.fill(0, at, at + lanes * given.width(array) * mostSteps);
            }
          }
          this.host.runShards(segment.job, segment.run, {
            ...{ frames, stride, first, count },
            ...{ groupsPerShard: 1, groups: shards },
          });
          for (let slot = 0; slot < count; slot++) {
            segment.collect?.(frames + slot * stride);
            for (const array of rowOutputs) {
              const at = (ofSlots[slot].get(array) ?? 0) / 8;
              takeRows(layout, first + slot, memory.floats, at, given.width(array), given.given(array));
            }
            if (!layout.isCut) continue;
            const cells = compared.map((array): ComparedArray => ({
              width: given.width(array),
              at: () => (ofSlots[slot].get(array) ?? 0) / 8,
            }));
            if (!boundaries.agree(first + slot, cells, memory.floats)) return false;
          }
        }
      }
      for (const [array, address] of addresses) this.readBack(array, address, given);
      return true;
    } finally {
      memory.release(passing);
    }
  }

  /** Data that does not lie in memory yet. */
  private layOut(arrays: readonly KernelArrayDescription[], given: ScanArguments, laidOut: LaidOut): void {
    const { memory, lanes } = this.host;
    const { layout, columns } = laidOut;
    if (laidOut.marks === undefined) {
      laidOut.marks = memory.reserve(8 * 3 * layout.rows.length);
      writeMarks(layout, memory.integers, laidOut.marks / 4);
    }
    for (const array of arrays) {
      if (array.role !== "data") continue;
      const values = given.given(array);
      if (columns.has(values)) continue;
      const width = given.width(array);
      const address = memory.reserve(8 * lanes * width * (layout.rows.length / lanes));
      layOutRows(layout, values, width, memory.floats, address / 8);
      columns.set(values, address);
    }
  }

  private place(array: KernelArrayDescription, given: ScanArguments, { layout, columns, marks }: LaidOut): number {
    const { memory } = this.host;
    switch (array.role) {
      case "parameter":
      case "previous":
      case "table": {
        const values = given.given(array);
        const address = memory.reserve(8 * values.length);
        memory.floats.set(values, address / 8);
        return address;
      }
      case "data": {
        const found = columns.get(given.given(array));
        if (found === undefined) throw new Error(`kernel: ${array.key} is not laid out`);
        return found;
      }
      case "lanes": {
        if (marks === undefined) throw new Error("kernel: lanes are not marked");
        return marks;
      }
      case "rowTable": {
        const width = given.width(array);
        const address = memory.reserve(8 * width * layout.rows.length);
        layOutRows(layout, given.given(array), width, memory.floats, address / 8);
        return address;
      }
      case "output":
      case "uniform": {
        const width = given.width(array);
        const address = memory.reserve(8 * width);
        memory.floats.fill(0, address / 8, address / 8 + width);
        return address;
      }
      case "derived":
      case "kept":
      case "rowOutput":
      case "varying":
      case "total":
        throw new Error(`kernel: ${array.role} is not of all shards`);
    }
  }

  private readBack(array: KernelArrayDescription, address: number, given: ScanArguments): void {
    if (array.role !== "output") return;
    const { floats } = this.host.memory;
    const target = given.given(array);
    for (let i = 0; i < target.length; i++) target[i] += floats[address / 8 + i];
  }
}

interface LaidOut {
  readonly layout: ScanLayout;
  readonly columns: Map<Float64Array, number>;
  marks: number | undefined;
}

function isOfShard(array: KernelArrayDescription): boolean {
  return array.role === "varying" || array.role === "total" || isOfSteps(array);
}

/** Memory of every step of a shard: what steps leave each other, and what they are asked for. */
function isOfSteps({ role }: KernelArrayDescription): boolean {
  return role === "kept" || role === "rowOutput";
}

function shardBytes(array: KernelArrayDescription, width: number, steps: number, lanes: number): number {
  if (array.role === "total") return 16 * width;
  return 8 * lanes * width * (isOfSteps(array) ? steps : 1);
}
