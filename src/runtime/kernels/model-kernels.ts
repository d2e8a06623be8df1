import type { Block, Sizes, Tensors } from "../description.js";
import type { KernelModule } from "./kernel-description.js";
import { KernelInstance } from "./kernel-instance.js";

/**
 * The kernels of an emitted trainer: instantiated when first used, and only where WebAssembly with SIMD runs. A
 * function that is no kernel, or has none here, is answered by `false`, and the caller runs its loops.
 */
export class ModelKernels {
  private instance: KernelInstance | undefined;
  private isAbsent: boolean;

  constructor(private readonly module: KernelModule | undefined) {
    this.isAbsent = module === undefined || module.functions.length === 0;
  }

  /** Runs a function over a block, as the generated loops of that name do. @returns whether there was such a kernel */
  run(name: string, sizes: Sizes, parameters: Tensors, block: Block, into: Tensors, previous: Tensors = {}): boolean {
    const instance = this.start();
    if (instance?.has(name) !== true) return false;
    instance.runBlock(name, sizes, parameters, block, into, previous);
    return true;
  }

  /** Forgets the data that was laid out. */
  release(): void {
    this.instance?.release();
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
