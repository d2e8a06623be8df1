/** One node's values in row-major order of its axes, given by their numbers in the function. */
export interface Cells {
  readonly axes: readonly number[];
  readonly strides: readonly number[];
  readonly data: Float64Array;
}

/** Position along each axis of the function, by its number. */
export type Coordinates = number[];

/** What an operation is evaluated in. */
export interface Scope {
  readonly sizes: readonly number[];
  readonly axisNumber: (name: string) => number;
  readonly values: readonly Cells[];
}

export function emptyCells(axes: readonly number[], sizes: readonly number[]): Cells {
  const strides: number[] = [];
  let length = 1;
  for (const axis of [...axes].reverse()) {
    strides.unshift(length);
    length *= sizes[axis];
  }
  return { axes, strides, data: new Float64Array(length) };
}

export function offset(cells: Cells, at: Coordinates): number {
  let position = 0;
  for (let i = 0; i < cells.axes.length; i++) position += cells.strides[i] * at[cells.axes[i]];
  return position;
}

export function read(cells: Cells, at: Coordinates): number {
  return cells.data[offset(cells, at)];
}

/** Visits the cells of some axes in row-major order; leaves the positions along other axes alone. */
export function forEachCell(
  axes: readonly number[],
  sizes: readonly number[],
  at: Coordinates,
  visit: () => void,
): void {
  const walk = (depth: number): void => {
    if (depth === axes.length) return visit();
    for (let position = 0; position < sizes[axes[depth]]; position++) {
      at[axes[depth]] = position;
      walk(depth + 1);
    }
  };
  walk(0);
}

export function tabulate(axes: readonly number[], sizes: readonly number[], value: (at: Coordinates) => number): Cells {
  const cells = emptyCells(axes, sizes);
  const at: Coordinates = sizes.map(() => 0);
  forEachCell(axes, sizes, at, () => {
    cells.data[offset(cells, at)] = value(at);
  });
  return cells;
}

export function isPosition(value: number, size: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < size;
}
