import { bytesOfText } from "./bytes-of-text.js";
import type { KernelDescription, KernelModule } from "./kernel-description.js";
import { fuseMultiplyAdds, relaxedSimdIsSupported } from "./relaxed-simd.js";
import { sharedMemoryIsAllowed } from "./shards.js";
import type { Job, RunShard } from "./thread-pool.js";

type Once = (frame: number) => void;
type Rows = (frame: number, begin: number, end: number) => void;

export interface KernelOptions {
  /** By default relaxed (fused multiply-add) where the engine has it. */
  readonly variant?: "plain" | "relaxed";
  /** Memory that several threads can work in; by default where there is such memory. */
  readonly shared?: boolean;
}

/** What is instantiated. */
export interface Bound {
  readonly instance: WebAssembly.Instance;
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  readonly variant: "plain" | "relaxed";
}

/** A function with its segments. */
export interface BoundKernel {
  readonly description: KernelDescription;
  readonly segments: readonly (OnceSegment | RowsSegment)[];
  readonly columns: RowsSegment | undefined;
}

interface OnceSegment {
  readonly kind: "once";
  readonly run: Once;
}

export interface RowsSegment {
  readonly kind: "rows";
  /** Its number among what workers do. */
  readonly job: number;
  readonly run: RunShard;
  readonly collect: Once | undefined;
}

export function bindKernel(
  description: KernelDescription,
  { exports }: WebAssembly.Instance,
  jobs: Job[],
): BoundKernel {
  const exported = (name: string): Rows & Once => {
    const found = exports[name];
    if (typeof found !== "function") throw new Error(`the kernel exports no ${name}`);
    return found as Rows & Once;
  };
  const overRows = (names: Job, collectName?: string): RowsSegment => {
    const job = jobs.push(names) - 1;
    const rows = exported(names.rows);
    const [clear, collect] = [names.clear, collectName].map((name) =>
      name === undefined ? undefined : exported(name),
    );
    return {
      kind: "rows",
      job,
      run(frame, begin, end) {
        clear?.(frame);
        rows(frame, begin, end);
      },
      collect,
    };
  };
  return {
    description,
    segments: description.segments.map(({ kind, export: rows, collect, clear }) =>
      kind === "once"
        ? { kind, run: exported(rows) }
        : overRows({ rows, ...(clear === undefined ? {} : { clear }) }, collect),
    ),
    columns: description.columns === undefined ? undefined : overRows({ rows: description.columns }),
  };
}

export function prepare(
  module: KernelModule,
  options: KernelOptions,
): Omit<Bound, "instance"> & { readonly bytes: Uint8Array<ArrayBuffer> } {
  const variant = options.variant ?? (relaxedSimdIsSupported() ? "relaxed" : "plain");
  const bytes = bytesOfText(module.bytes);
  if (variant === "relaxed") fuseMultiplyAdds(bytes, bytesOfText(module.fusions));
  const { memory, shared } = makeMemory(options.shared ?? sharedMemoryIsAllowed());
  if (shared) bytes[module.memoryFlags] = 3;
  return { bytes, variant, memory, shared };
}

/** Shared where that is wanted and there is such memory. */
function makeMemory(shared: boolean): { readonly memory: WebAssembly.Memory; readonly shared: boolean } {
  const size = { initial: 16, maximum: 65536 };
  if (shared) {
    try {
      return { memory: new WebAssembly.Memory({ ...size, shared }), shared };
    } catch {
      // No address space, or no threads.
    }
  }
  return { memory: new WebAssembly.Memory(size), shared: false };
}

export function imports(memory: WebAssembly.Memory): WebAssembly.Imports {
  const host = { sin: Math.sin, cos: Math.cos, power: Math.pow };
  return { env: { memory }, host };
}
