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

/** Deeper parts are left out of a message; shared ones (`let`) would otherwise double it at every level. */
const deepest = 6;

/** An expression as the language writes it, for messages. */
export function printExpression(expression: Expression, depth = 0): string {
  return print(expression, depth).text;
}

interface Printed {
  readonly text: string;
  readonly precedence: number;
}

function print(expression: Expression, depth: number): Printed {
  if (depth > deepest) return atom("…");
  switch (expression.kind) {
    case "constant":
      return { text: String(expression.value), precedence: expression.value < 0 ? 2 : ATOM };
    case "parameter":
      return atom(expression.name + subscripts(expression.indices, depth + 1));
    case "variable":
      return atom(expression.lag === 0 ? expression.name : `${expression.name}[t-${expression.lag}]`);
    case "sequence":
      return atom(`${expression.name}[*]`);
    case "position":
      return atom(expression.axis);
    case "element":
      return atom(wrapped(print(expression.base, depth + 1), ATOM) + subscripts(expression.indices, depth + 1));
    case "list":
      return atom(`[${list(expression.items, depth + 1)}]`);
    case "network":
      return atom(`${expression.network}(${list(expression.arguments, depth + 1)})`);
    case "apply":
      return printApplication(expression, depth);
  }
}

function printApplication(expression: Extract<Expression, { kind: "apply" }>, depth: number): Printed {
  const [left, right] = expression.arguments;
  const operator = operators[expression.function];
  if (operator !== undefined && left !== undefined && right !== undefined) {
    const { symbol, precedence } = operator;
    return {
      text: wrapped(print(left, depth + 1), precedence) + symbol + wrapped(print(right, depth + 1), precedence + 1),
      precedence,
    };
  }
  if (expression.function === "negate" && left !== undefined) {
    return { text: `-${wrapped(print(left, depth + 1), 3)}`, precedence: 2 };
  }
  return atom(`${expression.function}(${list(expression.arguments, depth + 1)})`);
}

function atom(text: string): Printed {
  return { text, precedence: ATOM };
}

function wrapped(printed: Printed, precedence: number): string {
  return printed.precedence < precedence ? `(${printed.text})` : printed.text;
}

function subscripts(indices: readonly Expression[], depth: number): string {
  return indices.length === 0 ? "" : `[${list(indices, depth)}]`;
}

function list(items: readonly Expression[], depth: number): string {
  return items.map((item) => printExpression(item, depth)).join(", ");
}
