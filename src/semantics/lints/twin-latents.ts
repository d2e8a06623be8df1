import { twinLatents } from "../../diagnostics/catalogue/semantics.js";
import type { Expression, Factor, Model, Variable } from "../../ir/model.js";
import { printDomain } from "../../ir/print-domain.js";
import { operandsOf } from "../../ir/walk-expression.js";
import { valuesOf, type Lint } from "./lint.js";

/** Two discrete latent variables whose exchange leaves every factor of the model as it is. */
export const lintTwinLatents: Lint = ({ model }) => {
  const latents = model.variables.filter(({ role, domain }) => role === "latent" && domain.kind === "category");
  return latents.flatMap((first, i) =>
    latents
      .slice(i + 1)
      .filter((second) => areTwins(first, second, model))
      .map((second) =>
        twinLatents(
          second.span,
          { first: first.name, second: second.name },
          { related: [{ span: first.span, message: "the other" }] },
        ),
      ),
  );
};

function areTwins(first: Variable, second: Variable, model: Model): boolean {
  if (first.axes.join() !== second.axes.join() || printDomain(first.domain) !== printDomain(second.domain))
    return false;
  const swap = (name: string): string => (name === first.name ? second.name : name === second.name ? first.name : name);
  const plain = model.factors.map((factor) => formOf(factor, (name) => name)).sort();
  const swapped = model.factors.map((factor) => formOf(factor, swap)).sort();
  return plain.every((form, i) => form === swapped[i]);
}

function formOf(factor: Factor, rename: (name: string) => string): string {
  const head =
    factor.kind === "implicit" ? "=" : `${factor.phase} ${factor.distribution} ${Object.keys(factor.arguments).join()}`;
  return `${rename(factor.child)} ${head} ${valuesOf(factor)
    .map((value) => form(value, rename))
    .join("; ")}`;
}

/** A text that is the same for expressions of the same meaning: sums and products in any order. */
function form(expression: Expression, rename: (name: string) => string): string {
  const operands = operandsOf(expression).map((each) => form(each, rename));
  switch (expression.kind) {
    case "constant":
      return String(expression.value);
    case "variable":
      return `${rename(expression.name)}@${expression.lag}`;
    case "sequence":
      return `${rename(expression.name)}@*`;
    case "position":
      return expression.axis;
    case "parameter":
      return `${expression.name}[${operands.join()}]`;
    case "element":
    case "list":
      return `${expression.kind}(${operands.join()})`;
    case "network":
      return `${expression.network}.${expression.output}(${operands.join()})`;
    case "apply": {
      const commutes = ["add", "multiply", "dot", "equal", "notEqual"].includes(expression.function);
      return `${expression.function}(${(commutes ? operands.sort() : operands).join()})`;
    }
  }
}
