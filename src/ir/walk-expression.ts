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

/**
 * An expression and everything in it, outermost first; what several places share is visited once.
 *
 * A `let` that is read often is shared, so that a ladder of them does not make the walk exponential.
 */
export function* walkExpression(expression: Expression): Generator<Expression> {
  const pending = [expression];
  const seen = new Set<Expression>();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    yield next;
    pending.push(...[...operandsOf(next)].reverse());
  }
}
