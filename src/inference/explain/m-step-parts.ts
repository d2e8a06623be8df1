import type { DensityFactor, Expression, Model } from "../../ir/model.js";
import { walkExpression } from "../../ir/walk-expression.js";
import type { PriorValues } from "../../ir/program.js";
import { type Math, symbol } from "./math.js";
import type { Notation } from "./notation.js";

/** The parameter as the mean writes it: `beta[k]`. */
export function coefficient(notation: Notation, mean: Expression, parameter: string): Math {
  const found = [...walkExpression(mean)].find((part) => part.kind === "parameter" && part.name === parameter);
  return found === undefined ? symbol(parameter) : notation.of(found);
}

/** What a parameter of the mean multiplies; 1 for an intercept. */
export function regressor(notation: Notation, mean: Expression, parameter: string): Math {
  const isParameter = (part: Expression): boolean => part.kind === "parameter" && part.name === parameter;
  const product = [...walkExpression(mean)].find(
    (part) =>
      part.kind === "apply" &&
      ["multiply", "matmul", "dot"].includes(part.function) &&
      part.arguments.some(isParameter),
  );
  const other = product?.kind === "apply" ? product.arguments.find((part) => !isParameter(part)) : undefined;
  return other === undefined ? { kind: "number", value: 1 } : notation.of(other);
}

export function factorsOf(model: Model, parameters: readonly string[]): readonly DensityFactor[] {
  return model.factors.filter(
    (factor): factor is DensityFactor =>
      factor.kind === "density" &&
      Object.values(factor.arguments).some((argument) =>
        [...walkExpression(argument)].some((part) => part.kind === "parameter" && parameters.includes(part.name)),
      ),
  );
}

export function declaration(model: Model, parameter: string): Model["span"] {
  const found = model.parameters.find((candidate) => candidate.name === parameter);
  if (found === undefined) throw new Error(`explain: the model has no parameter ${parameter}`);
  return found.span;
}

export function notes(
  remarks: readonly string[],
  priors: Readonly<Record<string, PriorValues>>,
): { readonly note?: string } {
  const families = Object.values(priors).map(
    (prior) =>
      `with its prior ${prior.distribution}(${Object.values(prior.arguments).map(describeNumbers).join(", ")})`,
  );
  const all = [...remarks, ...new Set(families)];
  return all.length === 0 ? {} : { note: all.join("; ") };
}

function describeNumbers(values: readonly number[]): string {
  const [first] = values;
  return first !== undefined && values.every((value) => value === first) ? String(first) : `[${values.join(", ")}]`;
}
