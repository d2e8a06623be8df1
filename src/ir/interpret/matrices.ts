import type { Operation } from "../plan.js";
import { solveAxes } from "../plan-axes.js";
import { type Cells, type Coordinates, emptyCells, forEachCell, offset, read, type Scope } from "./cells.js";

/** Reads the lower triangle; L by columns (Cholesky-Crout), NaN throughout where a pivot is not positive. */
export function interpretCholesky(
  operand: Cells,
  axes: readonly number[],
  row: number,
  column: number,
  sizes: readonly number[],
): Cells {
  const factor = emptyCells(axes, sizes);
  const size = sizes[row];
  const at: Coordinates = sizes.map(() => 0);
  const batch = axes.filter((axis) => axis !== row && axis !== column);
  forEachCell(batch, sizes, at, () => {
    const cell = (i: number, j: number): Coordinates => {
      at[row] = i;
      at[column] = j;
      return at;
    };
    let definite = true;
    for (let j = 0; j < size; j++) {
      for (let i = j; i < size; i++) {
        let rest = read(operand, cell(i, j));
        for (let k = 0; k < j; k++) rest -= read(factor, cell(i, k)) * read(factor, cell(j, k));
        if (i === j && !(rest > 0)) definite = false;
        factor.data[offset(factor, cell(i, j))] = i === j ? Math.sqrt(rest) : rest / read(factor, cell(j, j));
      }
    }
    if (!definite) {
      for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) factor.data[offset(factor, cell(i, j))] = NaN;
    }
  });
  return factor;
}

/** Substitution, forwards or (transposed) backwards; reads the lower triangle only. */
export function interpretTriangularSolve(
  operation: Extract<Operation, { readonly kind: "triangularSolve" }>,
  axes: readonly number[],
  scope: Scope,
): Cells {
  const { sizes, axisNumber, values } = scope;
  const [matrix, right] = [values[operation.matrix], values[operation.right]];
  const { from, to } = solveAxes(operation);
  const [row, column] = [axisNumber(operation.row), axisNumber(operation.column)];
  const [fromAxis, toAxis] = [axisNumber(from), axisNumber(to)];
  const solution = emptyCells(axes, sizes);
  const size = sizes[toAxis];
  const at: Coordinates = sizes.map(() => 0);
  const entry = (i: number, j: number): number => {
    at[row] = operation.transposed ? j : i;
    at[column] = operation.transposed ? i : j;
    return read(matrix, at);
  };
  const solutionAt = (i: number): number => {
    at[toAxis] = i;
    return offset(solution, at);
  };
  const batch = axes.filter((axis) => axis !== toAxis);
  forEachCell(batch, sizes, at, () => {
    for (let step = 0; step < size; step++) {
      const i = operation.transposed ? size - 1 - step : step;
      at[fromAxis] = i;
      let rest = read(right, at);
      for (let done = 0; done < step; done++) {
        const j = operation.transposed ? size - 1 - done : done;
        rest -= entry(i, j) * solution.data[solutionAt(j)];
      }
      solution.data[solutionAt(i)] = rest / entry(i, i);
    }
  });
  return solution;
}
