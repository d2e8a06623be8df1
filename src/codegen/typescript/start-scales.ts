import { unitsOfTheChild } from "../../distributions/units-of-the-child.js";
import type { DensityFactor, Expression } from "../../ir/model.js";
import type { StartScale } from "../../runtime/description.js";
import type { Described } from "./describe.js";

/** Parameters learned by gradient that are the location or the spread of observed reals: a start needs the data's scale. */
export function startScales({ model, updates }: Pick<Described, "model" | "updates">): ReadonlyMap<string, StartScale> {
  const byGradient = new Set(updates.flatMap((update) => (update.kind === "gradient" ? update.parameters : [])));
  const found = new Map<string, StartScale>();
  const factors = model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
  for (const { child, distribution, arguments: slots } of factors) {
    const variable = model.variables.find(({ name }) => name === child);
    if (variable?.role !== "observed" || variable.domain.kind !== "real") continue;
    for (const [slot, as] of Object.entries(unitsOfTheChild[distribution] ?? {})) {
      const argument = slots[slot];
      const name = argument === undefined ? undefined : bareParameter(argument, as === "location");
      if (name !== undefined && byGradient.has(name) && !found.has(name)) found.set(name, { variable: child, as });
    }
  }
  return found;
}

/** The parameter that an expression is, or, in a sum, the first that is a term of it: the others start at 0. */
function bareParameter(expression: Expression, inSums: boolean): string | undefined {
  switch (expression.kind) {
    case "parameter":
      return expression.name;
    case "element":
      return bareParameter(expression.base, false);
    case "apply":
      if (!inSums || (expression.function !== "add" && expression.function !== "subtract")) return undefined;
      for (const [i, term] of expression.arguments.entries()) {
        const name = expression.function === "subtract" && i > 0 ? undefined : bareParameter(term, true);
        if (name !== undefined) return name;
      }
      return undefined;
    case "constant":
    case "variable":
    case "sequence":
    case "position":
    case "list":
    case "network":
      return undefined;
  }
}
