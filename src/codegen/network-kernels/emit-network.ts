import type { PlanFunction } from "../../ir/plan.js";
import type { NetworkModule } from "../../runtime/networks/network-description.js";
import { type EncodedFunctions, encodeFunctions } from "./assembler.js";
import { lowerNetwork } from "./lower-network.js";
import { emitMapKernel } from "./map-kernel.js";
import { packFunction, productByColumns, productByRows } from "./matrix-product.js";
import { lanes, panelRows, tileOf } from "./matrix-tiles.js";
import { packPanelFunction } from "./pack-matrix.js";
import {
  bitLists,
  linesOfBits,
  linesOfLists,
  listFunction,
  productOfBits,
  productWhereNeeded,
  productOfLists,
  sparseColumns,
} from "./sparse-product.js";
import { adamKernel, averageKernel } from "./optimiser-kernel.js";
import { vectorFunctions } from "./vector-functions.js";

/** Functions as one float32 WebAssembly module; undefined where one needs what float32 kernels do not have. */
export function emitNetwork(functions: readonly PlanFunction[]): NetworkModule | undefined {
  const lowered = functions.map((fn, i) => lowerNetwork(fn, `f${i}k`));
  const complete = lowered.flatMap((one) => (one === undefined ? [] : [one]));
  if (complete.length < functions.length) return undefined;
  const emit = (relaxed: boolean): EncodedFunctions => {
    const { vectors } = tileOf(relaxed);
    const packing = { left: 0, right: 1 };
    const ofLists = { left: 0, right: 2 };
    const common = [
      packPanelFunction(panelRows),
      packPanelFunction(lanes * vectors),
      packPanelFunction(sparseColumns),
      packFunction(packing),
      productByColumns(relaxed, packing),
      productByRows(relaxed, packing),
      listFunction(ofLists),
      productOfLists(relaxed, ofLists),
      linesOfLists(relaxed, ofLists),
      bitLists(ofLists),
      productOfBits(ofLists),
      linesOfBits(ofLists),
      productWhereNeeded(relaxed),
      adamKernel(relaxed),
      averageKernel(relaxed),
    ];
    const kernels = complete.flatMap((one) =>
      one.kernels.map((kernel) => emitMapKernel(kernel, common.length, relaxed)),
    );
    return encodeFunctions([...common, ...vectorFunctions(common.length, relaxed), ...kernels]);
  };
  const [plain, relaxed] = [emit(false), emit(true)];
  return {
    plain: { bytes: base64(plain.bytes), memoryFlags: plain.memoryFlags, tile: tileSize(false) },
    relaxed: { bytes: base64(relaxed.bytes), memoryFlags: relaxed.memoryFlags, tile: tileSize(true) },
    functions: complete.map(({ fn }) => fn),
  };
}

function tileSize(relaxed: boolean): { rows: number; columns: number } {
  const { rows, vectors } = tileOf(relaxed);
  return { rows, columns: lanes * vectors };
}

const chunk = 0x8000;

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += chunk) text += String.fromCharCode(...bytes.subarray(i, i + chunk));
  return btoa(text);
}
