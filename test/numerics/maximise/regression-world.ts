import type { RegressionProblem, RegressionStatistics } from "../../../src/numerics/maximise/regression.js";

/** Weighted observations of one grid cell. */
export interface Observation {
  readonly weight: number;
  /** [p] */
  readonly regressors: readonly number[];
  /** [D] */
  readonly value: readonly number[];
}

export type World = readonly (readonly Observation[])[];
export type Values = Readonly<Record<string, Float64Array>>;

/** A small deterministic generator, so that a problem is one seed. */
export function generator(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  };
}

/** Coordinates of a grid cell, outermost first. */
function coordinatesOf(cells: readonly number[], cell: number): number[] {
  const coordinates: number[] = [];
  for (let axis = cells.length - 1, rest = cell; axis >= 0; axis--) {
    coordinates.unshift(rest % cells[axis]);
    rest = Math.floor(rest / cells[axis]);
  }
  return coordinates;
}

export function tableCell(cells: readonly number[], cellAxes: readonly number[], cell: number): number {
  const coordinates = coordinatesOf(cells, cell);
  let index = 0;
  for (const axis of cellAxes) index = index * cells[axis] + coordinates[axis];
  return index;
}

/** Mean of y in a cell, entry by entry, from the definition of the blocks. */
export function meanOf(
  problem: RegressionProblem,
  values: Values,
  cell: number,
  regressors: readonly number[],
): number[] {
  return Array.from({ length: problem.dimension }, (_, d) => {
    let sum = 0;
    let column = 0;
    for (const block of problem.blocks) {
      const at = tableCell(problem.cells, block.cellAxes, cell);
      for (let j = 0; j < block.width; j++) {
        const stored = block.form === "shared" ? at * block.width + j : (at * problem.dimension + d) * block.width + j;
        sum += values[block.parameter][stored] * regressors[column++];
      }
    }
    return sum;
  });
}

/** Covariance matrix of a cell, as rows. */
export function covarianceOf(problem: RegressionProblem, values: Values, cell: number): number[][] {
  const { covariance, dimension } = problem;
  const stored = covariance.parameter === undefined ? undefined : values[covariance.parameter];
  const k = tableCell(problem.cells, covariance.cellAxes, cell);
  const power = covariance.form === "standardDeviation" ? 2 : 1;
  return Array.from({ length: dimension }, (_, i) =>
    Array.from({ length: dimension }, (_, j) => {
      if (stored === undefined) return i === j ? (covariance.constant ?? 1) : 0;
      switch (covariance.structure) {
        case "isotropic":
          return i === j ? stored[k] ** power : 0;
        case "diagonal":
          return i === j ? stored[k * dimension + i] ** power : 0;
        case "full":
          return stored[(k * dimension + i) * dimension + j];
        case "lowRank": {
          const width = (covariance.rank ?? 0) + 1;
          const row = (d: number): Float64Array =>
            stored.subarray((k * dimension + d) * width, (k * dimension + d + 1) * width);
          let sum = i === j ? row(i)[width - 1] : 0;
          for (let r = 0; r < width - 1; r++) sum += row(i)[r] * row(j)[r];
          return sum;
        }
      }
    }),
  );
}

/** log det A and A^-1 B by Gauss-Jordan elimination with pivoting. */
export function solve(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
): { logDet: number; x: number[][] } {
  const n = a.length;
  const rows = a.map((row, i) => [...row, ...b[i]]);
  let logDet = 0;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let k = i; k < n; k++) if (Math.abs(rows[k][i]) > Math.abs(rows[pivot][i])) pivot = k;
    [rows[i], rows[pivot]] = [rows[pivot], rows[i]];
    logDet += Math.log(Math.abs(rows[i][i]));
    const lead = rows[i][i];
    rows[i] = rows[i].map((value) => value / lead);
    for (let k = 0; k < n; k++) {
      if (k === i) continue;
      const factor = rows[k][i];
      rows[k] = rows[k].map((value, c) => value - factor * rows[i][c]);
    }
  }
  return { logDet, x: rows.map((row) => row.slice(n)) };
}

/** Sum of weight * log Normal(y; mean, covariance), up to its constant. */
export function logLikelihood(problem: RegressionProblem, values: Values, world: World): number {
  let sum = 0;
  world.forEach((observations, cell) => {
    const covariance = covarianceOf(problem, values, cell);
    for (const { weight, regressors, value } of observations) {
      const mean = meanOf(problem, values, cell, regressors);
      const residual = value.map((y, d) => y - mean[d]);
      const { logDet, x } = solve(
        covariance,
        residual.map((e) => [e]),
      );
      sum -= 0.5 * weight * (logDet + residual.reduce((total, e, d) => total + e * x[d][0], 0));
    }
  });
  return sum;
}

/** The statistics about the mean at `values`, from their definition. */
export function statisticsOf(problem: RegressionProblem, values: Values, world: World): RegressionStatistics {
  const { dimension, blocks, covariance } = problem;
  const p = blocks.reduce((sum, block) => sum + block.width, 0);
  const { structure } = covariance;
  const entries = structure === "isotropic" ? 1 : structure === "diagonal" ? dimension : dimension * dimension;
  const count = new Float64Array(world.length);
  const regressors = new Float64Array(world.length * p * p);
  const cross = new Float64Array(world.length * dimension * p);
  const covariances = covariance.cellAxes.reduce((count, axis) => count * problem.cells[axis], 1);
  const scatter = new Float64Array(covariances * entries);
  world.forEach((observations, cell) => {
    const k = tableCell(problem.cells, covariance.cellAxes, cell);
    for (const { weight: w, regressors: z, value } of observations) {
      const mean = meanOf(problem, values, cell, z);
      const e = value.map((y, d) => y - mean[d]);
      count[cell] += w;
      for (let i = 0; i < p; i++) for (let j = 0; j < p; j++) regressors[(cell * p + i) * p + j] += w * z[i] * z[j];
      for (let d = 0; d < dimension; d++) {
        for (let j = 0; j < p; j++) cross[(cell * dimension + d) * p + j] += w * e[d] * z[j];
        if (structure === "isotropic") scatter[k] += w * e[d] * e[d];
        else if (structure === "diagonal") scatter[k * dimension + d] += w * e[d] * e[d];
        else for (let c = 0; c < dimension; c++) scatter[(k * dimension + d) * dimension + c] += w * e[d] * e[c];
      }
    }
  });
  return { count, scatter, ...(p === 0 ? {} : { regressors, cross }) };
}
