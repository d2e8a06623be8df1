import { type Layout, type Part, storedAt, unknownAt, unknownColumns } from "./coefficient-layout.js";
import type { CovarianceView } from "./covariance-view.js";
import { solvePositiveDefinite } from "./positive-definite-system.js";
import type { RegressionProblem } from "./problem.js";
import { previousValues, priorEntry } from "./problem.js";

/** What the systems of a regression are made of. */
export interface NormalEquations {
  readonly problem: RegressionProblem;
  readonly layout: Layout;
  readonly regressors: Float64Array;
  readonly cross: Float64Array;
  readonly covariance: CovarianceView;
  readonly covarianceOf: Int32Array;
  readonly previous: Readonly<Record<string, Float64Array>>;
  readonly isHeld: (parameter: string) => boolean;
}

/** Solves one part and stores its changes. @returns whether the system was regular */
export function solvePart(equations: NormalEquations, part: Part, changes: readonly Float64Array[]): boolean {
  const { problem, layout, covariance, covarianceOf } = equations;
  const hasPrior = part.nodes.some((node) => problem.blocks[layout.blockOfNode[node]].prior !== undefined);
  const sameCovariance = part.cells.every((cell) => covarianceOf[cell] === covarianceOf[part.cells[0]]);
  if (part.sharedWidth === 0 && !hasPrior && sameCovariance)
    return solveEntries(equations, part, changes, () => 1, "same");
  if (part.sharedWidth === 0 && covariance.isDiagonal) {
    const weight = (cell: number, d: number): number => 1 / covariance.variance(covarianceOf[cell], d);
    return solveEntries(equations, part, changes, weight, "each");
  }
  return solveJointly(equations, part, changes);
}

/**
 * The entries of y on their own: one system of regressors for all of them, or one for each.
 *
 * @param weight weight of a cell for entry d
 */
function solveEntries(
  equations: NormalEquations,
  part: Part,
  changes: readonly Float64Array[],
  weight: (cell: number, d: number) => number,
  systems: "same" | "each",
): boolean {
  const { problem, layout, cross } = equations;
  const { dimension } = problem;
  const size = part.fullWidth;
  const width = layout.width;
  let regular = true;
  const groups = systems === "same" ? [0] : Array.from({ length: dimension }, (_, d) => d);
  for (const first of groups) {
    const columns = systems === "same" ? dimension : 1;
    const matrix = new Float64Array(size * size);
    const right = new Float64Array(size * columns);
    for (const cell of part.cells) {
      const w = weight(cell, first);
      const unknowns = unknownColumns(problem, layout, part, cell);
      addRegressors(equations, cell, unknowns, w, matrix, size);
      for (let i = 0; i < width; i++) {
        for (let c = 0; c < columns; c++) {
          right[unknowns[i] * columns + c] += w * cross[(cell * dimension + first + c) * width + i];
        }
      }
    }
    forEachPrior(equations, part, (node, d, j, precision, pull) => {
      if (d < first || d >= first + columns) return;
      const unknown = unknownAt(part, node) + j;
      matrix[unknown * size + unknown] += precision;
      right[unknown * columns + d - first] += pull;
    });
    holdFixed(equations, part, (node, j) => [unknownAt(part, node) + j], matrix, size, right, columns);
    regular = solvePositiveDefinite(matrix, size, right, columns) && regular;
    storeFull(
      equations,
      part,
      changes,
      (d) => d >= first && d < first + columns,
      (d, unknown) => right[unknown * columns + d - first],
    );
  }
  return regular;
}

/** All entries and all coefficients of a part in one system: sum over cells of R (x) Q^-1. */
function solveJointly(equations: NormalEquations, part: Part, changes: readonly Float64Array[]): boolean {
  const { problem, layout, cross, covariance, covarianceOf } = equations;
  const { dimension, blocks } = problem;
  const { width } = layout;
  const sharedFrom = dimension * part.fullWidth;
  const size = sharedFrom + part.sharedWidth;
  const matrix = new Float64Array(size * size);
  const right = new Float64Array(size);
  const isShared = Array.from({ length: width }, () => false);
  blocks.forEach((block, b) =>
    isShared.fill(block.form === "shared", layout.columnOf[b], layout.columnOf[b] + block.width),
  );

  for (const cell of part.cells) {
    const precision = covariance.precision(covarianceOf[cell]);
    const rowSums = Float64Array.from({ length: dimension }, (_, d) => {
      let sum = 0;
      for (let e = 0; e < dimension; e++) sum += precision[d * dimension + e];
      return sum;
    });
    const total = rowSums.reduce((sum, value) => sum + value, 0);
    const unknowns = unknownColumns(problem, layout, part, cell);
    const position = (i: number, d: number): number =>
      isShared[i] ? sharedFrom + unknowns[i] : d * part.fullWidth + unknowns[i];
    for (let i = 0; i < width; i++) {
      const entriesI = isShared[i] ? 1 : dimension;
      for (let j = 0; j < width; j++) {
        const r = equations.regressors[(cell * width + i) * width + j];
        if (r === 0) continue;
        const entriesJ = isShared[j] ? 1 : dimension;
        for (let d = 0; d < entriesI; d++) {
          for (let e = 0; e < entriesJ; e++) {
            const weight = isShared[i]
              ? isShared[j]
                ? total
                : rowSums[e]
              : isShared[j]
                ? rowSums[d]
                : precision[d * dimension + e];
            matrix[position(i, d) * size + position(j, e)] += weight * r;
          }
        }
      }
      for (let e = 0; e < dimension; e++) {
        const x = cross[(cell * dimension + e) * width + i];
        if (isShared[i]) right[position(i, 0)] += rowSums[e] * x;
        else for (let d = 0; d < dimension; d++) right[position(i, d)] += precision[d * dimension + e] * x;
      }
    }
  }
  forEachPrior(equations, part, (node, d, j, precision, pull) => {
    const block = blocks[layout.blockOfNode[node]];
    const unknown = unknownAt(part, node) + j;
    const at = block.form === "shared" ? sharedFrom + unknown : d * part.fullWidth + unknown;
    matrix[at * size + at] += precision;
    right[at] += pull;
  });
  const entriesOf = (node: number, j: number): readonly number[] => {
    const unknown = unknownAt(part, node) + j;
    return blocks[layout.blockOfNode[node]].form === "shared"
      ? [sharedFrom + unknown]
      : Array.from({ length: dimension }, (_, d) => d * part.fullWidth + unknown);
  };
  holdFixed(equations, part, entriesOf, matrix, size, right, 1);
  const regular = solvePositiveDefinite(matrix, size, right, 1);
  storeFull(
    equations,
    part,
    changes,
    () => true,
    (d, unknown) => right[d * part.fullWidth + unknown],
  );
  for (const node of part.nodes) {
    const b = layout.blockOfNode[node];
    const block = blocks[b];
    if (block.form !== "shared") continue;
    for (let j = 0; j < block.width; j++) {
      const stored = storedAt(block, dimension, node - layout.firstNode[b], 0, j);
      changes[b][stored] = right[sharedFrom + unknownAt(part, node) + j];
    }
  }
  return regular;
}

function addRegressors(
  equations: NormalEquations,
  cell: number,
  unknowns: Int32Array,
  weight: number,
  matrix: Float64Array,
  size: number,
): void {
  const { width } = equations.layout;
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < width; j++) {
      matrix[unknowns[i] * size + unknowns[j]] += weight * equations.regressors[(cell * width + i) * width + j];
    }
  }
}

/** Coefficients that are kept do not change: their equations become "change = 0", and they leave the others' alone. */
function holdFixed(
  equations: NormalEquations,
  part: Part,
  unknownsOf: (node: number, j: number) => readonly number[],
  matrix: Float64Array,
  size: number,
  right: Float64Array,
  columns: number,
): void {
  const { problem, layout, isHeld } = equations;
  for (const node of part.nodes) {
    const block = problem.blocks[layout.blockOfNode[node]];
    if (!isHeld(block.parameter)) continue;
    for (let j = 0; j < block.width; j++) {
      for (const unknown of unknownsOf(node, j)) {
        for (let i = 0; i < size; i++) {
          matrix[unknown * size + i] = 0;
          matrix[i * size + unknown] = 0;
        }
        matrix[unknown * size + unknown] = 1;
        right.fill(0, unknown * columns, (unknown + 1) * columns);
      }
    }
  }
}

/** Visits each coefficient with a prior: its precision, and precision * (prior mean - previous value). */
function forEachPrior(
  equations: NormalEquations,
  part: Part,
  visit: (node: number, d: number, j: number, precision: number, pull: number) => void,
): void {
  const { problem, layout, previous } = equations;
  for (const node of part.nodes) {
    const b = layout.blockOfNode[node];
    const block = problem.blocks[b];
    const { prior } = block;
    if (prior === undefined) continue;
    const values = previousValues(previous, block.parameter);
    const entries = block.form === "shared" ? 1 : problem.dimension;
    for (let d = 0; d < entries; d++) {
      for (let j = 0; j < block.width; j++) {
        const entry = d * block.width + j;
        const variance =
          prior.arguments["sd"] === undefined
            ? priorEntry(prior, "covariance", entry)
            : priorEntry(prior, "sd", entry) ** 2;
        const stored = storedAt(block, problem.dimension, node - layout.firstNode[b], d, j);
        visit(node, d, j, 1 / variance, (priorEntry(prior, "mean", entry) - values[stored]) / variance);
      }
    }
  }
}

/** Stores the changes of the full blocks of a part for some entries of y. */
function storeFull(
  equations: NormalEquations,
  part: Part,
  changes: readonly Float64Array[],
  isIncluded: (d: number) => boolean,
  solution: (d: number, unknown: number) => number,
): void {
  const { problem, layout } = equations;
  for (const node of part.nodes) {
    const b = layout.blockOfNode[node];
    const block = problem.blocks[b];
    if (block.form !== "full") continue;
    for (let d = 0; d < problem.dimension; d++) {
      if (!isIncluded(d)) continue;
      for (let j = 0; j < block.width; j++) {
        const stored = storedAt(block, problem.dimension, node - layout.firstNode[b], d, j);
        changes[b][stored] = solution(d, unknownAt(part, node) + j);
      }
    }
  }
}
