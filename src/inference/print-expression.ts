import type { Expression, FunctionName } from "../ir/model.js";

/** How tightly an operator binds; a call or a name binds tightest. */
const ATOM = 4;

const operators: Partial<Readonly<Record<FunctionName, { readonly symbol: string; readonly precedence: number }>>> = {
  add: { symbol: " + ", precedence: 1 },
  subtract: { symbol: " - ", precedence: 1 },
  multiply: { symbol: " * ", precedence: 2 },
  matmul: { symbol: " * ", precedence: 2 },
  divide: { symbol: " / ", precedence: 2 },
  power: { symbol: "^", precedence: 3 },
  less: { symbol: " < ", precedence: 0 },
  lessEqual: { symbol: " <= ", precedence: 0 },
  greater: { symbol: " > ", precedence: 0 },
  greaterEqual: { symbol: " >= ", precedence: 0 },
  equal: { symbol: " == ", precedence: 0 },
  notEqual: { symbol: " != ", precedence: 0 },
};

/** An expression as the language writes it, for messages. */
export function printExpression(expression: Expression): string {
  return print(expression).text;
}

interface Printed {
  readonly text: string;
  readonly precedence: number;
}

function print(expression: Expression): Printed {
  switch (expression.kind) {
    case "constant":
      return { text: String(expression.value), precedence: expression.value < 0 ? 2 : ATOM };
    case "parameter":
      return atom(expression.name + subscripts(expression.indices));
    case "variable":
      return atom(expression.lag === 0 ? expression.name : `${expression.name}[t-${expression.lag}]`);
    case "sequence":
      return atom(`${expression.name}[*]`);
    case "position":
      return atom(expression.axis);
    case "element":
      return atom(wrapped(print(expression.base), ATOM) + subscripts(expression.indices));
    case "list":
      return atom(`[${list(expression.items)}]`);
    case "network":
      return atom(`${expression.network}(${list(expression.arguments)})`);
    case "apply":
      return printApplication(expression);
  }
}

function printApplication(expression: Extract<Expression, { kind: "apply" }>): Printed {
  const [left, right] = expression.arguments;
  const operator = operators[expression.function];
  if (operator !== undefined && left !== undefined && right !== undefined) {
    const { symbol, precedence } = operator;
    return { text: wrapped(print(left), precedence) + symbol + wrapped(print(right), precedence + 1), precedence };
  }
  if (expression.function === "negate" && left !== undefined) {
    return { text: `-${wrapped(print(left), 3)}`, precedence: 2 };
  }
  return atom(`${expression.function}(${list(expression.arguments)})`);
}

function atom(text: string): Printed {
  return { text, precedence: ATOM };
}

function wrapped(printed: Printed, precedence: number): string {
  return printed.precedence < precedence ? `(${printed.text})` : printed.text;
}

function subscripts(indices: readonly Expression[]): string {
  return indices.length === 0 ? "" : `[${list(indices)}]`;
}

function list(items: readonly Expression[]): string {
  return items.map(printExpression).join(", ");
}
