import { wrongArgumentCount, wrongArgumentShape } from "../../diagnostics/catalogue/semantics.js";
import type { Dimension, Expression } from "../../ir/model.js";
import type * as syntax from "../../parser/ast.js";
import { resolveSize } from "../size.js";
import type { ExpressionContext } from "./expression-context.js";
import { printExpression as written } from "../../parser/print-expression.js";

/** `eye(D)`: the identity matrix of a size, which is the covariance of independent unit variances. */
export function checkIdentityMatrix(call: syntax.CallExpression, context: ExpressionContext): Expression | undefined {
  const [argument] = call.arguments;
  if (call.arguments.length !== 1) {
    context.report(wrongArgumentCount(call.span, { callee: "eye", usage: "eye(D)", found: call.arguments.length }));
    return undefined;
  }
  const size = sizeOf(argument.value, context);
  return size === undefined
    ? undefined
    : {
        kind: "apply",
        function: "eye",
        arguments: [],
        type: { kind: "covariance", structure: "isotropic", size },
        span: call.span,
      };
}

function sizeOf(argument: syntax.Expression, context: ExpressionContext): Dimension | undefined {
  if (argument.kind === "name") return resolveSize({ text: argument.name, span: argument.span }, context.environment);
  if (argument.kind === "number" && Number.isInteger(argument.value) && argument.value >= 1) {
    return { kind: "literal", value: argument.value };
  }
  context.report(
    wrongArgumentShape(argument.span, {
      callee: "eye",
      expected: "a size",
      found: written(argument),
      wayOut: "write the name of a `size`, or a whole number: `eye(D)`",
    }),
  );
  return undefined;
}
