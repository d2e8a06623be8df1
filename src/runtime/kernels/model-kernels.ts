import type { Block, Sizes, Tensors } from "../description.js";
import type { KernelModule } from "./kernel-description.js";
import { KernelInstance } from "./kernel-instance.js";
import { availableThreads, SCAN_ROWS, SHARD_ROWS, threadsFor } from "./shards.js";

/** After so many milliseconds without work the threads end. */
const IDLE = 3000;

/**
 * The kernels of an emitted trainer: instantiated when first used, and only where WebAssembly with SIMD runs. A
 * function that is no kernel, or has none here, is answered by `false`, and the caller runs its loops.
 */
export class ModelKernels {
  private instance: KernelInstance | undefined;
  private isAbsent: boolean;
  private wanted: number | undefined;
  /** Time that work of more than one shard took in a single thread. */
  private milliseconds = 0;
  private idle: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly module: KernelModule | undefined) {
    this.isAbsent = module === undefined || module.functions.length === 0;
  }

  /** Are there any, as far as is known? */
  get arePresent(): boolean {
    return !this.isAbsent;
  }

  /** Threads at work, the caller's included. */
  get threads(): number {
    return 1 + (this.instance?.readyWorkers ?? 0);
  }

  /** Runs a function over a block, as the generated loops of that name do. @returns whether there was such a kernel */
  run(name: string, sizes: Sizes, parameters: Tensors, block: Block, into: Tensors, previous: Tensors = {}): boolean {
    const instance = this.start();
    if (instance?.has(name) !== true) return false;
    const shards = instance.isScan(name) ? Math.ceil(block.rows / SCAN_ROWS) : Math.ceil(block.rows / SHARD_ROWS);
    if (shards > 1 && instance.threads === 1) {
      const threads = threadsFor(shards, this.wanted ?? availableThreads(), this.milliseconds);
      if (threads > 1) instance.threads = threads;
    }
    const began = performance.now();
    instance.runBlock(name, sizes, parameters, block, into, previous);
    if (shards > 1 && instance.threads === 1) this.milliseconds += performance.now() - began;
    return true;
  }

  /** How many threads may work on a block; undefined: as many as there are cores. */
  useThreads(count: number | undefined): void {
    this.wanted = count;
    clearTimeout(this.idle);
    if (this.instance !== undefined && count !== undefined && this.instance.threads > count) this.instance.threads = 1;
  }

  /** Forgets the data that was laid out; the threads wait a while for the next. */
  release(): void {
    this.instance?.release();
    clearTimeout(this.idle);
    if (this.instance === undefined || this.instance.threads === 1) return;
    this.idle = setTimeout(() => this.instance?.dispose(), IDLE);
    // In Node a timer would keep the process alive.
    if (typeof this.idle === "object") this.idle.unref();
  }

  /** Ends the threads. */
  dispose(): void {
    clearTimeout(this.idle);
    this.instance?.dispose();
    this.instance = undefined;
  }

  private start(): KernelInstance | undefined {
    if (this.isAbsent || this.module === undefined) return undefined;
    if (this.instance === undefined) {
      try {
        this.instance = KernelInstance.createNow(this.module);
      } catch (error) {
        // No WebAssembly, no SIMD, or a page that forbids compiling: the loops do the same in JavaScript.
        if (!isWebAssemblyRefusal(error)) throw error;
        this.isAbsent = true;
      }
    }
    return this.instance;
  }
}

function isWebAssemblyRefusal(error: unknown): boolean {
  if (typeof WebAssembly === "undefined") return true;
  return error instanceof WebAssembly.CompileError || error instanceof RangeError || error instanceof EvalError;
}
