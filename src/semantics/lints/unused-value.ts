import { unusedValue } from "../../diagnostics/catalogue/semantics.js";
import { walkExpression } from "../../ir/walk-expression.js";
import { usedExpressions, type Lint } from "./lint.js";

/** A `let` or a `given` that nothing reads; of several outputs of a network one may stay unread. */
export const lintUnusedValues: Lint = ({ model, lets }) => {
  const read = new Set<string>();
  for (const expression of usedExpressions(model)) {
    for (const each of walkExpression(expression)) {
      if (each.kind === "variable" || each.kind === "sequence") read.add(each.name);
    }
  }
  const givens = model.variables
    .filter((variable) => variable.role === "given" && !read.has(variable.name))
    .map(({ name, span }) => unusedValue(span, { name, what: "given variable" }));
  const values = lets
    .filter((definition) => definition.readNames.size === 0)
    .map(({ declaration }) =>
      unusedValue(declaration.names[0].span, { name: declaration.names[0].text, what: "value" }),
    );
  return [...givens, ...values];
};
