import type { Expression } from "./model.js";
import { walkExpression } from "./walk-expression.js";

/**
 * What expressions read: variables (`x[t-1]` for look-backs, `y[*]` for sequences), parameters and networks, each once.
 *
 * @param step name of the chain
 */
export function distinctNames(
  expressions: Iterable<Expression>,
  step = "t",
): {
  readonly variables: readonly string[];
  readonly parameters: readonly string[];
  readonly networks: readonly string[];
} {
  const variables = new Set<string>();
  const parameters = new Set<string>();
  const networks = new Set<string>();
  for (const expression of expressions) {
    for (const each of walkExpression(expression)) {
      if (each.kind === "variable") variables.add(each.lag === 0 ? each.name : `${each.name}[${step}-${each.lag}]`);
      else if (each.kind === "sequence") variables.add(`${each.name}[*]`);
      else if (each.kind === "parameter") parameters.add(each.name);
      else if (each.kind === "network") networks.add(each.network);
    }
  }
  return { variables: [...variables], parameters: [...parameters], networks: [...networks] };
}
