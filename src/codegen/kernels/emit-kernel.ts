import type { PlanFunction } from "../../ir/plan.js";
import type { KernelModule } from "../../runtime/kernels/kernel-description.js";
import { lanes } from "./emission.js";
import type { HostFunctionName, VectorFunctionName } from "./functions/index.js";
import { hostFunctions, vectorFunctions } from "./functions/index.js";
import type { Segment } from "./kernel-ir.js";
import { NotAKernelError } from "./kernel-ir.js";
import type { KernelPart, LoweredKernel } from "./lower-kernel.js";
import { lowerKernel } from "./lower-kernel.js";
import { lowerScan, type ScanOptions } from "./lower-scan.js";
import { ConstantTable } from "./wasm/constants.js";
import { encodeModule } from "./wasm/encode-module.js";
import type { Target, WasmFunction, WasmModule } from "./wasm/instructions.js";
import { printBytes } from "./wasm/print-bytes.js";
import { printModuleText } from "./wasm/print-text.js";
import { writeSegment } from "./write-segment.js";

/** Compiled plan functions, and those that stay loops, with the reason. */
export interface EmittedKernels {
  /** Undefined where no function is a kernel. */
  readonly module?: KernelModule;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/** The functions that can be kernels as one WebAssembly module. */
export function emitKernels(functions: readonly PlanFunction[], options: ScanOptions = {}): EmittedKernels {
  const { kernels, skipped } = lowerKernels(functions, options);
  if (kernels.length === 0) return { skipped };
  const { module, firstFreeByte } = assemble(kernels);
  const { bytes, memoryFlags, fusions } = encodeModule(module);
  return {
    skipped,
    module: {
      lanes,
      bytes: printBytes(bytes),
      fusions: printBytes(fusions),
      memoryFlags,
      firstFreeByte,
      functions: kernels.map(({ description }) => description),
    },
  };
}

/** One function as a kernel. @throws NotAKernelError */
export function emitKernel(fn: PlanFunction): KernelModule {
  const { module, skipped } = emitKernels([fn]);
  if (module === undefined) throw new NotAKernelError(fn.name, skipped[0]?.reason ?? "it is empty");
  return module;
}

/** The module as text, for people. */
export function printKernels(functions: readonly PlanFunction[], target: Target = { relaxed: true }): string {
  const { kernels, skipped } = lowerKernels(functions);
  const lines = skipped.map(({ name, reason }) => `;; ${name} stays loops: ${reason}\n`);
  if (kernels.length === 0)
    return `${lines.join("")};; this module has no float64 kernels: what runs row by row is generated JavaScript, or a network's own float32 code\n`;
  return lines.join("") + printModuleText(assemble(kernels).module, target);
}

function lowerKernels(
  functions: readonly PlanFunction[],
  options: ScanOptions = {},
): {
  readonly kernels: readonly LoweredKernel[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
} {
  const kernels: LoweredKernel[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const fn of functions) {
    try {
      kernels.push(fn.sweep === undefined ? lowerKernel(fn) : lowerScan(fn, options));
    } catch (error) {
      if (!(error instanceof NotAKernelError)) throw error;
      skipped.push({ name: fn.name, reason: error.reason });
    }
  }
  return { kernels, skipped };
}

function assemble(kernels: readonly LoweredKernel[]): { readonly module: WasmModule; readonly firstFreeByte: number } {
  const context = { constants: new ConstantTable() };
  const used = new Set<VectorFunctionName | HostFunctionName>();
  const use = (name: VectorFunctionName | HostFunctionName): void => {
    if (used.has(name)) return;
    used.add(name);
    if (isVectorFunction(name)) vectorFunctions[name].calls.forEach(use);
  };
  const writePart = ({ fn, frame, segments, columns }: KernelPart): readonly WasmFunction[] => {
    const offset = (name: string): number => {
      const found = frame.get(name);
      if (found === undefined) throw new Error(`kernel ${fn.name}: ${name} is not in the frame`);
      return found;
    };
    const write = (segment: Segment, name: string): WasmFunction =>
      writeSegment(fn, segment, name, context, offset, use);
    const own = fn.segments.flatMap((segment, i) => {
      const { totals } = segment;
      const { export: name, clear, collect } = segments[i];
      const main = write(segment, name);
      if (totals === undefined || clear === undefined || collect === undefined) return [main];
      return [
        main,
        write({ kind: "once", body: totals.clear }, clear),
        write({ kind: "once", body: totals.collect }, collect),
      ];
    });
    if (fn.columns === undefined || columns === undefined) return own;
    return [...own, write({ kind: "rows", body: fn.columns }, columns)];
  };
  const written = kernels.flatMap(({ parts, joined }) => [...parts.flatMap(writePart), ...joined]);
  const names = [...used].sort();
  const functions = names.filter(isVectorFunction).map((name) => vectorFunctions[name].write(context));
  const imports = names.flatMap((name) => (isVectorFunction(name) ? [] : [{ name, parameters: hostFunctions[name] }]));
  return {
    module: {
      imports,
      functions: [...functions, ...written],
      data: { address: context.constants.address, values: context.constants.values },
    },
    firstFreeByte: context.constants.end,
  };
}

function isVectorFunction(name: VectorFunctionName | HostFunctionName): name is VectorFunctionName {
  return name in vectorFunctions;
}
