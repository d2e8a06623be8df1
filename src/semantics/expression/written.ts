import type * as syntax from "../../parser/ast.js";

const precedence: Readonly<Record<syntax.BinaryExpression["operator"], number>> = {
  "<": 0,
  "<=": 0,
  ">": 0,
  ">=": 0,
  "==": 0,
  "!=": 0,
  "+": 1,
  "-": 1,
  "*": 2,
  "/": 2,
  "^": 4,
};
const negation = 3;
const postfix = 5;

/** An expression as people write it, for messages and for edits that put something around it. */
export function written(expression: syntax.Expression): string {
  return print(expression, 0);
}

function print(expression: syntax.Expression, around: number): string {
  switch (expression.kind) {
    case "number":
      return expression.text;
    case "name":
      return expression.name;
    case "call":
      return `${print(expression.callee, postfix)}(${expression.arguments.map(printArgument).join(", ")})`;
    case "subscript":
      return `${print(expression.base, postfix)}[${expression.subscripts
        .map((each) => (each.kind === "all" ? "*" : printIndex(each.value)))
        .join(", ")}]`;
    case "field":
      return `${print(expression.base, postfix)}.${expression.field.text}`;
    case "negate":
      return enclose(`-${print(expression.operand, negation)}`, negation, around);
    case "list":
      return `[${expression.items.map(printArgument).join(", ")}]`;
    case "binary": {
      const own = precedence[expression.operator];
      const rightHand = expression.operator === "^" ? own : own + 1;
      const text = `${print(expression.left, expression.operator === "^" ? own + 1 : own)} ${expression.operator} ${print(expression.right, rightHand)}`;
      return enclose(expression.operator === "^" ? text.replaceAll(" ^ ", "^") : text, own, around);
    }
  }
}

/** `t-1` is written without spaces between brackets. */
function printIndex(index: syntax.Expression): string {
  return index.kind === "binary" && index.left.kind === "name" && index.right.kind === "number"
    ? `${index.left.name}${index.operator}${index.right.text}`
    : print(index, 0);
}

function printArgument(argument: syntax.Argument): string {
  return `${argument.name === undefined ? "" : `${argument.name.text}: `}${print(argument.value, 0)}`;
}

function enclose(text: string, own: number, around: number): string {
  return own < around ? `(${text})` : text;
}
