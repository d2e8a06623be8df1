import {
  conditionExpected,
  elementwiseMismatch,
  notANumber,
  wrongArgumentCount,
} from "../../diagnostics/catalogue/semantics.js";
import { sameDimension, sameShape, shapeOf } from "../../ir/domain.js";
import type { Expression, FunctionName } from "../../ir/model.js";
import { printDomain } from "../../ir/print-domain.js";
import type * as syntax from "../../parser/ast.js";
import type { ExpressionContext } from "./expression-context.js";
import { applied, checkNumber, commonShape } from "./numeric.js";
import { printExpression as written } from "../../parser/print-expression.js";

const comparisons: Readonly<Record<syntax.ComparisonOperator, FunctionName>> = {
  "<": "less",
  "<=": "lessEqual",
  ">": "greater",
  ">=": "greaterEqual",
  "==": "equal",
  "!=": "notEqual",
};

/** `where(x > 0, a, b)`: a where the comparison holds, else b. */
export function checkWhere(call: syntax.CallExpression, context: ExpressionContext): Expression | undefined {
  if (call.arguments.length !== 3) {
    const usage = "where(x > 0, a, b)";
    context.report(wrongArgumentCount(call.span, { callee: "where", usage, found: call.arguments.length }));
    return undefined;
  }
  const [test, first, second] = call.arguments;
  const condition = checkCondition(test.value, context);
  const a = checkNumber(first.value, context);
  const b = checkNumber(second.value, context);
  if (condition === undefined || a === undefined || b === undefined) return undefined;
  const shape = commonShape(a, b);
  const tested = shapeOf(condition.type);
  if (shape === undefined || !(tested.length === 0 || sameShape(tested, shape))) {
    const [left, right, place] = shape === undefined ? [a, b, second] : [condition, a, first];
    context.report(
      elementwiseMismatch(place.value.span, {
        operation: "`where`",
        left: printDomain(left.type),
        right: printDomain(right.type),
      }),
    );
    return undefined;
  }
  return applied("where", [condition, a, b], { kind: "real", shape }, call.span);
}

function checkCondition(test: syntax.Expression, context: ExpressionContext): Expression | undefined {
  const comparison = test.kind === "binary" ? comparisonOf(test.operator) : undefined;
  if (test.kind !== "binary" || comparison === undefined) {
    context.report(conditionExpected(test.span, {}, { fix: { span: test.span, replacement: `${written(test)} > 0` } }));
    return undefined;
  }
  const left = context.check(test.left);
  const right = context.check(test.right);
  if (left === undefined || right === undefined) return undefined;
  if (left.type.kind === "category" || right.type.kind === "category") {
    return compareCategories(test, comparison, left, right, context);
  }
  const shape = commonShape(left, right);
  if (shape !== undefined && left.type.kind !== "sequence" && right.type.kind !== "sequence") {
    return applied(comparison, [left, right], { kind: "binary", shape }, test.span);
  }
  context.report(
    elementwiseMismatch(test.right.span, {
      operation: "a comparison",
      left: printDomain(left.type),
      right: printDomain(right.type),
    }),
  );
  return undefined;
}

/** Categories are equal or not; they have no order. */
function compareCategories(
  test: syntax.BinaryExpression,
  comparison: FunctionName,
  left: Expression,
  right: Expression,
  context: ExpressionContext,
): Expression | undefined {
  const isEquality = comparison === "equal" || comparison === "notEqual";
  const comparable = (other: Expression, category: Expression): boolean =>
    category.type.kind === "category" &&
    ((other.kind === "constant" && Number.isInteger(other.value) && other.value >= 0) ||
      (other.type.kind === "category" && sameDimension(other.type.categories, category.type.categories)));
  if (isEquality && (comparable(right, left) || comparable(left, right))) {
    return applied(comparison, [left, right], { kind: "binary", shape: [] }, test.span);
  }
  const place = left.type.kind === "category" ? test.left : test.right;
  context.report(
    notANumber(place.span, {
      written: `\`${written(place)}\``,
      type: printDomain(left.type.kind === "category" ? left.type : right.type),
      wayOut: "compare a category with `==` or `!=` to another of its size, or to one of its numbers: `z == 0`",
    }),
  );
  return undefined;
}

function comparisonOf(operator: syntax.BinaryExpression["operator"]): FunctionName | undefined {
  switch (operator) {
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "==":
    case "!=":
      return comparisons[operator];
    case "+":
    case "-":
    case "*":
    case "/":
    case "^":
      return undefined;
  }
}
