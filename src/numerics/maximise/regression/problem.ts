import type { PriorArguments } from "../maximiser.js";

/**
 * y = sum over blocks of coefficient * regressor + e, e ~ Normal(0, covariance), in each cell of a grid of latent
 * values. Coefficients and covariances may be shared by cells: each names the axes of the grid along which it varies.
 * Sizes are numbers; D is the dimension of y, p the total width of the blocks.
 */
export interface RegressionProblem {
  /** Sizes of the grid's axes. */
  readonly cells: readonly number[];
  readonly dimension: number;
  readonly blocks: readonly RegressionBlock[];
  readonly covariance: RegressionCovariance;
  readonly degreesOfFreedom?: { readonly parameter?: string; readonly cellAxes: readonly number[] };
}

export interface RegressionBlock {
  readonly parameter: string;
  /** Positions in `cells` of the parameter's table dimensions. */
  readonly cellAxes: readonly number[];
  readonly width: number;
  /** full: stored [table, D, width] · shared: one coefficient for all entries of y, stored [table, width]. */
  readonly form: "full" | "shared";
  /** Normal(mean, covariance | sd): independent entries; one number, or one per entry. */
  readonly prior?: PriorArguments;
}

export type CovarianceStructure = "full" | "diagonal" | "isotropic" | "lowRank";

export interface RegressionCovariance {
  /** Absent: known, `constant` times the identity. */
  readonly parameter?: string;
  /** Default true; false: the parameter's values are used as they are. */
  readonly learned?: boolean;
  /** Stored [table, D, D], [table, D], [table], or for lowRank [table, D, rank + 1]: loadings, then variances. */
  readonly structure: CovarianceStructure;
  /** standardDeviation: the stored values are square roots; isotropic and diagonal only. Default variance. */
  readonly form?: "variance" | "standardDeviation";
  readonly rank?: number;
  readonly cellAxes: readonly number[];
  readonly constant?: number;
  /** InvWishart(degreesOfFreedom, scale) for full; InvGamma(shape, scale) for diagonal and isotropic. */
  readonly prior?: PriorArguments;
}

/** Expected statistics about the mean at the previous parameters; e is the residual there. Weights include u. */
export interface RegressionStatistics {
  /** [cells]: sum of w */
  readonly count: Float64Array;
  /** [cells, p, p]: sum of w z z' */
  readonly regressors?: Float64Array;
  /** [cells, D, p]: sum of w e z' */
  readonly cross?: Float64Array;
  /**
   * sum of w e e' over the cells that share a covariance: [covariances, D, D] (full, lowRank), [covariances, D]
   * (diagonal), [covariances] (isotropic: its trace)
   */
  readonly scatter: Float64Array;
  /** Student-t, [cells]: sum of w (E log u - E u) */
  readonly tail?: Float64Array;
  /** Student-t, [cells]: sum of w E u. Not read: the scatter is divided by `count`. */
  readonly scaleCount?: Float64Array;
}

export interface RegressionSettings {
  /** lambda of the penalty -lambda/2 (N/K) sum over covariances k of trace(diag(variances) covariance_k^-1); default 0. */
  readonly ridge?: number;
  /** Variance of each entry of y in the data, [D]; default 1. */
  readonly variances?: Float64Array;
  /** Parameters that keep their previous values; the others are maximised given them. */
  readonly fixed?: ReadonlySet<string>;
  readonly warn?: (code: RegressionWarning, detail: string) => void;
}

export type RegressionWarning =
  /** Regressors are collinear: the smallest change of the coefficients was taken. */
  | "singular-regression"
  /** A covariance would not be positive definite: the previous one is kept. */
  | "singular-covariance";

/** For each cell of the grid, in row-major order, the cell of a parameter that varies along some of its axes. */
export function tableCells(cells: readonly number[], cellAxes: readonly number[]): { of: Int32Array; count: number } {
  const total = cells.reduce((product, size) => product * size, 1);
  const of = new Int32Array(total);
  const coordinates = new Int32Array(cells.length);
  for (let cell = 0; cell < total; cell++) {
    let rest = cell;
    for (let axis = cells.length - 1; axis >= 0; axis--) {
      coordinates[axis] = rest % cells[axis];
      rest = Math.floor(rest / cells[axis]);
    }
    of[cell] = cellAxes.reduce((index, axis) => index * cells[axis] + coordinates[axis], 0);
  }
  return { of, count: cellAxes.reduce((product, axis) => product * cells[axis], 1) };
}

/** The entry of a prior's argument: lists of one number hold for all entries. */
export function priorEntry(prior: PriorArguments, name: string, entry: number): number {
  const values = prior.arguments[name];
  if (values === undefined || values.length === 0) {
    throw new Error(`regression: prior ${prior.distribution} lacks its argument ${name}`);
  }
  return values[entry % values.length];
}

/** Values of a parameter at the start of the update. */
export function previousValues(previous: Readonly<Record<string, Float64Array>>, parameter: string): Float64Array {
  const values = previous[parameter];
  if (values === undefined) throw new Error(`regression: previous value of ${parameter} is missing`);
  return values;
}
