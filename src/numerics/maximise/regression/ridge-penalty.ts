import { viewCovariance } from "./covariance-view.js";
import type { RegressionProblem } from "./problem.js";
import { tableCells } from "./problem.js";

/**
 * The log prior that the ridge stands for, at given covariances:
 *
 *     -lambda/2 (N/K) sum over covariances k of trace(diag(variances) covariance_k^-1)
 *
 * @param counts weight of what the regression describes, [cells]: N is their sum, as in the update of the covariances
 * @returns at most 0; 0 for covariances that are not learned
 */
export function regressionRidgePenalty(
  problem: RegressionProblem,
  parameters: Readonly<Record<string, Float64Array>>,
  counts: Float64Array,
  settings: {
    readonly ridge: number;
    /** Variance of each entry of y in the data, [D]; default 1. */
    readonly variances?: Float64Array;
    readonly fixed?: ReadonlySet<string>;
  },
): number {
  const { covariance, dimension } = problem;
  const { parameter } = covariance;
  if (!(settings.ridge > 0) || parameter === undefined || covariance.learned === false) return 0;
  if (settings.fixed?.has(parameter) === true) return 0;
  const view = viewCovariance(problem, parameters);
  const cells = tableCells(problem.cells, covariance.cellAxes).count;
  const count = counts.reduce((sum, n) => sum + n, 0);
  let traces = 0;
  for (let k = 0; k < cells; k++) {
    const precisions = view.isDiagonal ? undefined : view.precisionDiagonal(k);
    for (let d = 0; d < dimension; d++) {
      const inverse = precisions === undefined ? 1 / view.variance(k, d) : precisions[d];
      traces += (settings.variances?.[d] ?? 1) * inverse;
    }
  }
  return (-0.5 * settings.ridge * count * traces) / cells;
}
