import { scaleTradeOff } from "../../diagnostics/catalogue/semantics.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import { shapeOf } from "../../ir/domain.js";
import type { DensityFactor, Expression, Model } from "../../ir/model.js";
import { walkExpression } from "../../ir/walk-expression.js";
import { firstLookBack } from "../reads.js";
import { usedExpressions, type Lint } from "./lint.js";

/**
 * Two free parameters that enter by their product only: `W * z` with a free variance of z, or `a * b` of two numbers.
 *
 * State-space models have the same freedom and are left alone: there it is the custom to leave it.
 */
export const lintScaleTradeOffs: Lint = ({ model }) => {
  const expressions = usedExpressions(model);
  return [...loadingsAgainstVariances(expressions, model), ...productsOfNumbers(expressions, model)];
};

function loadingsAgainstVariances(expressions: readonly Expression[], model: Model): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  for (const expression of expressions) {
    for (const each of walkExpression(expression)) {
      if (
        each.kind !== "apply" ||
        (each.function !== "matmul" && each.function !== "multiply" && each.function !== "dot")
      )
        continue;
      const [left, right] = each.arguments;
      for (const [loading, factor] of [[left, right] as const, [right, left] as const]) {
        const first = freeParameter(loading, model);
        const second = factor.kind === "variable" ? freeScaleOf(factor, expressions, model) : undefined;
        if (first === undefined || second === undefined) continue;
        const through = `meet in a product with \`${factor.kind === "variable" ? factor.name : ""}\``;
        found.set(`${first} ${second}`, scaleTradeOff(each.span, { first, second, through }));
      }
    }
  }
  return [...found.values()];
}

/** The learned variance of a latent variable of which nothing but products with parameters is used. */
function freeScaleOf(
  read: Expression & { readonly kind: "variable" },
  expressions: readonly Expression[],
  model: Model,
): string | undefined {
  const factors = model.factors.filter((factor) => factor.child === read.name);
  const [factor] = factors;
  const isLatent = model.variables.some((variable) => variable.name === read.name && variable.role === "latent");
  if (!isLatent || factors.length !== 1 || factor.kind !== "density" || factor.distribution !== "Normal")
    return undefined;
  if (firstLookBack(Object.values(factor.arguments)) !== undefined || !meanScales(factor, model)) return undefined;
  if (!expressions.every((expression) => onlyInProducts(read.name, expression, model))) return undefined;
  return freeParameter(factor.arguments["covariance"] ?? factor.arguments["sd"], model);
}

/** A mean of 0, or one that is free to shrink and grow with the scale. */
function meanScales(factor: DensityFactor, model: Model): boolean {
  const { mean } = factor.arguments;
  return (mean.kind === "constant" && mean.value === 0) || freeParameter(mean, model) !== undefined;
}

function onlyInProducts(name: string, expression: Expression, model: Model): boolean {
  const bare = [...walkExpression(expression)].filter((each) => each.kind === "variable" && each.name === name).length;
  const scaled = [...walkExpression(expression)].filter(
    (each) =>
      each.kind === "apply" &&
      (each.function === "matmul" || each.function === "multiply" || each.function === "dot") &&
      each.arguments.some((operand) => operand.kind === "variable" && operand.name === name) &&
      each.arguments.some((operand) => freeParameter(operand, model) !== undefined),
  ).length;
  return bare === scaled;
}

function productsOfNumbers(expressions: readonly Expression[], model: Model): readonly Diagnostic[] {
  const all = expressions.flatMap((expression) => [...walkExpression(expression)]);
  const uses = (name: string): number => all.filter((each) => each.kind === "parameter" && each.name === name).length;
  const found = new Map<string, Diagnostic>();
  const together = new Map<string, number>();
  for (const each of all) {
    if (each.kind !== "apply" || each.function !== "multiply") continue;
    const [left, right] = each.arguments;
    const first = freeParameter(left, model);
    const second = freeParameter(right, model);
    if (first === undefined || second === undefined || first === second) continue;
    if (shapeOf(left.type).length > 0 || shapeOf(right.type).length > 0) continue;
    const pair = [first, second].sort().join(" ");
    together.set(pair, (together.get(pair) ?? 0) + 1);
    const isOnlyUse = uses(first) === together.get(pair) && uses(second) === together.get(pair);
    if (isOnlyUse) found.set(pair, scaleTradeOff(each.span, { first, second, through: "enter by their product only" }));
  }
  return [...found.values()];
}

/** The name of a parameter that is learned without a prior. */
function freeParameter(expression: Expression | undefined, model: Model): string | undefined {
  if (expression?.kind !== "parameter") return undefined;
  const parameter = model.parameters.find((each) => each.name === expression.name);
  return parameter !== undefined && parameter.prior === undefined && parameter.fixed === undefined
    ? parameter.name
    : undefined;
}
