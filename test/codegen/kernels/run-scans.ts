import { emitKernels } from "../../../src/codegen/kernels/emit-kernel.js";
import { printLoops } from "../../../src/codegen/loops/print-typescript.js";
import { lowerFunction } from "../../../src/codegen/loops/lower-function.js";
import type { PlanFunction } from "../../../src/ir/plan.js";
import * as dense from "../../../src/numerics/dense.js";
import * as specialFunctions from "../../../src/numerics/special-functions.js";
import * as sweeps from "../../../src/numerics/sweeps.js";
import type { KernelModule } from "../../../src/runtime/kernels/kernel-description.js";
import { KernelInstance } from "../../../src/runtime/kernels/kernel-instance.js";
import { sizeInNumbers } from "../loops/run-loops.js";
import type { Outputs } from "./run-kernel.js";

/** What a scan is run on. */
export interface ScanWorld {
  readonly sizes: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly starts: Int32Array;
  readonly parameters: Outputs;
  readonly data: Outputs;
}

/** Zeros for what a function, and those before it, leave. */
function outputsOf(fn: PlanFunction, world: ScanWorld, internal: boolean): Outputs {
  const environment = { sizes: world.sizes, rows: world.rows, inputs: {} };
  const all = [...(fn.before ?? []), fn].flatMap((one) => one.outputs.map((output) => ({ one, output })));
  return Object.fromEntries(
    all
      .filter(({ output }) => internal || output.internal !== true)
      .map(({ one, output: { name, axes } }) => [
        name,
        new Float64Array(axes.reduce((length, axis) => length * sizeInNumbers(one, axis, environment), 1)),
      ]),
  );
}

/** The generated loops, one function after the other over all rows. */
export function scanByLoops(fn: PlanFunction, world: ScanWorld): Outputs {
  const into = outputsOf(fn, world, true);
  for (const one of [...(fn.before ?? []), fn]) {
    const printed = printLoops(lowerFunction(one));
    // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion
    const make = new Function(
      "runtime",
      `"use strict"; const { ${[...printed.calls].join(", ")} } = runtime;
      return function (sizes, parameters, block, into) {\n${printed.lines.join("\n")}\n};`,
    ) as (runtime: object) => (sizes: object, parameters: object, block: object, into: object) => void;
    const { sizes, parameters, rows, starts, data } = world;
    make({ ...dense, ...specialFunctions, ...sweeps })(sizes, parameters, { rows, starts, data, tables: {} }, into);
  }
  const wanted = outputsOf(fn, world, false);
  return Object.fromEntries(Object.keys(wanted).map((name) => [name, into[name]]));
}

/** Functions as one module; `mayCut` says whether long sequences may be cut. */
export function scanKernels(functions: readonly PlanFunction[], mayCut = true): KernelModule {
  const { module, skipped } = emitKernels(functions, { mayCut });
  if (module === undefined || skipped.length > 0) throw new Error(`no kernels: ${skipped[0]?.reason}`);
  return module;
}

export interface ScanOptions {
  readonly threads?: number;
  readonly variant?: "plain" | "relaxed";
}

/** The kernel. */
export async function scanByKernel(
  module: KernelModule,
  fn: PlanFunction,
  world: ScanWorld,
  { threads = 1, variant }: ScanOptions = {},
): Promise<Outputs> {
  const kernels = KernelInstance.createNow(module, variant === undefined ? {} : { variant });
  kernels.threads = threads;
  while (kernels.readyWorkers < threads - 1) await new Promise((resolve) => setTimeout(resolve, 5));
  const into = outputsOf(fn, world, false);
  kernels.run(fn.name, { ...world, into });
  kernels.dispose();
  return into;
}

/** Largest difference of each output, relative to its largest entry. */
export function differences(found: Outputs, expected: Outputs): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(expected).map(([name, values]) => {
      const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-300);
      const largest = values.reduce((most, value, i) => {
        const difference = Math.abs(found[name][i] - value);
        return Number.isNaN(difference) ? Infinity : Math.max(most, difference);
      }, 0);
      return [name, largest / scale];
    }),
  );
}
