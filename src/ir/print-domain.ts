import type { CovarianceStructure, Dimension, Domain } from "./model.js";

/** `K` or `3` */
export function printDimension(dimension: Dimension): string {
  return dimension.kind === "symbol" ? dimension.name : String(dimension.value);
}

/** `[K, D]`, or nothing for a scalar. */
export function printShape(shape: readonly Dimension[]): string {
  return shape.length === 0 ? "" : `[${shape.map(printDimension).join(", ")}]`;
}

const covarianceTypeNames: Readonly<Record<CovarianceStructure, string>> = {
  full: "Cov",
  diagonal: "Diag",
  isotropic: "Iso",
  lowRank: "LowRank",
};

/** A domain as the language writes its type: `Vector[D]`, `Category[K]`, `LowRank[D, r]`. */
export function printDomain(domain: Domain): string {
  switch (domain.kind) {
    case "real":
      return printReal(domain.shape);
    case "positive":
      return `Positive${printShape(domain.shape)}`;
    case "unit":
      return `Unit${printShape(domain.shape)}`;
    case "angle":
      return `Angle${printShape(domain.shape)}`;
    case "count":
      return `Count${printShape(domain.shape)}`;
    case "binary":
      return `Binary${printShape(domain.shape)}`;
    case "category":
      return `Category${printShape([domain.categories, ...domain.shape])}`;
    case "simplex":
      return `Simplex${printShape(domain.shape)}`;
    case "ordered":
      return `Ordered${printShape(domain.shape)}`;
    case "covariance":
      return (
        covarianceTypeNames[domain.structure] +
        printShape(domain.rank === undefined ? [domain.size] : [domain.size, domain.rank])
      );
    case "sequence":
      return `Seq[${printDomain(domain.element)}]`;
  }
}

function printReal(shape: readonly Dimension[]): string {
  const names = ["Real", "Vector", "Matrix"];
  return `${names[shape.length] ?? "Tensor"}${printShape(shape)}`;
}
