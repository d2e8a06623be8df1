import { cholesky } from "../../numerics/dense.js";
import type { ModelDescription, ParameterDescription, Sizes, Tensors } from "../description.js";
import { CollapsedComponentError, NonFiniteError } from "../errors.js";
import { cellsOf } from "../extents.js";
import { matchingVariance } from "./initial-guess.js";

/** A variance below this part of the data's is rounding: the component sits on one point (or one plane). */
const COLLAPSED = 1e-15;

/** Where a covariance is singular to rounding, relative to the data. */
export interface Collapse {
  readonly parameter: string;
  readonly cell: number | undefined;
}

/** The first covariance whose narrowest direction is narrower than `limit` times the data's variance. */
export function narrowCovariance(
  description: ModelDescription,
  sizes: Sizes,
  parameters: Tensors,
  dataVariance: Tensors,
  limit: number = COLLAPSED,
  isFixed: (name: string) => boolean = () => false,
): Collapse | undefined {
  for (const parameter of description.parameters) {
    if (isFixed(parameter.name)) continue;
    const variance = matchingVariance(description, parameter, dataVariance);
    const { cells, width, own } = cellsOf(parameter, sizes);
    for (let cell = 0; cell < cells; cell++) {
      const values = parameters[parameter.name].subarray(cell * width, (cell + 1) * width);
      const narrowest = narrowestPart(parameter, values, own, variance);
      if (narrowest !== undefined && !(narrowest > limit)) {
        return { parameter: parameter.name, cell: cells === 1 ? undefined : cell };
      }
    }
  }
  return undefined;
}

/** The least variance given all preceding entries, as a part of the data's; undefined for what is no covariance. */
function narrowestPart(
  parameter: ParameterDescription,
  values: Float64Array,
  own: readonly number[],
  variance: Float64Array,
): number | undefined {
  let least = Infinity;
  switch (parameter.domain) {
    case "covariance.isotropic":
      return values[0] / (variance.reduce((a, b) => a + b, 0) / variance.length);
    case "covariance.diagonal":
      for (let i = 0; i < values.length; i++) least = Math.min(least, values[i] / variance[i % variance.length]);
      return least;
    case "covariance.full": {
      const size = own[0];
      const lower = Float64Array.from(values);
      if (!cholesky(lower, size)) return 0;
      for (let i = 0; i < size; i++) least = Math.min(least, lower[i * size + i] ** 2 / variance[i % variance.length]);
      return least;
    }
    case "covariance.lowRank": {
      const columns = own[1];
      for (let i = 0; i < own[0]; i++)
        least = Math.min(least, values[i * columns + columns - 1] / variance[i % variance.length]);
      return least;
    }
    case "positive":
      // Rates and shapes are Positive as well, and may be as small as they like.
      if (parameter.takesRidge !== true) return undefined;
      return (parameter.isDeviation === true ? values[0] ** 2 : values[0]) / variance[0];
    case "real":
    case "unit":
    case "angle":
    case "simplex":
    case "ordered":
      return undefined;
  }
}

/** The error that says best why a likelihood is not finite. */
export function explainNonFinite(
  description: ModelDescription,
  sizes: Sizes,
  parameters: Tensors,
  dataVariance: Tensors,
  ridge: number,
  iteration: number,
  value: number,
  impossibleRow: number | undefined,
): NonFiniteError | CollapsedComponentError {
  if (ridge === 0 && description.hasRidge) {
    const narrow = narrowCovariance(description, sizes, parameters, dataVariance);
    if (narrow !== undefined) return new CollapsedComponentError(narrow.parameter, narrow.cell, iteration);
  }
  for (const { name } of description.parameters) {
    const bad = parameters[name].find((entry) => !Number.isFinite(entry));
    if (bad !== undefined) return new NonFiniteError(name, iteration, bad);
  }
  return new NonFiniteError("log-likelihood", iteration, value, impossibleRow);
}

/** After an M-step that met a singular covariance: the one that it left as it was. */
export function keptCovariance(description: ModelDescription, sizes: Sizes, before: Tensors, after: Tensors): Collapse {
  for (const parameter of description.parameters) {
    if (!parameter.domain.startsWith("covariance.") && parameter.takesRidge !== true) continue;
    const { cells, width } = cellsOf(parameter, sizes);
    const [old, now] = [before[parameter.name], after[parameter.name]];
    for (let cell = 0; cell < cells; cell++) {
      const kept = old.subarray(cell * width, (cell + 1) * width).every((value, i) => value === now[cell * width + i]);
      if (kept) return { parameter: parameter.name, cell: cells === 1 ? undefined : cell };
    }
  }
  return { parameter: "covariance", cell: undefined };
}
