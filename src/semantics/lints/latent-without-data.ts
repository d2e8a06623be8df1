import { latentWithoutData } from "../../diagnostics/catalogue/semantics.js";
import { variableReads } from "../reads.js";
import { valuesOf, type Lint } from "./lint.js";

/** A latent variable matters if an observed one is drawn from it, perhaps through others. */
export const lintLatentsWithoutData: Lint = ({ model }) => {
  const observed = model.variables.filter((variable) => variable.role === "observed").map((variable) => variable.name);
  // A model without data has a warning of its own.
  if (observed.length === 0) return [];
  const reached = new Set(observed);
  const pending = [...observed];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const child = name;
    const factors = model.factors.filter((factor) => factor.child === child);
    for (const read of variableReads(factors.flatMap(valuesOf))) {
      if (reached.has(read.name)) continue;
      reached.add(read.name);
      pending.push(read.name);
    }
  }
  return model.variables
    .filter((variable) => variable.role === "latent" && !reached.has(variable.name))
    .map(({ name, span }) => latentWithoutData(span, { name }));
};
