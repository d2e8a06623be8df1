import type { Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import type { TensorFlow } from "../tensor-flow.js";
import { adamFactors, type DeviceOptimiser, type DeviceStep } from "./device-optimiser.js";
import type { OptimiserSettings } from "./optimiser.js";
import { bytesOfBase64 } from "./step-state.js";
import { TensorOptimiser } from "./tensor-optimiser.js";

/** What of TensorFlow.js's wasm backend is used; it is not documented, so it is looked for. */
interface WasmBackend {
  readonly wasm: { readonly asm: { readonly memory: WebAssembly.Memory } };
  readonly dataIdMap: { get(id: object): { readonly memoryOffset: number } | undefined };
  makeOutput(shape: number[], dtype: "float32"): TensorInfo;
}

/** One step over flat vectors at byte addresses in the backend's memory: see `deviceKernels` of the code generator. */
type AdamKernel = (
  after: number,
  before: number,
  gradient: number,
  first: number,
  second: number,
  length: number,
  beta1: number,
  beta2: number,
  scale: number,
  epsilon: number,
  kept: number,
  factor: number,
) => void;

/** WebAssembly that works on the memory of the wasm backend: base64, and the place of the byte that says it is shared. */
export interface DeviceKernels {
  readonly bytes: string;
  readonly memoryFlags: number;
}

/** Adam in one pass over the memory of the wasm backend; undefined where that cannot be had. */
export function wasmAdam(
  tf: TensorFlow,
  settings: OptimiserSettings,
  kernels: DeviceKernels | undefined,
): DeviceOptimiser | undefined {
  if (kernels === undefined || tf.getBackend() !== "wasm") return undefined;
  const backend: unknown = tf.backend();
  if (!isWasmBackend(backend)) return undefined;
  const { memory } = backend.wasm.asm;
  const bytes = new Uint8Array(bytesOfBase64(kernels.bytes));
  if (typeof SharedArrayBuffer !== "undefined" && memory.buffer instanceof SharedArrayBuffer)
    bytes[kernels.memoryFlags] = 3;
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, thread: 0 } });
    return new WasmAdam(tf, settings, backend, exports["adam"] as AdamKernel);
  } catch (error) {
    // No SIMD, a page that forbids compiling, or another kind of memory: operations do the same.
    if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError) return undefined;
    throw error;
  }
}

function isWasmBackend(value: unknown): value is WasmBackend {
  const has = <K extends string>(of: unknown, key: K): of is Record<K, unknown> =>
    typeof of === "object" && of !== null && key in of;
  return (
    has(value, "wasm") &&
    has(value.wasm, "asm") &&
    has(value.wasm.asm, "memory") &&
    value.wasm.asm.memory instanceof WebAssembly.Memory &&
    has(value, "dataIdMap") &&
    typeof (value as Partial<WasmBackend>).makeOutput === "function"
  );
}

class WasmAdam extends TensorOptimiser {
  constructor(
    tf: TensorFlow,
    settings: OptimiserSettings,
    private readonly backend: WasmBackend,
    private readonly adam: AdamKernel,
  ) {
    super(tf, settings);
  }

  override step(name: string, weight: Tensor, gradient: Tensor, settings: DeviceStep): Tensor {
    const { first, second } = this.of(name);
    const { beta1, beta2 } = this.settings;
    const { scale, epsilon, kept } = adamFactors(this.settings, settings);
    // The backend packs matrices that it multiplies by, and keeps them: a weight in another tensor is packed anew.
    const after = this.backend.makeOutput(weight.shape, "float32");
    const addresses = [after, weight, gradient, first, second].map((tensor) => this.addressOf(tensor));
    const [to, from, along, m, v] = addresses as [number, number, number, number, number];
    this.adam(to, from, along, m, v, weight.size, beta1, beta2, scale, epsilon, kept, settings.factor);
    weight.dispose();
    return this.tf.engine().makeTensorFromTensorInfo(after);
  }

  private addressOf({ dataId }: TensorInfo): number {
    const found = this.backend.dataIdMap.get(dataId);
    if (found === undefined) throw new Error("wasm adam: a tensor is not in the backend's memory");
    return found.memoryOffset;
  }
}
