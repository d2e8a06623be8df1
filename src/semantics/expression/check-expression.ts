import { fieldAccess } from "../../diagnostics/catalogue/semantics.js";
import type { Expression } from "../../ir/model.js";
import type * as syntax from "../../parser/ast.js";
import type { ModelEnvironment } from "../model-environment.js";
import type { Scope } from "../symbols.js";
import { checkCall } from "./call.js";
import type { ExpressionContext } from "./expression-context.js";
import { checkList } from "./list.js";
import { checkName } from "./name.js";
import { constant } from "./numeric.js";
import { checkBinary, checkNegate } from "./operators.js";
import { checkSubscript } from "./subscript.js";

/** How to check the expressions of one block. */
export function expressionContext(
  environment: ModelEnvironment,
  scope: Scope,
  place: ExpressionContext["place"],
): ExpressionContext {
  const context: ExpressionContext = {
    environment,
    scope,
    place,
    check: (expression) => checkExpression(expression, context),
    within: (inner) => expressionContext(environment, inner, place),
    report: (diagnostic) => {
      environment.diagnostics.push(diagnostic);
    },
  };
  return context;
}

function checkExpression(expression: syntax.Expression, context: ExpressionContext): Expression | undefined {
  switch (expression.kind) {
    case "number":
      return constant(expression.value, expression.span);
    case "name":
      return checkName(expression, context);
    case "call":
      return checkCall(expression, context);
    case "subscript":
      return checkSubscript(expression, context);
    case "field":
      context.report(fieldAccess(expression.field.span, { field: expression.field.text }));
      return undefined;
    case "binary":
      return checkBinary(expression, context);
    case "negate":
      return checkNegate(expression, context);
    case "list":
      return checkList(expression, context);
  }
}
