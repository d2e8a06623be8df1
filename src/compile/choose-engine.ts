import type { Program } from "../ir/program.js";

export type Engine = "kernel" | "tfjs";

export interface EngineChoice {
  readonly engine: Engine;
  /** What it is and why it was chosen, for `explain` and the verdict. */
  readonly reason: string;
}

/**
 * The rule by which an engine is chosen: what was asked for; `tfjs` where a TensorFlow.js backend was; else `kernel`, because EM needs float64 for its statistics
 * and its work is small next to the cost of eager TensorFlow.js operations.
 */
export function chooseEngine(
  asked: "auto" | Engine,
  program: Pick<Program, "algorithm">,
  backend?: string,
): EngineChoice {
  switch (asked) {
    case "kernel":
      return { engine: "kernel", reason: "kernel: loops over the rows in float64, as asked." };
    case "tfjs":
      return {
        engine: "tfjs",
        reason: "tfjs: TensorFlow.js operations in float32 with float64 totals, as asked.",
      };
    case "auto":
      if (backend !== undefined) return chooseEngine("tfjs", program);
      return {
        engine: "kernel",
        reason: `kernel: loops over the rows in float64, since ${program.algorithm === "em" ? "EM on rows" : "this"} needs double precision for its statistics.`,
      };
  }
}
