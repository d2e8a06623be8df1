import type { Expression } from "../ir/model.js";
import { walkExpression } from "../ir/walk-expression.js";

export type VariableRead = Expression & { readonly kind: "variable" };

/** The variables that expressions read at a step or before it, whole sequences aside. */
export function variableReads(expressions: Iterable<Expression>): readonly VariableRead[] {
  const reads: VariableRead[] = [];
  for (const expression of expressions) {
    for (const each of walkExpression(expression)) if (each.kind === "variable") reads.push(each);
  }
  return reads;
}

/** The first look at an earlier step. */
export function firstLookBack(expressions: Iterable<Expression>): VariableRead | undefined {
  return variableReads(expressions).find((read) => read.lag > 0);
}
