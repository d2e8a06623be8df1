import type { Dimension, Domain } from "./model.js";

/** The axes of one value of a domain: [] for a scalar, [D] for a vector, [D, D] for a covariance. */
export function shapeOf(domain: Domain): readonly Dimension[] {
  switch (domain.kind) {
    case "covariance":
      return [domain.size, domain.size];
    case "sequence":
      return shapeOf(domain.element);
    case "real":
    case "positive":
    case "unit":
    case "angle":
    case "count":
    case "binary":
    case "category":
    case "simplex":
    case "ordered":
      return domain.shape;
  }
}

export function sameDimension(a: Dimension, b: Dimension): boolean {
  if (a.kind === "symbol") return b.kind === "symbol" && a.name === b.name;
  return b.kind === "literal" && a.value === b.value;
}

export function sameShape(a: readonly Dimension[], b: readonly Dimension[]): boolean {
  return a.length === b.length && a.every((dimension, i) => sameDimension(dimension, b[i]));
}

/** The sizes that a domain mentions. */
export function dimensionsOf(domain: Domain): readonly Dimension[] {
  switch (domain.kind) {
    case "covariance":
      return domain.rank === undefined ? [domain.size] : [domain.size, domain.rank];
    case "sequence":
      return dimensionsOf(domain.element);
    case "category":
      return [domain.categories, ...domain.shape];
    case "real":
    case "positive":
    case "unit":
    case "angle":
    case "count":
    case "binary":
    case "simplex":
    case "ordered":
      return domain.shape;
  }
}

/** Extents of a layer's weight that an input runs over; a category picks one of its rows. */
export function inputShape(domain: Domain): readonly Dimension[] {
  if (domain.kind === "sequence") return inputShape(domain.element);
  return domain.kind === "category" ? [domain.categories, ...domain.shape] : shapeOf(domain);
}
