import type { Argument, DimensionExpression, Expression, LayerExpression, Subscript, TypeExpression } from "./ast.js";
import { PRECEDENCE } from "./precedence.js";

/** How tightly a printed expression holds together; operands of calls and subscripts hold together most. */
function precedenceOf(expression: Expression): number {
  switch (expression.kind) {
    case "binary":
      return PRECEDENCE[expression.operator];
    case "negate":
      return PRECEDENCE.negate;
    case "number":
    case "name":
    case "call":
    case "subscript":
    case "field":
    case "list":
      return Number.POSITIVE_INFINITY;
  }
}

/** In parentheses where the expression binds less tightly than its place demands. */
function within(expression: Expression, least: number): string {
  const text = printExpression(expression);
  return precedenceOf(expression) < least ? `(${text})` : text;
}

const TIGHTER = 0.5;

/** `x[t-1]` and `a^2` stand close, other operators are spaced. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case "number":
      return expression.text;
    case "name":
      return expression.name;
    case "call":
      return `${printBase(expression.callee)}(${printArguments(expression.arguments)})`;
    case "subscript":
      return `${printBase(expression.base)}[${expression.subscripts.map(printSubscript).join(", ")}]`;
    case "field":
      // `2.x` would read as a malformed number.
      return `${expression.base.kind === "number" ? `(${expression.base.text})` : printBase(expression.base)}.${expression.field.text}`;
    case "list":
      return `[${printArguments(expression.items)}]`;
    case "negate":
      return `-${within(expression.operand, PRECEDENCE.negate)}`;
    case "binary": {
      const own = PRECEDENCE[expression.operator];
      if (expression.operator === "^") {
        // The exponent is a unary expression: `a^-b` and `a^b^c` need no parentheses.
        return `${within(expression.left, own + TIGHTER)}^${within(expression.right, PRECEDENCE.negate)}`;
      }
      return `${within(expression.left, own)} ${expression.operator} ${within(expression.right, own + TIGHTER)}`;
    }
  }
}

function printBase(base: Expression): string {
  return within(base, Number.POSITIVE_INFINITY);
}

function printSubscript(subscript: Subscript): string {
  if (subscript.kind === "all") return "*";
  const index = subscript.value;
  const isOffset = index.kind === "binary" && (index.operator === "-" || index.operator === "+");
  if (isOffset && index.left.kind === "name" && index.right.kind === "number") {
    return `${index.left.name}${index.operator}${index.right.text}`;
  }
  return printExpression(index);
}

export function printArgument(argument: Argument): string {
  const value = printExpression(argument.value);
  return argument.name === undefined ? value : `${argument.name.text}: ${value}`;
}

function printArguments(items: readonly Argument[]): string {
  return items.map(printArgument).join(", ");
}

export function printType(type: TypeExpression): string {
  const dimensions = type.dimensions.length === 0 ? "" : `[${type.dimensions.map(printDimension).join(", ")}]`;
  return `${type.name.text}${dimensions}${type.optional ? "?" : ""}`;
}

function printDimension(dimension: DimensionExpression): string {
  return dimension.kind === "integer" ? String(dimension.value) : printType(dimension.type);
}

/** `relu` and `relu()` mean the same; the shorter is canonical. */
export function printLayer(layer: LayerExpression): string {
  return layer.arguments.length === 0 ? layer.name.text : `${layer.name.text}(${printArguments(layer.arguments)})`;
}
