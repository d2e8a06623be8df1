import { emitKernels } from "../../../src/codegen/kernels/emit-kernel.js";
import type { PlanEnvironment } from "../../../src/ir/interpret-plan.js";
import type { PlanFunction } from "../../../src/ir/plan.js";
import { KernelInstance } from "../../../src/runtime/kernels/kernel-instance.js";
import { relaxedSimdIsSupported } from "../../../src/runtime/kernels/relaxed-simd.js";
import { emptyOutputs } from "../loops/run-loops.js";

export type Outputs = Record<string, Float64Array>;

/** Both where the engine has both. */
export const variants: readonly ("plain" | "relaxed")[] = relaxedSimdIsSupported() ? ["plain", "relaxed"] : ["plain"];

/** A plan function's kernel in the environment of the interpreter, in each variant; undefined where it is no kernel. */
export function runKernel(fn: PlanFunction, environment: PlanEnvironment): readonly Outputs[] | undefined {
  const { module } = emitKernels([fn]);
  if (module === undefined) return undefined;
  return variants.map((variant) => {
    const into = emptyOutputs(fn, environment);
    const { inputs, rows, sizes } = environment;
    KernelInstance.createNow(module, { variant }).run(fn.name, {
      sizes,
      rows,
      parameters: { ...inputs.parameter },
      previous: { ...inputs.previous },
      data: { ...inputs.data },
      tables: { ...inputs.table },
      into,
    });
    return into;
  });
}
