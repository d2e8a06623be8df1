import { sameDimension } from "../../ir/domain.js";
import type { Dimension } from "../../ir/model.js";
import { visibleSymbols, type ModelSymbol } from "../symbols.js";
import type { ExpressionContext } from "./expression-context.js";

/** Names in sight that can pick one of `dimension`: categories of that size, and plates over it. */
export function indexCandidates(dimension: Dimension, context: ExpressionContext): readonly string[] {
  const fits = (symbol: ModelSymbol): boolean => {
    if (symbol.kind === "variable") {
      return symbol.domain?.kind === "category" && sameDimension(symbol.domain.categories, dimension);
    }
    return symbol.kind === "axis" && symbol.axis.size !== undefined && sameDimension(symbol.axis.size, dimension);
  };
  return visibleSymbols(context.scope)
    .filter(fits)
    .map((symbol) => symbol.name);
}
