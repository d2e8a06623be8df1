import type { KernelMemory } from "../kernels/kernel-memory.js";
import { availableThreads } from "../kernels/shards.js";
import { ThreadPool } from "../kernels/thread-pool.js";

/** A kernel (block of arguments, begin, end): a range of its work, of which every part can be done by any thread. */
export type RangeKernel = (block: number, begin: number, end: number) => void;

/** All of a kernel's work with one block of arguments. */
export interface Task {
  /** Its name among the exports. */
  readonly kernel: string;
  readonly block: number;
  /** Units of work. */
  readonly extent: number;
  /** Parts that are given away are multiples of so many units. */
  readonly grain: number;
  /** What a unit takes, roughly, in nanoseconds. */
  readonly cost: number;
  /** Parts for each thread [as many as are worth it]: more share work better, fewer read memory in longer runs. */
  readonly parts?: number;
}

/** Each has memory of its own for panels, laid out before they start. */
const mostThreads = 64;
/** Below this, in nanoseconds, a task is not worth another thread. */
const leastShared = 6000;
/** Work that keeps other threads busy while the caller prepares the next step, in nanoseconds. */
const leastMeanwhile = 200_000;
/** What a part takes at least, in nanoseconds. */
const leastPart = 2000;
const partsPerThread = 32;
/**
 * How often threads look for work before they sleep: long enough for what happens between the kernels of one step and
 * the next, as waking up takes as long as a kernel.
 */
const patience = 400_000;
/** Milliseconds of work in one thread after which more are started: as many as starting them takes. */
const worthStarting = 60;

/** The kernels of one module, run by as many threads as are wanted; alone where memory cannot be shared. */
export class NetworkThreads {
  private readonly kernels: ReadonlyMap<string, { readonly run: RangeKernel; readonly job: number }>;
  private readonly pool: ThreadPool | undefined;
  private milliseconds = 0;
  /** Threads that may be at work, the caller's included. */
  readonly most: number;

  /** @param wanted undefined: as many as there are cores */
  constructor(
    compiled: WebAssembly.Module,
    exports: WebAssembly.Exports,
    shared: WebAssembly.Memory | undefined,
    memory: KernelMemory,
    wanted: number | undefined,
  ) {
    this.most = Math.min(wanted ?? availableThreads(), mostThreads);
    const functions = Object.entries(exports as unknown as Readonly<Record<string, RangeKernel>>);
    this.kernels = new Map(functions.map(([name, run], job) => [name, { run, job }]));
    this.pool =
      shared === undefined || this.most === 1
        ? undefined
        : new ThreadPool(
            compiled,
            shared,
            memory,
            functions.map(([rows]) => ({ rows })),
            patience,
          );
  }

  /** Threads at work now. */
  get running(): number {
    return 1 + (this.pool?.ready ?? 0);
  }

  /**
   * @param meanwhile what the caller has to do besides: done while other threads have begun, where there is enough for them
   * @returns was it done?
   */
  run(task: Task, meanwhile?: () => void): boolean {
    const { kernel, block, extent, grain, cost, parts: perThread = partsPerThread } = task;
    const found = this.kernels.get(kernel);
    if (found === undefined) throw new Error(`network: the module exports no ${kernel}`);
    const total = extent * cost;
    const { pool } = this;
    if (pool === undefined || total < leastShared || pool.ready === 0) {
      found.run(block, 0, extent);
      return false;
    }
    const parts = Math.max(2, Math.min(perThread * pool.threads, Math.floor(total / leastPart)));
    const groupsPerShard = grain * evenShards(Math.ceil(extent / grain), parts, pool.threads);
    const count = Math.ceil(extent / groupsPerShard);
    if (count === 1) {
      found.run(block, 0, extent);
      return false;
    }
    const isEnough = meanwhile !== undefined && total > leastMeanwhile;
    pool.run(
      { job: found.job, frames: block, stride: 0, first: 0, count, groupsPerShard, groups: extent, adds: true },
      found.run,
      isEnough ? meanwhile : undefined,
    );
    return isEnough;
  }

  /** Told how long work took, it starts more threads where they are worth it. */
  took(milliseconds: number): void {
    if (this.pool === undefined || this.pool.threads === this.most) return;
    this.milliseconds += milliseconds;
    if (this.milliseconds > worthStarting) this.pool.threads = this.most;
  }

  /** Ends the threads but the caller's; work goes on in that one. */
  dispose(): void {
    this.pool?.stop();
  }
}

/**
 * Units in a shard: about as many as make so many parts, such that the range of each thread begins where it would with shards
 * of one unit. What several kernels share along the same axis is done by the same threads then, and is in their caches.
 */
function evenShards(units: number, parts: number, threads: number): number {
  const most = Math.ceil(units / parts);
  let [best, least] = [most, Infinity];
  for (let size = most; size > 0 && size > most - candidates && least > 0; size--) {
    let off = 0;
    const count = Math.ceil(units / size);
    for (let thread = 1; thread < threads; thread++)
      off += Math.abs(size * Math.floor((count * thread) / threads) - Math.floor((units * thread) / threads));
    if (off < least) [best, least] = [size, off];
  }
  return best;
}

const candidates = 8;
