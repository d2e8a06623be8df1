import { nothingObserved } from "../../diagnostics/catalogue/semantics.js";
import type { Lint } from "./lint.js";

export const lintNothingObserved: Lint = ({ model, name }) =>
  model.variables.some((variable) => variable.role === "observed")
    ? []
    : [nothingObserved(name, { model: model.name })];
