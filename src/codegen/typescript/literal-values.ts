import type { Expression } from "../../ir/model.js";

/** The numbers of a literal, in row-major order: what a parameter is fixed to. */
export function literalValues(expression: Expression): readonly number[] {
  switch (expression.kind) {
    case "constant":
      return [expression.value];
    case "list":
      return expression.items.flatMap(literalValues);
    case "apply": {
      const [operand, other] = expression.arguments.map(literalValues);
      if (operand !== undefined && expression.function === "negate") return operand.map((value) => -value);
      if (operand?.length === 1 && other?.length === 1 && expression.function === "divide")
        return [operand[0] / other[0]];
      throw new Error(`describe: ${expression.function} in a literal`);
    }
    case "parameter":
    case "variable":
    case "sequence":
    case "position":
    case "element":
    case "network":
      throw new Error(`describe: a ${expression.kind} in a literal`);
  }
}
