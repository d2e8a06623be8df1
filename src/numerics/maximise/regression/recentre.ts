import { coefficientDifferences } from "./coefficients.js";
import { addScatterShift } from "./covariances.js";
import type { RegressionProblem, RegressionStatistics } from "./problem.js";
import { tableCells } from "./problem.js";

/**
 * Turns statistics about the means at some coefficients into those about the means at others, in place, so that both can
 * be added: with B the difference of the coefficients,
 *
 *     X becomes X - B R,   S becomes S - B X' - X B' + B R B'.
 *
 * Names that `RegressionStatistics` explains: R regressors, X cross, S scatter.
 */
export function recentreRegression(
  problem: RegressionProblem,
  statistics: RegressionStatistics,
  from: Readonly<Record<string, Float64Array>>,
  to: Readonly<Record<string, Float64Array>>,
): void {
  const { dimension, blocks, covariance } = problem;
  const { regressors, cross, scatter } = statistics;
  if (blocks.length === 0 || regressors === undefined || cross === undefined) return;
  const width = blocks.reduce((sum, block) => sum + block.width, 0);
  const { structure } = covariance;
  const entries = structure === "isotropic" ? 1 : structure === "diagonal" ? dimension : dimension * dimension;
  const { of } = tableCells(problem.cells, covariance.cellAxes);
  const change = coefficientDifferences(problem, from, to);
  for (let cell = 0; cell < statistics.count.length; cell++) {
    const difference = change(cell);
    const into = scatter.subarray(of[cell] * entries, (of[cell] + 1) * entries);
    addScatterShift(problem, { regressors, cross }, cell, difference, into);
    for (let d = 0; d < dimension; d++) {
      for (let j = 0; j < width; j++) {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += difference[d * width + i] * regressors[(cell * width + i) * width + j];
        cross[(cell * dimension + d) * width + j] -= sum;
      }
    }
  }
}
