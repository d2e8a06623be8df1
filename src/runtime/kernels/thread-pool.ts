import type { KernelMemory } from "./kernel-memory.js";
import { builtin } from "./shards.js";
import { claimWord, closed, controlBytes, mostHomes, patience, workerCode, words } from "./worker-code.js";

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
    const { count, frames, stride, first, groupsPerShard, groups } = work;
    if (count >= closed) throw new Error("kernel: too many shards at once");
    const homes = Math.min(this.threads, mostHomes);
    for (let home = 0; home < homes; home++) Atomics.store(control, claimWord(home), this.claimOf(closed));
    this.generation += 1;
    for (const word of ["job", "frames", "stride", "first", "count", "groupsPerShard", "groups"] as const) {
      Atomics.store(control, words[word], work[word]);
    }
    Atomics.store(control, words.homes, homes);
    Atomics.store(control, words.done, 0);
    for (let home = 0; home < homes; home++)
      Atomics.store(control, claimWord(home), this.claimOf(Math.floor((count * home) / homes)));
    Atomics.store(control, words.generation, this.generation);
    Atomics.notify(control, words.generation);
    meanwhile?.();
    for (let home = 0; home < homes; home++) {
      const end = Math.floor((count * (home + 1)) / homes);
      for (;;) {
        const claim = Atomics.add(control, claimWord(home), 1);
        const shard = claim & closed;
        if (shard >= end) break;
        const begin = (first + shard) * groupsPerShard;
        runShard(frames + shard * stride, begin, Math.min(begin + groupsPerShard, groups));
        Atomics.add(control, words.done, 1);
      }
    }
    for (let i = 0; i < this.looks && Atomics.load(control, words.done) < count; i++);
    for (;;) {
      const done = Atomics.load(control, words.done);
      if (done >= count) break;
      waitForChange(control, words.done, done);
    }
    if (Atomics.load(control, words.failed) !== 0) throw new Error("kernel: a thread failed");
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

/** Sleeps until a word changes, where a thread may sleep: not in a page's main thread, which looks again at once. */
function waitForChange(control: Int32Array, word: number, seen: number): void {
  if (typeof document !== "undefined") return;
  // Only the last shard is announced.
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
