import type { KernelMemory } from "./kernel-memory.js";
import { builtin } from "./shards.js";
import { closed, controlBytes, homeLine, mostHomes, ofHome, patience, workerCode, words } from "./worker-code.js";

/** Rows of one segment: the names of what is exported for them. */
export interface Job {
  readonly clear?: string;
  readonly rows: string;
}

/** One shard after another, each with a frame of its own. */
export interface ShardWork {
  readonly job: number;
  readonly frames: number;
  readonly stride: number;
  readonly first: number;
  readonly count: number;
  readonly groupsPerShard: number;
  readonly groups: number;
  /** Shards add to what is there: they cannot be done again. */
  readonly adds?: true;
}

export type RunShard = (frame: number, begin: number, end: number) => void;

interface StartedWorker {
  terminate(): unknown;
}

/**
 * Threads that work on shards of rows in the same WebAssembly memory. The thread that asks for work takes part in it, so
 * that nothing waits for workers that are not there yet, or not any more.
 */
export class ThreadPool {
  private workers: StartedWorker[] = [];
  private readonly address: number;
  /** A view of shared memory, which stays good when the memory grows. */
  private readonly control: Int32Array;
  private generation = 0;

  constructor(
    private readonly module: WebAssembly.Module,
    private readonly shared: WebAssembly.Memory,
    memory: KernelMemory,
    private readonly jobs: readonly Job[],
    /** How often threads look before they sleep. */
    private readonly looks = patience,
  ) {
    this.address = memory.reserveForever(controlBytes);
    this.control = memory.integers.subarray(this.address / 4, (this.address + controlBytes) / 4);
    this.control.fill(0);
  }

  /** Threads at work from now on, the asking one included. Starting takes some time, which is not waited for. */
  set threads(count: number) {
    if (count - 1 < this.workers.length) this.stop();
    while (this.workers.length < count - 1) {
      const worker = startWorker({
        module: this.module,
        memory: this.shared,
        control: this.address,
        jobs: this.jobs,
        patience: this.looks,
        thread: this.workers.length + 1,
      });
      if (worker === undefined) return;
      this.workers.push(worker);
    }
  }

  get threads(): number {
    return this.workers.length + 1;
  }

  /** Workers that have begun to wait for work. */
  get ready(): number {
    return this.workers.length === 0 ? 0 : Atomics.load(this.control, words.ready);
  }

  /**
   * Does all shards of some work, together with the workers.
   *
   * @param meanwhile what this thread does first, while the workers have begun
   */
  run(work: ShardWork, runShard: RunShard, meanwhile?: () => void): void {
    const { control } = this;
    const { count, ...rest } = work;
    if (count >= closed) throw new Error("kernel: too many shards at once");
    const homes = Math.min(this.threads, mostHomes);
    for (let home = 0; home < homes; home++)
      Atomics.store(control, homeLine(home) + ofHome.claim, this.claimOf(closed));
    this.generation += 1;
    // All ranges are written before any is opened: a thread that opens one counts in a line of its own.
    for (let home = 0; home < homes; home++) {
      const line = homeLine(home);
      control[line + ofHome.done] = 0;
      control[line + ofHome.end] = rangeEnd(count, home, homes);
      control[line + ofHome.homes] = homes;
      for (const word of ["job", "frames", "stride", "first", "groupsPerShard", "groups"] as const)
        control[line + ofHome[word]] = rest[word];
    }
    for (let home = homes - 1; home >= 0; home--)
      Atomics.store(control, homeLine(home) + ofHome.claim, this.claimOf(rangeEnd(count, home - 1, homes)));
    Atomics.store(control, words.generation, this.generation & 0x7fffffff);
    Atomics.notify(control, words.generation);
    meanwhile?.();
    const { stride, frames, first, groupsPerShard, groups } = work;
    let own = 0;
    for (let home = 0; home < homes; home++) {
      const line = homeLine(home);
      const last = rangeEnd(count, home, homes);
      while ((Atomics.load(control, line + ofHome.claim) & closed) < last) {
        const shard = Atomics.add(control, line + ofHome.claim, 1) & closed;
        if (shard >= last) break;
        const begin = (first + shard) * groupsPerShard;
        runShard(frames + shard * stride, begin, Math.min(begin + groupsPerShard, groups));
        own += 1;
      }
    }
    this.await(count - own, homes);
    if (Atomics.exchange(control, words.failed, 0) === 0) return;
    this.stop();
    if (work.adds === true) throw new Error("kernel: a thread failed");
    // A worker that cannot do it is done without: shards begin from nothing. What is wrong with the work itself shows here.
    for (let shard = 0; shard < count; shard++) {
      const begin = (first + shard) * groupsPerShard;
      runShard(frames + shard * stride, begin, Math.min(begin + groupsPerShard, groups));
    }
  }

  /** Waits until the workers have finished so many shards. */
  private await(shards: number, homes: number): void {
    const { control } = this;
    const finished = (): boolean => {
      let done = 0;
      for (let home = 0; home < homes && done < shards; home++)
        done += Atomics.load(control, homeLine(home) + ofHome.done);
      return done >= shards;
    };
    // A worker that is not running needs the core that looking takes.
    for (let i = 0; i < Math.min(this.looks, mostLooks) && !finished(); i++);
    if (!finished()) {
      Atomics.store(control, words.waiting, 1);
      for (let seen = Atomics.load(control, words.ended); !finished(); seen = Atomics.load(control, words.ended))
        waitForChange(control, words.ended, seen);
      Atomics.store(control, words.waiting, 0);
    }
  }

  /** Ends the workers. */
  stop(): void {
    for (const worker of this.workers) worker.terminate();
    this.workers = [];
    Atomics.store(this.control, words.ready, 0);
  }

  private claimOf(shard: number): number {
    return ((this.generation & 0x1fffff) << 10) | shard;
  }
}

/** How often the asking thread looks for the end of what others have begun. */
const mostLooks = 30_000;

/** Where one of the ranges that shards are divided into ends. */
function rangeEnd(count: number, home: number, homes: number): number {
  return Math.floor((count * (home + 1)) / homes);
}

/** Sleeps until a word changes, where a thread may sleep: not in a page's main thread, which looks again at once. */
function waitForChange(control: Int32Array, word: number, seen: number): void {
  if (typeof document !== "undefined") return;
  Atomics.wait(control, word, seen, 0.2);
}

/** A worker that does not keep the process alive; undefined where there is none. */
function startWorker(data: Readonly<Record<string, unknown>>): StartedWorker | undefined {
  const node = builtin("node:worker_threads");
  try {
    if (node !== undefined) {
      const worker = new node.Worker(workerCode, { eval: true, workerData: data, execArgv: [], env: {} });
      worker.unref();
      // It was never ready, and nothing waits for it.
      worker.on("error", () => undefined);
      return worker;
    }
    if (typeof Worker === "undefined" || typeof Blob === "undefined") return undefined;
    const url = URL.createObjectURL(new Blob([workerCode], { type: "text/javascript" }));
    const worker = new Worker(url);
    worker.postMessage(data, []);
    // The worker may not have read it yet.
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    return worker;
  } catch {
    // A page whose policy forbids it: the fit goes on in one thread.
    return undefined;
  }
}
