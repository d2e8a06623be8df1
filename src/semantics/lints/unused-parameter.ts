import { unusedParameter } from "../../diagnostics/catalogue/semantics.js";
import { distinctNames } from "../../ir/read-names.js";
import { usedExpressions, type Lint } from "./lint.js";

/** A parameter has an effect if a factor reads it, or the prior of one that has. */
export const lintUnusedParameters: Lint = ({ model }) => {
  const used = new Set(distinctNames(usedExpressions(model)).parameters);
  for (let size = -1; size !== used.size;) {
    size = used.size;
    for (const parameter of model.parameters) {
      if (!used.has(parameter.name)) continue;
      for (const name of distinctNames(Object.values(parameter.prior?.arguments ?? {})).parameters) used.add(name);
    }
  }
  return model.parameters
    .filter((parameter) => !used.has(parameter.name))
    .map(({ name, span }) => unusedParameter(span, { name }));
};
