import type { KernelMemory } from "./kernel-memory.js";
import { builtin } from "./shards.js";
import { closed, controlBytes, patience, workerCode, words } from "./worker-code.js";

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
  private readonly control: number;
  private generation = 0;

  constructor(
    private readonly module: WebAssembly.Module,
    private readonly shared: WebAssembly.Memory,
    private readonly memory: KernelMemory,
    private readonly jobs: readonly Job[],
  ) {
    this.control = memory.reserveForever(controlBytes);
    memory.integers.fill(0, this.control / 4, (this.control + controlBytes) / 4);
  }

  /** Threads at work from now on, the asking one included. Starting takes some time, which is not waited for. */
  set threads(count: number) {
    if (count - 1 < this.workers.length) this.stop();
    while (this.workers.length < count - 1) {
      const worker = startWorker({
        module: this.module,
        memory: this.shared,
        control: this.control,
        jobs: this.jobs,
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
    return this.workers.length === 0 ? 0 : Atomics.load(this.words(), words.ready);
  }

  /** Does all shards of some work, together with the workers. */
  run(work: ShardWork, runShard: RunShard): void {
    const control = this.words();
    const { count, frames, stride, first, groupsPerShard, groups } = work;
    if (count >= closed) throw new Error("kernel: too many shards at once");
    Atomics.store(control, words.claim, this.claimOf(closed));
    this.generation += 1;
    for (const word of ["job", "frames", "stride", "first", "count", "groupsPerShard", "groups"] as const) {
      Atomics.store(control, words[word], work[word]);
    }
    Atomics.store(control, words.done, 0);
    Atomics.store(control, words.claim, this.claimOf(0));
    Atomics.store(control, words.generation, this.generation);
    Atomics.notify(control, words.generation);
    for (;;) {
      const claim = Atomics.add(control, words.claim, 1);
      const shard = claim & closed;
      if (shard >= count) break;
      const begin = (first + shard) * groupsPerShard;
      runShard(frames + shard * stride, begin, Math.min(begin + groupsPerShard, groups));
      Atomics.add(control, words.done, 1);
    }
    for (let i = 0; i < patience && Atomics.load(control, words.done) < count; i++);
    for (;;) {
      const done = Atomics.load(control, words.done);
      if (done >= count) break;
      waitForChange(control, words.done, done);
    }
    if (Atomics.exchange(control, words.failed, 0) === 0) return;
    // A worker that cannot do it is done without: shards begin from nothing. What is wrong with the work itself shows here.
    this.stop();
    for (let shard = 0; shard < count; shard++) {
      const begin = (first + shard) * groupsPerShard;
      runShard(frames + shard * stride, begin, Math.min(begin + groupsPerShard, groups));
    }
  }

  /** Ends the workers. */
  stop(): void {
    for (const worker of this.workers) worker.terminate();
    this.workers = [];
    const control = this.words();
    Atomics.store(control, words.ready, 0);
  }

  private claimOf(shard: number): number {
    return ((this.generation & 0x1fffff) << 10) | shard;
  }

  private words(): Int32Array {
    return this.memory.integers.subarray(this.control / 4, (this.control + controlBytes) / 4);
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
