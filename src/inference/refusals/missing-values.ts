import { conditionMayBeMissing } from "../../diagnostics/catalogue/inference.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Model } from "../../ir/model.js";
import { dependenciesOf } from "../dependencies.js";

/** A density that reads a value which may be missing. */
export function refuseMissingConditions(model: Model): readonly Diagnostic[] {
  const optional = new Map(
    model.variables.filter((variable) => variable.optional).map((variable) => [variable.name, variable]),
  );
  return dependenciesOf(model).flatMap(({ factor, dependencies }) =>
    dependencies.flatMap(({ variable, span }) => {
      const read = optional.get(variable);
      if (read === undefined || read.role === "latent") return [];
      const related = [{ span: read.span, message: `\`${variable}\` is declared with \`?\` here` }];
      return [conditionMayBeMissing(span, { variable, child: factor.child, role: read.role }, { related })];
    }),
  );
}
