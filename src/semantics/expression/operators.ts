import {
  divisionByZero,
  elementwiseMismatch,
  functionDomain,
  matrixProductMismatch,
  vectorProduct,
} from "../../diagnostics/catalogue/semantics.js";
import { sameDimension, shapeOf } from "../../ir/domain.js";
import type { CovarianceStructure, Domain, Expression, FunctionName } from "../../ir/model.js";
import { printDimension, printDomain } from "../../ir/print-domain.js";
import type * as syntax from "../../parser/ast.js";
import type { ExpressionContext } from "./expression-context.js";
import { isNonNegative, isPositive, isZero } from "./interval.js";
import { applied, checkNumber, commonShape, constant } from "./numeric.js";
import { intervalOf } from "./value-interval.js";
import { printExpression as written } from "../../parser/print-expression.js";

/** `-x`; the minus of a number belongs to the number. */
export function checkNegate(expression: syntax.NegateExpression, context: ExpressionContext): Expression | undefined {
  const operand = checkNumber(expression.operand, context);
  if (operand === undefined) return undefined;
  if (operand.kind === "constant") return constant(-operand.value, expression.span);
  return applied("negate", [operand], { kind: "real", shape: shapeOf(operand.type) }, expression.span);
}

/** `a + b`, `a * b`, …. Comparisons outside `where` are refused by the parser already; `where` checks its own. */
export function checkBinary(expression: syntax.BinaryExpression, context: ExpressionContext): Expression | undefined {
  const { operator } = expression;
  switch (operator) {
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "==":
    case "!=":
      return undefined;
    case "+":
    case "-":
    case "*":
    case "/":
    case "^": {
      const left = checkNumber(expression.left, context);
      const right = checkNumber(expression.right, context);
      if (left === undefined || right === undefined) return undefined;
      const operands: Operands = { left, right, expression, context };
      switch (operator) {
        case "+":
          return sum(operands);
        case "-":
          return elementwise("subtract", "a difference", operands);
        case "*":
          return product(operands);
        case "/":
          return quotient(operands);
        case "^":
          return power(operands);
      }
    }
  }
}

interface Operands {
  readonly left: Expression;
  readonly right: Expression;
  readonly expression: syntax.BinaryExpression;
  readonly context: ExpressionContext;
}

function elementwise(name: FunctionName, operation: string, operands: Operands): Expression | undefined {
  const { left, right, expression, context } = operands;
  const shape = commonShape(left, right);
  if (shape !== undefined) return applied(name, [left, right], { kind: "real", shape }, expression.span);
  context.report(
    elementwiseMismatch(
      expression.right.span,
      { operation, left: printDomain(left.type), right: printDomain(right.type) },
      { related: [{ span: expression.left.span, message: `this is \`${printDomain(left.type)}\`` }] },
    ),
  );
  return undefined;
}

/** The sum of covariances of one size is a covariance. */
function sum(operands: Operands): Expression | undefined {
  const { left, right, expression } = operands;
  if (
    left.type.kind === "covariance" &&
    right.type.kind === "covariance" &&
    sameDimension(left.type.size, right.type.size)
  ) {
    const structure = sumStructure(left.type.structure, right.type.structure);
    return applied("add", [left, right], { kind: "covariance", structure, size: left.type.size }, expression.span);
  }
  return elementwise("add", "a sum", operands);
}

function sumStructure(a: CovarianceStructure, b: CovarianceStructure): CovarianceStructure {
  const simple = (structure: CovarianceStructure): boolean => structure === "isotropic" || structure === "diagonal";
  if (a === "isotropic" && b === "isotropic") return "isotropic";
  return simple(a) && simple(b) ? "diagonal" : "full";
}

/** A matrix product where the left is a matrix, else a multiple by a number. */
function product(operands: Operands): Expression | undefined {
  const { left, right, expression, context } = operands;
  const a = shapeOf(left.type);
  const b = shapeOf(right.type);
  if (a.length === 0 || b.length === 0) return multiple(operands);
  if (a.length === 2 && b.length <= 2) {
    if (sameDimension(a[1], b[0])) {
      return applied("matmul", [left, right], { kind: "real", shape: [a[0], ...b.slice(1)] }, expression.span);
    }
    context.report(
      matrixProductMismatch(
        expression.right.span,
        {
          left: printDomain(left.type),
          right: printDomain(right.type),
          columns: printDimension(a[1]),
          rows: printDimension(b[0]),
          transposed: sameDimension(a[0], b[0]),
        },
        {
          related: [{ span: expression.left.span, message: `this is \`${printDomain(left.type)}\`` }],
          ...(sameDimension(a[0], b[0])
            ? { fix: { span: expression.left.span, replacement: `transpose(${written(expression.left)})` } }
            : {}),
        },
      ),
    );
    return undefined;
  }
  if (a.length === 1 && b.length <= 2) {
    const kind = b.length === 1 ? "vectors" : "vectorMatrix";
    context.report(
      vectorProduct(expression.span, { left: printDomain(left.type), right: printDomain(right.type), kind }),
    );
    return undefined;
  }
  return elementwise("multiply", "a product of tensors", operands);
}

/** A positive multiple of a covariance is a covariance. */
function multiple(operands: Operands): Expression | undefined {
  const { left, right, expression } = operands;
  const scaled = scaledCovariance(left, right) ?? scaledCovariance(right, left);
  if (scaled !== undefined) return applied("multiply", [left, right], scaled, expression.span);
  return elementwise("multiply", "a product", operands);
}

function scaledCovariance(factor: Expression, matrix: Expression): Domain | undefined {
  const scales = shapeOf(factor.type).length === 0 && isPositive(intervalOf(factor));
  return scales && matrix.type.kind === "covariance" ? matrix.type : undefined;
}

function quotient(operands: Operands): Expression | undefined {
  const { left, right, expression, context } = operands;
  if (isZero(intervalOf(right))) {
    context.report(divisionByZero(expression.right.span, {}));
    return undefined;
  }
  const scaled = scaledCovariance(right, left);
  if (scaled !== undefined) return applied("divide", [left, right], scaled, expression.span);
  return elementwise("divide", "a quotient", operands);
}

function power(operands: Operands): Expression | undefined {
  const { left, right, expression, context } = operands;
  const whole = right.kind === "constant" && Number.isInteger(right.value);
  if (!whole && !isNonNegative(intervalOf(left))) {
    context.report(
      functionDomain(expression.left.span, {
        callee: "^",
        needs: "a base that is not negative, unless the exponent is a whole number",
        found: "a number of either sign",
        wayOut: "write `abs(…)` around the base, or declare it `Positive`",
      }),
    );
    return undefined;
  }
  if (right.kind === "constant" && right.value === 2) {
    return applied("square", [left], { kind: "real", shape: shapeOf(left.type) }, expression.span);
  }
  return elementwise("power", "a power", operands);
}
