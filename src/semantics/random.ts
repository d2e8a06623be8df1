import {
  distributionAsValue,
  implicitDiscrete,
  implicitMismatch,
  initialOutsideChain,
} from "../diagnostics/catalogue/semantics.js";
import { sameShape, shapeOf } from "../ir/domain.js";
import type { Domain, Expression, Factor } from "../ir/model.js";
import { printDomain } from "../ir/print-domain.js";
import type { RandomDeclaration } from "../parser/ast.js";
import { checkDistribution, familyNameOf } from "./distribution-call.js";
import type { ExpressionContext } from "./expression/expression-context.js";
import { isPositive, isWithinClosedUnit } from "./expression/interval.js";
import { intervalOf } from "./expression/value-interval.js";
import { checkSteps } from "./steps.js";
import type { VariableSymbol } from "./symbols.js";

/** The factors of `latent z: T ~ F init G`, `observe x: T ~ F` or `observe x: T = e`. */
export function checkRandom(
  declaration: RandomDeclaration,
  symbol: VariableSymbol,
  context: ExpressionContext,
): readonly Factor[] | undefined {
  // The parser refuses `=` for latent variables.
  if (declaration.relation === "=" && declaration.role === "observed")
    return checkImplicit(declaration, symbol, context);
  const child = { name: symbol.name, domain: symbol.domain, typeName: declaration.type.name };
  const step = checkDistribution(declaration.value, child, context);
  const initial =
    declaration.initial === undefined ? undefined : checkDistribution(declaration.initial, child, context);
  return checkSteps({ child: symbol, step, initial, initialSpan: declaration.initial?.span }, context);
}

/** `observe x: T = e`: a value that is computed from others, without a density. */
function checkImplicit(
  declaration: RandomDeclaration,
  symbol: VariableSymbol,
  context: ExpressionContext,
): readonly Factor[] | undefined {
  const { value: given, initial, name } = declaration;
  const relation = { start: declaration.type.span.end, end: given.span.start };
  const family = familyNameOf(given);
  if (family !== undefined) {
    context.report(distributionAsValue(given.span, { family }, { fix: { span: relation, replacement: " ~ " } }));
    return undefined;
  }
  if (initial !== undefined) {
    context.report(initialOutsideChain(initial.span, { name: name.text, reason: "`=` gives a value to every step" }));
  }
  const value = context.check(given);
  const { domain } = symbol;
  if (value === undefined || domain === undefined || initial !== undefined) return undefined;
  if (isRelaxed(value, domain))
    return [{ kind: "implicit", name: symbol.name, child: symbol.name, value, span: given.span }];
  if (domain.kind === "category" || domain.kind === "binary" || domain.kind === "count") {
    const child = { child: name.text, childType: printDomain(domain), family: discreteFamily(domain.kind) };
    context.report(implicitDiscrete(given.span, child));
    return undefined;
  }
  if (!fits(value, domain)) {
    context.report(
      implicitMismatch(given.span, {
        child: name.text,
        childType: printDomain(domain),
        found: printDomain(value.type),
        wayOut: sameShape(shapeOf(value.type), shapeOf(domain))
          ? `declare \`${name.text}: ${printDomain({ kind: "real", shape: shapeOf(domain) })}\`, or bring the value into the range of its type`
          : `declare \`${name.text}\` and the value with one shape`,
      }),
    );
    return undefined;
  }
  return [{ kind: "implicit", name: symbol.name, child: symbol.name, value, span: given.span }];
}

/** Probabilities in place of a discrete value: `Category[K] = softmax(e)`, `Binary[B] = sigmoid(e)`. */
function isRelaxed(value: Expression, domain: Domain): boolean {
  if (value.kind !== "apply") return false;
  if (domain.kind === "category")
    return (
      value.function === "softmax" && domain.shape.length === 0 && sameShape(shapeOf(value.type), [domain.categories])
    );
  return domain.kind === "binary" && value.function === "sigmoid" && sameShape(shapeOf(value.type), domain.shape);
}

function discreteFamily(kind: "category" | "binary" | "count"): string {
  switch (kind) {
    case "category":
      return "Categorical";
    case "binary":
      return "Bernoulli";
    case "count":
      return "Binomial";
  }
}

function fits(value: Expression, domain: Domain): boolean {
  if (value.type.kind === "category" || value.type.kind === "sequence") return false;
  if (!sameShape(shapeOf(value.type), shapeOf(domain))) return false;
  switch (domain.kind) {
    case "real":
    case "angle":
      return true;
    case "positive":
      return isPositive(intervalOf(value));
    case "unit":
      return isWithinClosedUnit(intervalOf(value));
    case "simplex":
    case "ordered":
    case "covariance":
      return value.type.kind === domain.kind;
    case "count":
    case "binary":
    case "category":
    case "sequence":
      return false;
  }
}
