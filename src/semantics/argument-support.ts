import { supportMismatch } from "../diagnostics/catalogue/semantics.js";
import type { Fix } from "../diagnostics/diagnostic.js";
import type { Slot } from "../distributions/distribution.js";
import { shapeOf } from "../ir/domain.js";
import type { Expression } from "../ir/model.js";
import { printDomain } from "../ir/print-domain.js";
import type * as syntax from "../parser/ast.js";
import type { ExpressionContext } from "./expression/expression-context.js";
import { isNonNegative, isPositive, isWithinClosedUnit } from "./expression/interval.js";
import { intervalOf } from "./expression/value-interval.js";
import { printExpression as written } from "../parser/print-expression.js";
import { findVisible } from "./symbols.js";

const supportTexts: Readonly<Record<Slot["support"], string>> = {
  real: "a number",
  positive: "positive",
  nonNegative: "0 or more",
  unit: "between 0 and 1",
  count: "a whole number of 0 or more",
  simplex: "probabilities that sum to 1",
  covariance: "positive",
};

/** An argument of a distribution with what is needed to speak of it. */
export interface GivenArgument {
  readonly family: string;
  readonly slot: Slot;
  /** Another slot in the same place that takes any real number, such as `logits`. */
  readonly unconstrained?: string;
  readonly written: syntax.Argument;
  readonly value: Expression;
}

/** Whether the numbers of an argument are those its slot allows; reported where they may not be. */
export function checkSupport(argument: GivenArgument, context: ExpressionContext): boolean {
  const { slot, value, family } = argument;
  if (isSupported(slot.support, value)) return true;
  const way = wayOut(argument, context);
  context.report(
    supportMismatch(
      argument.written.value.span,
      {
        family,
        slot: slot.name,
        expected: supportTexts[slot.support],
        found: describeValue(value),
        wayOut: way.text,
      },
      way.fix === undefined ? {} : { fix: way.fix },
    ),
  );
  return false;
}

function isSupported(support: Slot["support"], value: Expression): boolean {
  const values = intervalOf(value);
  switch (support) {
    case "real":
      return true;
    case "positive":
    case "covariance":
      return isPositive(values);
    case "nonNegative":
      return isNonNegative(values);
    case "unit":
      return isWithinClosedUnit(values);
    case "count":
      return values.integer && isNonNegative(values);
    case "simplex":
      return value.type.kind === "simplex" || isConstantSimplex(value);
  }
}

/** A list of known numbers, none negative, that sum to 1. */
export function isConstantSimplex(value: Expression): boolean {
  if (value.kind !== "list" || shapeOf(value.type).length !== 1) return false;
  const entries = value.items.map(intervalOf);
  if (!entries.every((entry) => entry.least === entry.most && entry.least >= 0)) return false;
  return Math.abs(entries.reduce((total, entry) => total + entry.least, 0) - 1) <= 1e-9;
}

/** A value in the reader's words: `-2`, or its type. */
export function describeValue(value: Expression): string {
  const values = intervalOf(value);
  const isNumber = value.kind === "constant" || (value.kind === "apply" && values.least === values.most);
  return isNumber && shapeOf(value.type).length === 0 ? String(values.least) : `\`${printDomain(value.type)}\``;
}

interface WayOut {
  readonly text: string;
  readonly fix?: Fix;
}

function wayOut(argument: GivenArgument, context: ExpressionContext): WayOut {
  const { slot, value, written: given } = argument;
  const values = intervalOf(value);
  const around = (name: string): Fix => ({ span: given.value.span, replacement: `${name}(${written(given.value)})` });
  if (values.least === values.most && slot.support !== "simplex")
    return { text: `write a value that is ${supportTexts[slot.support]}` };
  if (argument.unconstrained !== undefined) {
    const text = `write \`${argument.unconstrained}:\` in front of a value that may be any number`;
    const replacement = `${argument.unconstrained}: `;
    const span = { start: given.span.start, end: given.value.span.start };
    return { text, fix: { span, replacement } };
  }
  const declaration = declaredType(given.value, context);
  switch (slot.support) {
    case "positive":
    case "nonNegative":
    case "covariance":
      return declaration === undefined
        ? { text: "write `softplus(…)` or `exp(…)` around it", fix: around("softplus") }
        : {
            text: `declare \`${declaration.owner}\` as \`Positive\`, or write \`softplus(…)\` or \`exp(…)\` around it`,
            fix: { span: declaration.span, replacement: "Positive" },
          };
    case "unit":
      return declaration === undefined
        ? { text: "write `sigmoid(…)` around it", fix: around("sigmoid") }
        : {
            text: `declare \`${declaration.owner}\` as \`Unit\`, or write \`sigmoid(…)\` around it`,
            fix: { span: declaration.span, replacement: "Unit" },
          };
    case "simplex":
      if (shapeOf(value.type).length !== 1)
        return { text: "give it a `Simplex[K]`, such as a parameter `param w: Simplex[K]`" };
      return declaration === undefined
        ? { text: "write `softmax(…)` around it", fix: around("softmax") }
        : {
            text: `declare \`${declaration.owner}\` as \`Simplex\`, or write \`softmax(…)\` around it`,
            fix: { span: declaration.span, replacement: "Simplex" },
          };
    case "count":
      return { text: "write a whole number, or a variable of type `Count`" };
    case "real":
      return { text: "write a number" };
  }
}

/** The declared type of a real parameter that is used bare or by its cell: the place to change it. */
function declaredType(
  value: syntax.Expression,
  context: ExpressionContext,
): { readonly owner: string; readonly span: { readonly start: number; readonly end: number } } | undefined {
  const base = value.kind === "subscript" ? value.base : value;
  const symbol = base.kind === "name" ? findVisible(context.scope, base.name) : undefined;
  if (symbol?.kind !== "parameter" || symbol.domain?.kind !== "real" || symbol.domain.shape.length > 1)
    return undefined;
  return { owner: symbol.name, span: symbol.typeName.span };
}
