import { type Layout, layOut, numberUnknowns, storedAt } from "./coefficient-layout.js";
import { connectedComponents } from "./components.js";
import type { CovarianceView } from "./covariance-view.js";
import { type NormalEquations, solvePart } from "./normal-equations.js";
import type { RegressionProblem, RegressionSettings, RegressionStatistics } from "./problem.js";
import { previousValues, tableCells } from "./problem.js";

/** New coefficients by parameter, and their change in each cell of the grid. */
export interface CoefficientUpdate {
  readonly values: Record<string, Float64Array>;
  /** The change of the coefficients of a cell, [D, p]; overwritten by the next call. */
  change(cell: number): Float64Array;
}

/**
 * Weighted least squares for all coefficients jointly, given the covariances: maximises
 * -1/2 sum over cells of trace(Q^-1 (S - X B' - B X' + B R B')) + log priors over the changes B, which are then added.
 *
 * Parts that share no coefficient are solved one by one. Within a part, Q cancels where it is the same everywhere; a
 * diagonal Q separates the entries of y; otherwise all coefficients form one system.
 */
export function updateCoefficients(
  problem: RegressionProblem,
  statistics: RegressionStatistics,
  covariance: CovarianceView,
  previous: Readonly<Record<string, Float64Array>>,
  settings: RegressionSettings,
): CoefficientUpdate {
  const layout = layOut(problem);
  const { blocks } = problem;
  if (blocks.length === 0) return { values: {}, change: () => new Float64Array(0) };
  const { regressors, cross } = statistics;
  if (regressors === undefined || cross === undefined) {
    throw new Error("regression: coefficients need the statistics regressors and cross");
  }
  const { of: covarianceOf } = tableCells(problem.cells, problem.covariance.cellAxes);
  const isHeld = (parameter: string): boolean => settings.fixed?.has(parameter) === true;
  const equations: NormalEquations = { problem, layout, regressors, cross, covariance, covarianceOf, previous, isHeld };
  const changes = blocks.map((block) => new Float64Array(previousValues(previous, block.parameter).length));
  for (const component of connectedComponents(covarianceOf.length, layout.nodesOf, layout.nodeCount)) {
    const part = numberUnknowns(component, layout, blocks);
    if (!solvePart(equations, part, changes)) {
      const names = blocks.map((block) => block.parameter).join(", ");
      settings.warn?.("singular-regression", `the coefficients ${names} are not determined by the data`);
    }
  }
  const values: Record<string, Float64Array> = {};
  blocks.forEach((block, b) => {
    values[block.parameter] = previousValues(previous, block.parameter).map((value, i) => value + changes[b][i]);
  });
  return { values, change: changeByCell(problem, layout, changes) };
}

/** The differences of two sets of coefficients in each cell of the grid, [D, p]; overwritten by the next call. */
export function coefficientDifferences(
  problem: RegressionProblem,
  from: Readonly<Record<string, Float64Array>>,
  to: Readonly<Record<string, Float64Array>>,
): (cell: number) => Float64Array {
  const changes = problem.blocks.map(({ parameter }) => {
    const before = previousValues(from, parameter);
    return previousValues(to, parameter).map((value, i) => value - before[i]);
  });
  return changeByCell(problem, layOut(problem), changes);
}

function changeByCell(
  { dimension, blocks }: RegressionProblem,
  layout: Layout,
  changes: readonly Float64Array[],
): (cell: number) => Float64Array {
  const change = new Float64Array(dimension * layout.width);
  return (cell) => {
    blocks.forEach((block, b) => {
      const at = layout.nodesOf[b][cell] - layout.firstNode[b];
      for (let d = 0; d < dimension; d++) {
        for (let j = 0; j < block.width; j++) {
          change[d * layout.width + layout.columnOf[b] + j] = changes[b][storedAt(block, dimension, at, d, j)];
        }
      }
    });
    return change;
  };
}
