import type * as runtime from "../../runtime/index.js";

/** What emitted modules import from "genc/runtime" besides the functions of loops: a rename there breaks the build. */
export type UpdateRuntime = Extract<
  keyof typeof runtime,
  | "EmTrainer"
  | "maximisers"
  | "maximiseRegression"
  | "recentreRegression"
  | "regressionRidgePenalty"
  | "raisedStartMeans"
>;
