import type { TensorFlow } from "../tensor-flow.js";
import type { DeviceOptimiser } from "./device-optimiser.js";
import { nativeAdam } from "./native-adam.js";
import type { OptimiserSettings } from "./optimiser.js";
import { TensorOptimiser } from "./tensor-optimiser.js";
import { type DeviceKernels, wasmAdam } from "./wasm-adam.js";

/** One call for each parameter where the backend has one for it, else a few operations. */
export function deviceOptimiser(
  tf: TensorFlow,
  settings: OptimiserSettings,
  kernels: DeviceKernels | undefined,
): DeviceOptimiser {
  const isAdam = settings.optimizer === "adam" || settings.optimizer === "adamw";
  const fused = isAdam ? (wasmAdam(tf, settings, kernels) ?? nativeAdam(tf, settings)) : undefined;
  return fused ?? new TensorOptimiser(tf, settings);
}
