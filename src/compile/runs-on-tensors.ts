import { emitDevice } from "../codegen/tfjs/emit-device.js";
import { realVariables } from "../codegen/typescript/loop-functions.js";
import type { PlanFunction } from "../ir/plan.js";
import type { Program } from "../ir/program.js";

/** Why what a fit repeats has no form as TensorFlow.js operations; undefined where it has one. */
export function obstacleToTensors(program: Program): string | undefined {
  const real = realVariables(program);
  const hasForm = (fn: PlanFunction): boolean => fn.sweep === undefined && emitDevice(fn, real) !== undefined;
  switch (program.algorithm) {
    case "em":
      if (program.variational !== undefined) return "the blocks of its posterior are brought up to date row by row";
      if (program.eStep.complete.sweep !== undefined) return "its sequences are gone through step by step";
      return hasForm(program.eStep.complete) ? undefined : "its rows have matrices of their own to factor";
    case "elbo":
      return hasForm(program.step) ? undefined : "its step needs what TensorFlow.js has no operations for";
    case "chainElbo":
      return program.parts.some(hasForm) ? undefined : "its steps need what TensorFlow.js has no operations for";
    case "adversarial":
      return hasForm(program.criticStep) ? undefined : "its step needs what TensorFlow.js has no operations for";
  }
}
