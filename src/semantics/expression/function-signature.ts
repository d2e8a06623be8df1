import { functionDomain, wrongArgumentShape } from "../../diagnostics/catalogue/semantics.js";
import { shapeOf } from "../../ir/domain.js";
import type { Domain, Expression, FunctionName } from "../../ir/model.js";
import { printDomain } from "../../ir/print-domain.js";
import type * as syntax from "../../parser/ast.js";
import type { ExpressionContext } from "./expression-context.js";
import { isNonNegative, isPositive } from "./interval.js";
import { intervalOf } from "./value-interval.js";
import { printExpression as written } from "../../parser/print-expression.js";

/** A function of the language whose arguments are numbers. */
export interface FunctionSignature {
  readonly name: FunctionName;
  /** As people write it: `dot(a, b)`. */
  readonly usage: string;
  /** One sentence: what it gives. */
  readonly summary: string;
  readonly least: number;
  readonly most: number;
  /** What every argument must be for the function to have a value. */
  readonly needs: "real" | "nonNegative" | "positive";
  /** The type of the value; real numbers are narrowed afterwards to what is known of them. */
  readonly result: (operands: readonly Expression[], call: FunctionCall) => Domain | undefined;
}

export interface FunctionCall {
  readonly signature: FunctionSignature;
  readonly written: syntax.CallExpression;
  readonly context: ExpressionContext;
}

/** Reports that an argument has the wrong shape. */
export function refuseShape(
  call: FunctionCall,
  position: number,
  operand: Expression,
  expected: string,
  wayOut: string,
): undefined {
  call.context.report(
    wrongArgumentShape(call.written.arguments[position].value.span, {
      callee: call.signature.name,
      expected,
      found: printDomain(operand.type),
      wayOut,
    }),
  );
  return undefined;
}

/** A vector argument, or a report. */
export function isVector(operand: Expression): boolean {
  return shapeOf(operand.type).length === 1;
}

/** Reports an argument that a function has no value for, by its type or as a constant. */
export function checkFunctionDomain(operand: Expression, position: number, call: FunctionCall): boolean {
  const { needs, name } = call.signature;
  const values = intervalOf(operand);
  if (needs === "real" || isPositive(values) || (needs === "nonNegative" && isNonNegative(values))) return true;
  const argument = call.written.arguments[position].value;
  const isConstant = values.least === values.most;
  call.context.report(
    functionDomain(
      argument.span,
      {
        callee: name,
        needs: needs === "positive" ? "a positive number" : "a number that is not negative",
        found: isConstant
          ? String(values.least)
          : `\`${printDomain(operand.type)}\`, which may be ${needs === "positive" && isNonNegative(values) ? "zero" : "negative"}`,
        wayOut: isConstant
          ? `write a ${needs === "positive" ? "positive number" : "number of 0 or more"}`
          : `declare it \`Positive\`, or write \`${name}(softplus(${written(argument)}))\``,
      },
      isConstant ? {} : { fix: { span: argument.span, replacement: `softplus(${written(argument)})` } },
    ),
  );
  return false;
}
