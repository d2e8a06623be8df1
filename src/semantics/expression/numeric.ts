import { notANumber } from "../../diagnostics/catalogue/semantics.js";
import type { Span } from "../../diagnostics/span.js";
import { sameShape, shapeOf } from "../../ir/domain.js";
import type { Dimension, Domain, Expression, FunctionName } from "../../ir/model.js";
import { printDomain } from "../../ir/print-domain.js";
import type * as syntax from "../../parser/ast.js";
import type { ExpressionContext } from "./expression-context.js";
import { isPositive, type Interval } from "./interval.js";
import { intervalOf } from "./value-interval.js";
import { printExpression as written } from "../../parser/print-expression.js";

/** The narrowest type of numbers in an interval. */
export function numericDomain(shape: readonly Dimension[], values: Interval): Domain {
  if (!isPositive(values)) return { kind: "real", shape };
  const belowOne = values.most < 1 || (values.most === 1 && values.mostOpen);
  return { kind: belowOne ? "unit" : "positive", shape };
}

/** A constant of the language. */
export function constant(value: number, span: Span): Expression {
  const draft: Expression = { kind: "constant", value, span, type: { kind: "real", shape: [] } };
  return { ...draft, type: numericDomain([], intervalOf(draft)) };
}

/** A function applied to operands; real numbers are narrowed to what is known of their sign and size. */
export function applied(name: FunctionName, operands: readonly Expression[], type: Domain, span: Span): Expression {
  const draft: Expression = { kind: "apply", function: name, arguments: operands, type, span };
  return type.kind === "real" ? { ...draft, type: numericDomain(type.shape, intervalOf(draft)) } : draft;
}

/** Whether one can calculate with the values of a domain. */
export function isNumeric(domain: Domain): boolean {
  return domain.kind !== "category" && domain.kind !== "sequence";
}

/** An operand that must be numbers; undefined, and reported, if it is not. */
export function checkNumber(expression: syntax.Expression, context: ExpressionContext): Expression | undefined {
  const checked = context.check(expression);
  if (checked === undefined || isNumeric(checked.type)) return checked;
  context.report(
    notANumber(expression.span, {
      written: `\`${written(expression)}\``,
      type: printDomain(checked.type),
      wayOut:
        checked.type.kind === "category"
          ? "use a category to pick from a table, `mean[z]`, to compare, `where(z == 0, a, b)`, or as the input of a network"
          : "read the sequence with a network whose input is a `Seq`",
    }),
  );
  return undefined;
}

/** The common shape of two operands of one shape, or of one and a single number. */
export function commonShape(a: Expression, b: Expression): readonly Dimension[] | undefined {
  const first = shapeOf(a.type);
  const second = shapeOf(b.type);
  if (first.length === 0) return second;
  if (second.length === 0 || sameShape(first, second)) return first;
  return undefined;
}
