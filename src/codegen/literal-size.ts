import type { AxisSize } from "../ir/plan.js";

/** The number of a size that is known when compiling. */
export function literalSize(size: AxisSize): number | undefined {
  switch (size.kind) {
    case "literal":
      return size.value;
    case "rows":
    case "symbol":
      return undefined;
    case "sum": {
      const terms = size.terms.map(literalSize);
      return terms.reduce<number | undefined>(
        (total, term) => (total === undefined || term === undefined ? undefined : total + term),
        0,
      );
    }
  }
}
