import type { Component } from "./components.js";
import { connectedComponents } from "./components.js";
import type { CovarianceView } from "./covariance-view.js";
import { solvePositiveDefinite } from "./positive-definite-system.js";
import type { RegressionBlock, RegressionProblem, RegressionSettings, RegressionStatistics } from "./problem.js";
import { previousValues, priorEntry, tableCells } from "./problem.js";

/** New coefficients by parameter, and their change in each cell of the grid. */
export interface CoefficientUpdate {
  readonly values: Record<string, Float64Array>;
  /** The change of the coefficients of a cell, [D, p]; overwritten by the next call. */
  change(cell: number): Float64Array;
}

/** Where each block's coefficients are: columns of z, and nodes (table cells of all blocks, numbered through). */
interface Layout {
  readonly width: number;
  readonly columnOf: readonly number[];
  readonly nodesOf: readonly Int32Array[];
  readonly firstNode: readonly number[];
  readonly nodeCount: number;
  readonly blockOfNode: Int32Array;
}

/** One connected part of the problem, its unknowns numbered. */
interface Part extends Component {
  /** First unknown column of a node among those of its form. */
  readonly unknownOf: ReadonlyMap<number, number>;
  readonly fullWidth: number;
  readonly sharedWidth: number;
}

/** The pieces every solver reads. */
interface Context {
  readonly problem: RegressionProblem;
  readonly layout: Layout;
  readonly regressors: Float64Array;
  readonly cross: Float64Array;
  readonly covariance: CovarianceView;
  readonly covarianceOf: Int32Array;
  readonly previous: Readonly<Record<string, Float64Array>>;
  readonly isHeld: (parameter: string) => boolean;
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
  const context: Context = { problem, layout, regressors, cross, covariance, covarianceOf, previous, isHeld };
  const changes = blocks.map((block) => new Float64Array(previousValues(previous, block.parameter).length));
  for (const component of connectedComponents(covarianceOf.length, layout.nodesOf, layout.nodeCount)) {
    const part = numberUnknowns(component, layout, blocks);
    if (!solvePart(context, part, changes)) {
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

function layOut(problem: RegressionProblem): Layout {
  const columnOf: number[] = [];
  const firstNode: number[] = [];
  const nodesOf: Int32Array[] = [];
  const blockOfNode: number[] = [];
  let width = 0;
  problem.blocks.forEach((block, b) => {
    const table = tableCells(problem.cells, block.cellAxes);
    const first = blockOfNode.length;
    columnOf.push(width);
    firstNode.push(first);
    nodesOf.push(table.of.map((cell) => first + cell));
    for (let cell = 0; cell < table.count; cell++) blockOfNode.push(b);
    width += block.width;
  });
  return {
    width,
    columnOf,
    nodesOf,
    firstNode,
    nodeCount: blockOfNode.length,
    blockOfNode: Int32Array.from(blockOfNode),
  };
}

/** Position of coefficient (d, j) of table cell `at` in the stored values of a block. */
function storedAt(block: RegressionBlock, dimension: number, at: number, d: number, j: number): number {
  return block.form === "shared" ? at * block.width + j : (at * dimension + d) * block.width + j;
}

function numberUnknowns(component: Component, layout: Layout, blocks: readonly RegressionBlock[]): Part {
  const unknownOf = new Map<number, number>();
  let fullWidth = 0;
  let sharedWidth = 0;
  for (const node of component.nodes) {
    const block = blocks[layout.blockOfNode[node]];
    if (block.form === "full") {
      unknownOf.set(node, fullWidth);
      fullWidth += block.width;
    } else {
      unknownOf.set(node, sharedWidth);
      sharedWidth += block.width;
    }
  }
  return { ...component, unknownOf, fullWidth, sharedWidth };
}

/** Solves one part and stores its changes. @returns whether the system was regular */
function solvePart(context: Context, part: Part, changes: readonly Float64Array[]): boolean {
  const { problem, layout, covariance, covarianceOf } = context;
  const hasPrior = part.nodes.some((node) => problem.blocks[layout.blockOfNode[node]].prior !== undefined);
  const sameCovariance = part.cells.every((cell) => covarianceOf[cell] === covarianceOf[part.cells[0]]);
  if (part.sharedWidth === 0 && !hasPrior && sameCovariance)
    return solveEntries(context, part, changes, () => 1, "same");
  if (part.sharedWidth === 0 && covariance.isDiagonal) {
    const weight = (cell: number, d: number): number => 1 / covariance.variance(covarianceOf[cell], d);
    return solveEntries(context, part, changes, weight, "each");
  }
  return solveJointly(context, part, changes);
}

/**
 * The entries of y on their own: one system of regressors for all of them, or one for each.
 *
 * @param weight weight of a cell for entry d
 */
function solveEntries(
  context: Context,
  part: Part,
  changes: readonly Float64Array[],
  weight: (cell: number, d: number) => number,
  systems: "same" | "each",
): boolean {
  const { problem, cross } = context;
  const { dimension } = problem;
  const size = part.fullWidth;
  const width = context.layout.width;
  let regular = true;
  const groups = systems === "same" ? [0] : Array.from({ length: dimension }, (_, d) => d);
  for (const first of groups) {
    const columns = systems === "same" ? dimension : 1;
    const matrix = new Float64Array(size * size);
    const right = new Float64Array(size * columns);
    for (const cell of part.cells) {
      const w = weight(cell, first);
      const unknowns = unknownColumns(context, part, cell);
      addRegressors(context, cell, unknowns, w, matrix, size);
      for (let i = 0; i < width; i++) {
        for (let c = 0; c < columns; c++) {
          right[unknowns[i] * columns + c] += w * cross[(cell * dimension + first + c) * width + i];
        }
      }
    }
    forEachPrior(context, part, (node, d, j, precision, pull) => {
      if (d < first || d >= first + columns) return;
      const unknown = unknownAt(part, node) + j;
      matrix[unknown * size + unknown] += precision;
      right[unknown * columns + d - first] += pull;
    });
    holdFixed(context, part, (node, j) => [unknownAt(part, node) + j], matrix, size, right, columns);
    regular = solvePositiveDefinite(matrix, size, right, columns) && regular;
    storeFull(
      context,
      part,
      changes,
      (d) => d >= first && d < first + columns,
      (d, unknown) => right[unknown * columns + d - first],
    );
  }
  return regular;
}

/** All entries and all coefficients of a part in one system: sum over cells of R (x) Q^-1. */
function solveJointly(context: Context, part: Part, changes: readonly Float64Array[]): boolean {
  const { problem, layout, cross, covariance, covarianceOf } = context;
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
    const unknowns = unknownColumns(context, part, cell);
    const position = (i: number, d: number): number =>
      isShared[i] ? sharedFrom + unknowns[i] : d * part.fullWidth + unknowns[i];
    for (let i = 0; i < width; i++) {
      const entriesI = isShared[i] ? 1 : dimension;
      for (let j = 0; j < width; j++) {
        const r = context.regressors[(cell * width + i) * width + j];
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
  forEachPrior(context, part, (node, d, j, precision, pull) => {
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
  holdFixed(context, part, entriesOf, matrix, size, right, 1);
  const regular = solvePositiveDefinite(matrix, size, right, 1);
  storeFull(
    context,
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

/** The unknown (among those of its form) of each column of z in a cell. */
function unknownColumns(context: Context, part: Part, cell: number): Int32Array {
  const { problem, layout } = context;
  const unknowns = new Int32Array(layout.width);
  problem.blocks.forEach((block, b) => {
    const first = unknownAt(part, layout.nodesOf[b][cell]);
    for (let j = 0; j < block.width; j++) unknowns[layout.columnOf[b] + j] = first + j;
  });
  return unknowns;
}

function unknownAt(part: Part, node: number): number {
  return part.unknownOf.get(node) ?? 0;
}

function addRegressors(
  context: Context,
  cell: number,
  unknowns: Int32Array,
  weight: number,
  matrix: Float64Array,
  size: number,
): void {
  const { width } = context.layout;
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < width; j++) {
      matrix[unknowns[i] * size + unknowns[j]] += weight * context.regressors[(cell * width + i) * width + j];
    }
  }
}

/** Coefficients that are kept do not change: their equations become "change = 0", and they leave the others' alone. */
function holdFixed(
  context: Context,
  part: Part,
  unknownsOf: (node: number, j: number) => readonly number[],
  matrix: Float64Array,
  size: number,
  right: Float64Array,
  columns: number,
): void {
  const { problem, layout, isHeld } = context;
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
  context: Context,
  part: Part,
  visit: (node: number, d: number, j: number, precision: number, pull: number) => void,
): void {
  const { problem, layout, previous } = context;
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
  context: Context,
  part: Part,
  changes: readonly Float64Array[],
  isIncluded: (d: number) => boolean,
  solution: (d: number, unknown: number) => number,
): void {
  const { problem, layout } = context;
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
