import type { Dimension, Domain, Model, Variable } from "../../ir/model.js";
import type { AxisSize } from "../../ir/plan.js";
import type { PlanBuilder } from "../../ir/plan-builder.js";

/**
 * How axes of a plan are named after what a model declares: a plate by its name, the values of a discrete variable by
 * the variable's name, the entries of a variable's own shape by `x.0`, `x.1`.
 */

export function axisSize(dimension: Dimension): AxisSize {
  return dimension.kind === "symbol"
    ? { kind: "symbol", name: dimension.name }
    : { kind: "literal", value: dimension.value };
}

/** The data plate: the outermost axis without a declared size. A model without one describes a single row. */
export function rowsAxisOf(model: Model): string {
  return model.axes.find((axis) => axis.size === undefined && axis.parent === undefined)?.name ?? "row";
}

/** Declares the plates of a variable; the outermost data plate has the rows of the block. */
export function declarePlates(builder: PlanBuilder, model: Model, axes: readonly string[]): void {
  for (const name of axes) {
    const axis = model.axes.find((candidate) => candidate.name === name);
    if (axis === undefined) throw new Error(`elaborate: unknown axis ${name}`);
    builder.axis(name, axis.size === undefined ? { kind: "rows" } : axisSize(axis.size));
  }
}

/** The shape of a value; a covariance is counted as its D by D matrix. */
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

/** The shape in which a parameter's value is stored, after its table: see `ParameterDescription.shape`. */
export function storedShape(domain: Domain): readonly AxisSize[] {
  if (domain.kind !== "covariance") return shapeOf(domain).map(axisSize);
  const size = axisSize(domain.size);
  switch (domain.structure) {
    case "full":
      return [size, size];
    case "diagonal":
      return [size];
    case "isotropic":
      return [];
    case "lowRank": {
      if (domain.rank === undefined) throw new Error("elaborate: a low-rank covariance without its rank");
      return [size, { kind: "sum", terms: [axisSize(domain.rank), { kind: "literal", value: 1 }] }];
    }
  }
}

/** Declares and names the axes of a variable's own shape. */
export function eventAxesOf(builder: PlanBuilder, variable: Variable): readonly string[] {
  return shapeOf(variable.domain).map((dimension, i) => builder.axis(`${variable.name}.${i}`, axisSize(dimension)));
}

/** What a variable some steps back is called: `k[t-1]`. */
export function laggedName(name: string, lag: number): string {
  return lag === 0 ? name : `${name}[t-${lag}]`;
}

/** Declares and names the axis of the values of a discrete variable, of `lag` steps back. */
export function valuesAxis(builder: PlanBuilder, variable: Variable, lag = 0): string {
  const name = laggedName(variable.name, lag);
  if (variable.domain.kind === "category") return builder.axis(name, axisSize(variable.domain.categories));
  if (variable.domain.kind === "binary") return builder.axis(name, { kind: "literal", value: 2 });
  throw new Error(`elaborate: ${variable.name} is not discrete`);
}

/** A latent whose values can be listed: summed out exactly. */
export function isEnumerable(variable: Variable): boolean {
  const { domain } = variable;
  return (
    variable.role === "latent" &&
    (domain.kind === "category" || domain.kind === "binary") &&
    shapeOf(domain).length === 0
  );
}

/** Declares the rows axis; done first in every function, so that rows are the outermost axis whatever is read first. */
export function declareRows(builder: PlanBuilder, model: Model): string {
  return builder.axis(rowsAxisOf(model), { kind: "rows" });
}
