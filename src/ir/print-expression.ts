import type { Expression, FunctionName } from "./model.js";

const infix: Readonly<Partial<Record<FunctionName, readonly [symbol: string, precedence: number]>>> = {
  less: ["<", 0],
  lessEqual: ["<=", 0],
  greater: [">", 0],
  greaterEqual: [">=", 0],
  equal: ["==", 0],
  notEqual: ["!=", 0],
  add: ["+", 1],
  subtract: ["-", 1],
  multiply: ["*", 2],
  matmul: ["*", 2],
  divide: ["/", 2],
  power: ["^", 4],
};
const negation = 3;

/** An expression of the Model IR as the language writes it. */
export function printExpression(expression: Expression): string {
  return print(expression, 0);
}

function print(expression: Expression, around: number): string {
  switch (expression.kind) {
    case "constant":
      return enclose(String(expression.value), expression.value < 0 ? negation : Infinity, around);
    case "parameter":
      return expression.name + printIndices(expression.indices);
    case "variable":
      return expression.name + (expression.lag === 0 ? "" : `[-${expression.lag}]`);
    case "sequence":
      return `${expression.name}[*]`;
    case "position":
      return expression.axis;
    case "element":
      return print(expression.base, negation + 2) + printIndices(expression.indices);
    case "list":
      return `[${expression.items.map(printExpression).join(", ")}]`;
    case "network":
      return `${expression.network}(${expression.arguments.map(printExpression).join(", ")})${expression.output === 0 ? "" : `.${expression.output}`}`;
    case "apply":
      return printApplied(expression, around);
  }
}

function printApplied(expression: Expression & { readonly kind: "apply" }, around: number): string {
  const [left, right] = expression.arguments;
  const operator = infix[expression.function];
  // Only `*` between scalars and a scalar is written so; the product entry by entry has a name.
  const isNamed = expression.function === "multiply" && !isScalar(left) && !isScalar(right);
  if (operator !== undefined && !isNamed) {
    const [symbol, own] = operator;
    const space = symbol === "^" ? "" : " ";
    return enclose(`${print(left, own)}${space}${symbol}${space}${print(right, own + 1)}`, own, around);
  }
  if (expression.function === "negate") return enclose(`-${print(left, negation)}`, negation, around);
  if (expression.function === "square") return enclose(`${print(left, 5)}^2`, 4, around);
  const name = isNamed ? "mul" : expression.function;
  return `${name}(${expression.arguments.map(printExpression).join(", ")})`;
}

function isScalar(expression: Expression): boolean {
  return "shape" in expression.type && expression.type.shape.length === 0;
}

function printIndices(indices: readonly Expression[]): string {
  return indices.length === 0 ? "" : `[${indices.map(printExpression).join(", ")}]`;
}

function enclose(text: string, own: number, around: number): string {
  return own < around ? `(${text})` : text;
}
