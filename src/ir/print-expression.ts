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
const postfix = 5;

/**
 * An expression of the Model IR as the language writes it.
 *
 * @param step name of the chain, for look-backs: `x[t-1]`
 */
export function printExpression(expression: Expression, step = "t"): string {
  return print(expression, 0, step);
}

function print(expression: Expression, around: number, step: string): string {
  const list = (items: readonly Expression[]): string => items.map((item) => print(item, 0, step)).join(", ");
  const indices = (items: readonly Expression[]): string => (items.length === 0 ? "" : `[${list(items)}]`);
  switch (expression.kind) {
    case "constant":
      return enclose(String(expression.value), expression.value < 0 ? negation : Infinity, around);
    case "parameter":
      return expression.name + indices(expression.indices);
    case "variable":
      return expression.name + (expression.lag === 0 ? "" : `[${step}-${expression.lag}]`);
    case "sequence":
      return `${expression.name}[*]`;
    case "position":
      return expression.axis;
    case "element":
      return print(expression.base, postfix, step) + indices(expression.indices);
    case "list":
      return `[${list(expression.items)}]`;
    case "network":
      return `${expression.network}(${list(expression.arguments)})${expression.output === 0 ? "" : `.${expression.output}`}`;
    case "apply":
      return printApplied(expression, around, step);
  }
}

function printApplied(expression: Expression & { readonly kind: "apply" }, around: number, step: string): string {
  const [left, right] = expression.arguments;
  const operator = infix[expression.function];
  // Only `*` between scalars and a scalar is written so; the product entry by entry has a name.
  const isNamed = expression.function === "multiply" && !isScalar(left) && !isScalar(right);
  if (operator !== undefined && !isNamed) {
    const [symbol, own] = operator;
    const space = symbol === "^" ? "" : " ";
    return enclose(`${print(left, own, step)}${space}${symbol}${space}${print(right, own + 1, step)}`, own, around);
  }
  if (expression.function === "negate") return enclose(`-${print(left, negation, step)}`, negation, around);
  if (expression.function === "square") return enclose(`${print(left, postfix, step)}^2`, 4, around);
  const name = isNamed ? "mul" : expression.function;
  return `${name}(${expression.arguments.map((each) => print(each, 0, step)).join(", ")})`;
}

function isScalar(expression: Expression): boolean {
  return "shape" in expression.type && expression.type.shape.length === 0;
}

function enclose(text: string, own: number, around: number): string {
  return own < around ? `(${text})` : text;
}
