import type { Program } from "../ir/program.js";
import { obstacleToTensors } from "./runs-on-tensors.js";

export type Engine = "kernel" | "tfjs";

export interface EngineChoice {
  readonly engine: Engine;
  /** What it is and why it was chosen, for `explain` and the verdict. */
  readonly reason: string;
  /** Why it is not what was asked for. */
  readonly instead?: string;
}

const stepText = "whole steps in float32, or in float64 loops where an operation has no float32 kernel";

const kernelTexts: Readonly<Record<Program["algorithm"], { readonly what: string; readonly why: string }>> = {
  em: { what: "loops over the rows in float64", why: "EM on rows needs double precision for its statistics" },
  elbo: { what: stepText, why: "no TensorFlow.js backend was asked for" },
  chainElbo: { what: stepText, why: "no TensorFlow.js backend was asked for" },
  adversarial: { what: stepText, why: "no TensorFlow.js backend was asked for" },
};

/**
 * The rule by which an engine is chosen: what was asked for; `tfjs` where a TensorFlow.js backend was; else `kernel`,
 * because EM needs float64 for its statistics and its work is small next to the cost of eager TensorFlow.js operations,
 * and a step over a network is one call of compiled code. Where nothing of what a fit repeats has a form as operations of
 * TensorFlow.js, `tfjs` would be slow loops: `kernel` is chosen, and says so.
 */
export function chooseEngine(
  asked: "auto" | Engine,
  program: Program,
  backend?: string,
  obstacle: (program: Program) => string | undefined = obstacleToTensors,
): EngineChoice {
  const { what, why } = kernelTexts[program.algorithm];
  switch (asked) {
    case "kernel":
      return { engine: "kernel", reason: `kernel: ${what}, as asked.` };
    case "tfjs": {
      const why = obstacle(program);
      if (why !== undefined) {
        const instead = `${program.model.name} does not run as TensorFlow.js operations, because ${why}`;
        return { engine: "kernel", reason: `kernel: ${what}, since ${instead}.`, instead };
      }
      return {
        engine: "tfjs",
        reason: "tfjs: TensorFlow.js operations in float32 with float64 totals, as asked.",
      };
    }
    case "auto":
      if (backend !== undefined) return chooseEngine("tfjs", program, undefined, obstacle);
      return { engine: "kernel", reason: `kernel: ${what}, since ${why}.` };
  }
}
