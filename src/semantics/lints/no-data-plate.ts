import { noDataPlate } from "../../diagnostics/catalogue/semantics.js";
import type { Lint } from "./lint.js";

/** Observed variables, and not one plate or chain as long as the data: usually a forgotten `each n`. */
export const lintNoDataPlate: Lint = ({ model }) => {
  if (model.axes.some((axis) => axis.size === undefined)) return [];
  const first = model.variables.find((variable) => variable.role === "observed");
  if (first === undefined) return [];
  const [outermost] = first.axes;
  const axis = model.axes.find(({ name }) => name === outermost);
  const size = axis?.size?.kind === "symbol" ? axis.size.name : undefined;
  return [
    noDataPlate(axis?.span ?? first.span, {
      variable: first.name,
      ...(axis === undefined || size === undefined ? {} : { axis: axis.name, size }),
    }),
  ];
};
