import { distributeSolves } from "../../ir/passes/distribute-solves.js";
import type { PlanFunction } from "../../ir/plan.js";
import type {
  CellCount,
  KernelArrayDescription,
  KernelArrayRole,
  KernelDescription,
} from "../../runtime/kernels/kernel-description.js";
import { lowerFunction } from "../loops/lower-function.js";
import { kernelFromLoops } from "./from-loops.js";
import type { KernelArray, KernelFunction } from "./kernel-ir.js";
import { laneMarks } from "./kernel-ir.js";
import { dropSubnormals } from "./passes/drop-subnormals.js";
import { fuseLoops } from "./passes/fuse-loops.js";
import { hoistDivisors } from "./passes/hoist-divisors.js";
import { jamLoops } from "./passes/jam-loops.js";
import { maskLanes } from "./passes/mask-lanes.js";
import { precomputeColumns } from "./passes/precompute-columns.js";
import { recomputeCells } from "./passes/recompute-cells.js";
import { shareExpressions } from "./passes/share-expressions.js";
import { shareLoads } from "./passes/share-loads.js";
import { shareProducts } from "./passes/share-products.js";
import { turnLoops } from "./passes/turn-loops.js";
import { sumInRegisters } from "./passes/sum-in-registers.js";
import type { Polynomial } from "./polynomial.js";
import { namesIn } from "./polynomial.js";
import { expressionsOf, forEachExpression, forEachStatement } from "./walk-kernel.js";
import type { WasmFunction } from "./wasm/instructions.js";

/** What is done to a function's Kernel IR, in order. */
const passes: readonly { readonly reason: string; readonly run: (fn: KernelFunction) => KernelFunction }[] = [
  {
    reason: "log Gamma of the data is the same in every iteration",
    run: (fn) => (fn.sweep === undefined ? precomputeColumns(fn) : fn),
  },
  { reason: "a division takes as long as several multiplications", run: hoistDivisors },
  { reason: "computing a difference again is faster than remembering it", run: recomputeCells },
  { reason: "a sum beside an outer product costs nothing", run: fuseLoops },
  { reason: "a weighted difference serves a sum and a sum of squares", run: shareProducts },
  { reason: "one difference serves both too", run: shareExpressions },
  { reason: "a place that is picked serves all turns of a loop", run: turnLoops },
  { reason: "arithmetic with subnormal numbers is slow", run: dropSubnormals },
  { reason: "a sum in memory waits for itself", run: sumInRegisters },
  { reason: "a cell that was just stored is in a register", run: shareLoads },
  { reason: "loads for one row of a matrix serve the next too", run: jamLoops },
  { reason: "the two turns side by side load the same cells", run: shareLoads },
  { reason: "lanes without a row add nothing", run: maskLanes },
];

/** What is written into the module, and how the run time is told of it. */
export interface LoweredKernel {
  readonly description: KernelDescription;
  readonly parts: readonly KernelPart[];
  /** Functions that call those of the parts. */
  readonly joined: readonly WasmFunction[];
}

/** A function in Kernel IR, the names of what is exported for it, and where its frame keeps what. */
export interface KernelPart {
  readonly fn: KernelFunction;
  readonly frame: ReadonlyMap<string, number>;
  readonly segments: KernelDescription["segments"];
  readonly columns?: string;
}

/** A function whose rows are in any order. @throws NotAKernelError */
export function lowerKernel(given: PlanFunction): LoweredKernel {
  const fn = toKernelIr(given);
  const frame = new Map<string, number>();
  const place = (name: string): number => {
    frame.set(name, 4 * frame.size);
    return 4 * (frame.size - 1);
  };
  const rowsOffset = place(fn.rows);
  const sizes = [...fn.sizes].map(([name, symbol]) => ({ name: symbol, offset: place(name) }));
  const arrays = [...fn.arrays.values()].map((array) => describeArray(fn, array, place(`&${array.name}`)));
  const segments = nameSegments(fn);
  const columns = fn.columns === undefined ? {} : { columns: `${fn.name}.columns` };
  const description = { name: fn.name, segments, ...columns, frameBytes: 4 * frame.size, rowsOffset, sizes, arrays };
  return { description, parts: [{ fn, frame, segments, ...columns }], joined: [] };
}

/** Plan function → Kernel IR. @throws NotAKernelError */
export function toKernelIr(given: PlanFunction): KernelFunction {
  const plan = distributeSolves(given);
  const converted = kernelFromLoops(plan, lowerFunction(plan));
  return onlyUsedArrays(passes.reduce((kernel, pass) => pass.run(kernel), converted));
}

export function nameSegments(fn: KernelFunction): KernelDescription["segments"] {
  return fn.segments.map(({ kind, totals }, i) => {
    const name = `${fn.name}.${i}`;
    const own = totals === undefined ? {} : { clear: `${name}.clear`, collect: `${name}.collect` };
    return { export: name, kind, ...own };
  });
}

/** What only the Loop IR used is gone. */
function onlyUsedArrays(fn: KernelFunction): KernelFunction {
  const used = new Set<string>(fn.sweep === undefined ? [] : [laneMarks]);
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

export function describeArray(fn: KernelFunction, array: KernelArray, offset: number): KernelArrayDescription {
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
    case "kept":
      return own(array.kind, array.key, array.width);
    case "uniform":
    case "varying":
    case "total":
      return own(array.kind, "", array.length);
  }
}

const rowRoles = { data: "data", table: "rowTable", derived: "derived", lanes: "lanes" } as const;
