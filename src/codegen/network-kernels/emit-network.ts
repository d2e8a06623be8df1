import type { PlanFunction } from "../../ir/plan.js";
import type { NetworkModule } from "../../runtime/networks/network-description.js";
import { encodeFunctions } from "./assembler.js";
import { lowerNetwork } from "./lower-network.js";
import { emitMapKernel } from "./map-kernel.js";
import { productFunction } from "./matrix-product.js";
import { packFunction } from "./pack-matrix.js";
import { adamKernel } from "./optimiser-kernel.js";
import { vectorFunctions } from "./vector-functions.js";

/** Functions as one float32 WebAssembly module; undefined where one needs what float32 kernels do not have. */
export function emitNetwork(functions: readonly PlanFunction[]): NetworkModule | undefined {
  const lowered = functions.map((fn, i) => lowerNetwork(fn, `f${i}k`));
  const complete = lowered.flatMap((one) => (one === undefined ? [] : [one]));
  if (complete.length < functions.length) return undefined;
  const bytes = (relaxed: boolean): string => {
    const common = [packFunction(), productFunction(relaxed), adamKernel(relaxed)];
    const vectors = vectorFunctions(common.length, relaxed);
    const kernels = complete.flatMap((one) =>
      one.kernels.map((kernel) => emitMapKernel(kernel, common.length, relaxed)),
    );
    return base64(encodeFunctions([...common, ...vectors, ...kernels]));
  };
  return { plain: bytes(false), relaxed: bytes(true), functions: complete.map(({ fn }) => fn) };
}

const chunk = 0x8000;

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += chunk) text += String.fromCharCode(...bytes.subarray(i, i + chunk));
  return btoa(text);
}
