import { cholesky } from "../../dense.js";
import type { CoefficientUpdate } from "./coefficients.js";
import { rankOf } from "./covariance-view.js";
import { updateFactorAnalysis } from "./factor-analysis.js";
import type { RegressionCovariance, RegressionProblem, RegressionSettings, RegressionStatistics } from "./problem.js";
import { previousValues, priorEntry, tableCells } from "./problem.js";

/**
 * Covariances given the new coefficients: S' = S - X B' - B X' + B R B' summed over the cells that share one, plus the
 * ridge lambda (N/K) diag(variances), then with n = sum of counts
 *
 * | structure | likelihood | with prior |
 * |---|---|---|
 * | full | S'/n | InvWishart(v, P): (P + S')/(n + v + D + 1) |
 * | diagonal | S'_dd/n | InvGamma(a, b): (b + S'_dd/2)/(a + 1 + n/2) |
 * | isotropic | trace S'/(n D) | InvGamma(a, b): (b + trace S'/2)/(a + 1 + n D/2) |
 * | lowRank | factor analysis of S'/n | none |
 *
 * A cell without weight and prior, or whose matrix would not be positive definite, keeps its previous value.
 */
export function updateCovariances(
  problem: RegressionProblem,
  statistics: RegressionStatistics,
  coefficients: CoefficientUpdate,
  previous: Readonly<Record<string, Float64Array>>,
  settings: RegressionSettings,
): Record<string, Float64Array> {
  const { covariance, dimension } = problem;
  const { parameter } = covariance;
  if (parameter === undefined || covariance.learned === false || settings.fixed?.has(parameter) === true) return {};
  const table = tableCells(problem.cells, covariance.cellAxes);
  const { scatters, counts, entries } = residualScatters(problem, statistics, coefficients, table);
  addRidge(problem, settings, scatters, counts, entries);
  const values = Float64Array.from(previousValues(previous, parameter));
  for (let k = 0; k < table.count; k++) {
    if (!(counts[k] > 0) && covariance.prior === undefined) continue;
    const scatter = scatters.subarray(k * entries, (k + 1) * entries);
    const updated = updateOne(covariance, dimension, scatter, counts[k], values, k);
    if (!updated) settings.warn?.("singular-covariance", `cell ${k} of ${parameter} would not be positive definite`);
  }
  return { [parameter]: values };
}

/** S' and the counts, by covariance cell; `entries` numbers per S'. */
function residualScatters(
  problem: RegressionProblem,
  statistics: RegressionStatistics,
  coefficients: CoefficientUpdate,
  table: { readonly of: Int32Array; readonly count: number },
): { scatters: Float64Array; counts: Float64Array; entries: number } {
  const { dimension, blocks } = problem;
  const { structure } = problem.covariance;
  const entries = structure === "isotropic" ? 1 : structure === "diagonal" ? dimension : dimension * dimension;
  const scatters = Float64Array.from(statistics.scatter);
  const counts = new Float64Array(table.count);
  const width = blocks.reduce((sum, block) => sum + block.width, 0);
  for (let cell = 0; cell < table.of.length; cell++) {
    const k = table.of[cell];
    counts[k] += statistics.count[cell];
    const { regressors, cross } = statistics;
    if (width === 0 || regressors === undefined || cross === undefined) continue;
    const into = scatters.subarray(k * entries, (k + 1) * entries);
    addScatterShift(problem, { regressors, cross }, cell, coefficients.change(cell), into);
  }
  return { scatters, counts, entries };
}

/** Adds to a cell's sum of e e' what it changes by where the coefficients change by B: B R B' - X B' - B X'. */
export function addScatterShift(
  { dimension, blocks, covariance }: RegressionProblem,
  { regressors, cross }: { readonly regressors: Float64Array; readonly cross: Float64Array },
  cell: number,
  change: Float64Array,
  into: Float64Array,
): void {
  const width = blocks.reduce((sum, block) => sum + block.width, 0);
  const row = new Float64Array(width);
  // Entry (d, e) of B (R B' - X') - X B', from row d of B R - X and of X.
  for (let d = 0; d < dimension; d++) {
    for (let j = 0; j < width; j++) {
      let sum = -cross[(cell * dimension + d) * width + j];
      for (let i = 0; i < width; i++) sum += change[d * width + i] * regressors[(cell * width + i) * width + j];
      row[j] = sum;
    }
    const entry = (e: number): number => {
      let sum = 0;
      for (let j = 0; j < width; j++) {
        sum += row[j] * change[e * width + j] - change[d * width + j] * cross[(cell * dimension + e) * width + j];
      }
      return sum;
    };
    switch (covariance.structure) {
      case "isotropic":
        into[0] += entry(d);
        break;
      case "diagonal":
        into[d] += entry(d);
        break;
      case "full":
      case "lowRank":
        for (let e = 0; e < dimension; e++) into[d * dimension + e] += entry(e);
        break;
    }
  }
}

function addRidge(
  problem: RegressionProblem,
  settings: RegressionSettings,
  scatters: Float64Array,
  counts: Float64Array,
  entries: number,
): void {
  const { dimension } = problem;
  const ridge = settings.ridge ?? 0;
  if (!(ridge > 0)) return;
  const strength = (ridge * counts.reduce((sum, n) => sum + n, 0)) / counts.length;
  for (let k = 0; k < counts.length; k++) {
    for (let d = 0; d < dimension; d++) {
      const at = entries === 1 ? 0 : entries === dimension ? d : d * dimension + d;
      scatters[k * entries + at] += strength * (settings.variances?.[d] ?? 1);
    }
  }
}

/** New values of covariance cell k from S' and n, in place. @returns whether they are positive definite */
function updateOne(
  covariance: RegressionCovariance,
  dimension: number,
  scatter: Float64Array,
  count: number,
  values: Float64Array,
  k: number,
): boolean {
  const { prior } = covariance;
  const stored = (variance: number): number =>
    covariance.form === "standardDeviation" ? Math.sqrt(variance) : variance;
  switch (covariance.structure) {
    case "isotropic": {
      const value =
        prior === undefined
          ? scatter[0] / (count * dimension)
          : (priorEntry(prior, "scale", 0) + scatter[0] / 2) /
            (priorEntry(prior, "shape", 0) + 1 + (count * dimension) / 2);
      if (!(value > 0)) return false;
      values[k] = stored(value);
      return true;
    }
    case "diagonal": {
      const updated = Float64Array.from({ length: dimension }, (_, d) =>
        prior === undefined
          ? scatter[d] / count
          : (priorEntry(prior, "scale", d) + scatter[d] / 2) / (priorEntry(prior, "shape", d) + 1 + count / 2),
      );
      if (!updated.every((value) => value > 0)) return false;
      values.set(updated.map(stored), k * dimension);
      return true;
    }
    case "full": {
      const freedom = prior === undefined ? 0 : priorEntry(prior, "degreesOfFreedom", 0) + dimension + 1;
      const updated = new Float64Array(dimension * dimension);
      for (let d = 0; d < dimension; d++) {
        for (let e = 0; e < dimension; e++) {
          const symmetric = 0.5 * (scatter[d * dimension + e] + scatter[e * dimension + d]);
          const scale = prior === undefined ? 0 : scaleEntry(prior.arguments["scale"] ?? [], dimension, d, e);
          updated[d * dimension + e] = (symmetric + scale) / (count + freedom);
        }
      }
      if (!cholesky(Float64Array.from(updated), dimension)) return false;
      values.set(updated, k * dimension * dimension);
      return true;
    }
    case "lowRank": {
      const residual = Float64Array.from(scatter, (_, at) => {
        const d = Math.floor(at / dimension);
        const e = at % dimension;
        return (0.5 * (scatter[d * dimension + e] + scatter[e * dimension + d])) / count;
      });
      const rank = rankOf(covariance);
      const size = dimension * (rank + 1);
      return updateFactorAnalysis(residual, values.subarray(k * size, (k + 1) * size), dimension, rank);
    }
  }
}

/** Entry of a scale matrix given by one number, its diagonal, or all entries. */
function scaleEntry(scale: readonly number[], dimension: number, d: number, e: number): number {
  if (scale.length === dimension * dimension) return scale[d * dimension + e];
  return d === e ? scale[d % scale.length] : 0;
}
