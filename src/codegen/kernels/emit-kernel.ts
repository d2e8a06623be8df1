import { distributeSolves } from "../../ir/passes/distribute-solves.js";
import type { PlanFunction } from "../../ir/plan.js";
import type {
  CellCount,
  KernelArrayDescription,
  KernelArrayRole,
  KernelDescription,
  KernelModule,
} from "../../runtime/kernels/kernel-description.js";
import { lowerFunction } from "../loops/lower-function.js";
import { lanes } from "./emission.js";
import { kernelFromLoops } from "./from-loops.js";
import type { HostFunctionName, VectorFunctionName } from "./functions/index.js";
import { hostFunctions, vectorFunctions } from "./functions/index.js";
import type { KernelArray, KernelFunction, Segment } from "./kernel-ir.js";
import { NotAKernelError } from "./kernel-ir.js";
import { dropSubnormals } from "./passes/drop-subnormals.js";
import { hoistDivisors } from "./passes/hoist-divisors.js";
import { jamLoops } from "./passes/jam-loops.js";
import { maskLanes } from "./passes/mask-lanes.js";
import { precomputeColumns } from "./passes/precompute-columns.js";
import { recomputeCells } from "./passes/recompute-cells.js";
import { shareExpressions } from "./passes/share-expressions.js";
import { shareLoads } from "./passes/share-loads.js";
import { sumInRegisters } from "./passes/sum-in-registers.js";
import type { Polynomial } from "./polynomial.js";
import { namesIn } from "./polynomial.js";
import { forEachStatement, expressionsOf, forEachExpression } from "./walk-kernel.js";
import { ConstantTable } from "./wasm/constants.js";
import { encodeModule } from "./wasm/encode-module.js";
import type { Target, WasmFunction, WasmModule } from "./wasm/instructions.js";
import { printBytes } from "./wasm/print-bytes.js";
import { printModuleText } from "./wasm/print-text.js";
import { writeSegment } from "./write-segment.js";

/** What is done to a function's Kernel IR, in order. */
const passes: readonly { readonly reason: string; readonly run: (fn: KernelFunction) => KernelFunction }[] = [
  { reason: "log Gamma of the data is the same in every iteration", run: precomputeColumns },
  { reason: "a division takes as long as several multiplications", run: hoistDivisors },
  { reason: "computing a difference again is faster than remembering it", run: recomputeCells },
  { reason: "one difference serves a sum and a sum of squares", run: shareExpressions },
  { reason: "arithmetic with subnormal numbers is slow", run: dropSubnormals },
  { reason: "a sum in memory waits for itself", run: sumInRegisters },
  { reason: "a cell that was just stored is in a register", run: shareLoads },
  { reason: "loads for one row of a matrix serve the next too", run: jamLoops },
  { reason: "the two turns side by side load the same cells", run: shareLoads },
  { reason: "lanes without a row add nothing", run: maskLanes },
];

/** Compiled plan functions, and those that stay loops, with the reason. */
export interface EmittedKernels {
  /** Undefined where no function is a kernel. */
  readonly module?: KernelModule;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/** The functions that can be kernels as one WebAssembly module. */
export function emitKernels(functions: readonly PlanFunction[]): EmittedKernels {
  const { kernels, skipped } = lowerKernels(functions);
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

interface LoweredKernel {
  readonly fn: KernelFunction;
  readonly description: KernelDescription;
  readonly frame: ReadonlyMap<string, number>;
}

function lowerKernels(functions: readonly PlanFunction[]): {
  readonly kernels: readonly LoweredKernel[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
} {
  const kernels: LoweredKernel[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const fn of functions) {
    try {
      kernels.push(lowerKernel(fn));
    } catch (error) {
      if (!(error instanceof NotAKernelError)) throw error;
      skipped.push({ name: fn.name, reason: error.reason });
    }
  }
  return { kernels, skipped };
}

function lowerKernel(given: PlanFunction): LoweredKernel {
  const plan = distributeSolves(given);
  const converted = kernelFromLoops(plan, lowerFunction(plan));
  const fn = onlyUsedArrays(passes.reduce((kernel, pass) => pass.run(kernel), converted));
  const frame = new Map<string, number>();
  const place = (name: string): number => {
    frame.set(name, 4 * frame.size);
    return 4 * (frame.size - 1);
  };
  const rowsOffset = place(fn.rows);
  const sizes = [...fn.sizes].map(([name, symbol]) => ({ name: symbol, offset: place(name) }));
  const arrays = [...fn.arrays.values()].map((array) => describeArray(fn, array, place(`&${array.name}`)));
  const segments = fn.segments.map(({ kind, totals }, i) => {
    const name = `${fn.name}.${i}`;
    const own = totals === undefined ? {} : { clear: `${name}.clear`, collect: `${name}.collect` };
    return { export: name, kind, ...own };
  });
  const columns = fn.columns === undefined ? {} : { columns: `${fn.name}.columns` };
  const description = { name: fn.name, segments, ...columns, frameBytes: 4 * frame.size, rowsOffset, sizes, arrays };
  return { fn, frame, description };
}

/** What only the Loop IR used is gone. */
function onlyUsedArrays(fn: KernelFunction): KernelFunction {
  const used = new Set<string>();
  const bodies = fn.segments.flatMap(({ body, totals }) => [body, totals?.clear ?? [], totals?.collect ?? []]);
  for (const body of [...bodies, fn.columns ?? []]) {
    forEachStatement(body, (statement) => {
      if (statement.kind === "store" || statement.kind === "updateStore") used.add(statement.array);
      if (statement.kind === "collect" || statement.kind === "clear") {
        used.add(statement.kind === "collect" ? statement.total : statement.array);
      }
      for (const expression of expressionsOf(statement)) {
        forEachExpression(expression, (part) => part.kind === "load" && used.add(part.array));
      }
    });
  }
  return { ...fn, arrays: new Map([...fn.arrays].filter(([name]) => used.has(name))) };
}

function describeArray(fn: KernelFunction, array: KernelArray, offset: number): KernelArrayDescription {
  const count = (cells: Polynomial): CellCount =>
    [...cells].map(([monomial, coefficient]) => [
      coefficient,
      ...namesIn(monomial).map((name) => {
        const symbol = fn.sizes.get(name);
        if (symbol === undefined) throw new Error(`kernel ${fn.name}: ${array.name} has a length of ${name}`);
        return symbol;
      }),
    ]);
  const own = (role: KernelArrayRole, key: string, cells: Polynomial): KernelArrayDescription => ({
    offset,
    role,
    key,
    cells: count(cells),
  });
  switch (array.kind) {
    case "input":
      return { offset, role: array.source, key: array.key };
    case "rowInput":
      return own(rowRoles[array.source], array.key, array.width);
    case "output":
      return own("output", array.key, array.length);
    case "rowOutput":
      return own("rowOutput", array.key, array.width);
    case "uniform":
    case "varying":
    case "total":
      return own(array.kind, "", array.length);
  }
}

const rowRoles = { data: "data", table: "rowTable", derived: "derived" } as const;

function assemble(kernels: readonly LoweredKernel[]): { readonly module: WasmModule; readonly firstFreeByte: number } {
  const context = { constants: new ConstantTable() };
  const used = new Set<VectorFunctionName | HostFunctionName>();
  const use = (name: VectorFunctionName | HostFunctionName): void => {
    if (used.has(name)) return;
    used.add(name);
    if (isVectorFunction(name)) vectorFunctions[name].calls.forEach(use);
  };
  const written = kernels.flatMap(({ fn, frame, description }) => {
    const offset = (name: string): number => {
      const found = frame.get(name);
      if (found === undefined) throw new Error(`kernel ${fn.name}: ${name} is not in the frame`);
      return found;
    };
    const write = (segment: Segment, name: string): WasmFunction =>
      writeSegment(fn, segment, name, context, offset, use);
    const own = fn.segments.flatMap((segment, i) => {
      const { totals } = segment;
      const { export: name, clear, collect } = description.segments[i];
      const main = write(segment, name);
      if (totals === undefined || clear === undefined || collect === undefined) return [main];
      return [
        main,
        write({ kind: "once", body: totals.clear }, clear),
        write({ kind: "once", body: totals.collect }, collect),
      ];
    });
    if (fn.columns === undefined || description.columns === undefined) return own;
    return [...own, write({ kind: "rows", body: fn.columns }, description.columns)];
  });
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
