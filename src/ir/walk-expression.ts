import type { Expression } from "./model.js";

/** The direct operands of an expression, in order. */
export function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "constant":
    case "variable":
    case "sequence":
    case "position":
      return [];
    case "parameter":
      return expression.indices;
    case "element":
      return [expression.base, ...expression.indices];
    case "list":
      return expression.items;
    case "apply":
    case "network":
      return expression.arguments;
  }
}

/** An expression and everything in it, outermost first. */
export function* walkExpression(expression: Expression): Generator<Expression> {
  const pending = [expression];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield next;
    pending.push(...[...operandsOf(next)].reverse());
  }
}
