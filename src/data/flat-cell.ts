import type { ColumnBuilder } from "./column-builder.js";

/** What a value of a record comes to: a cell, or nothing. */
export type Cell = number | string | null;

/**
 * Puts the scalars under `key` into `cells`: a list becomes `key[0]`, `key[1]`, …, a list of lists `key[0,0]`, ….
 *
 * @returns what cannot be a cell
 */
export function flattenCell(
  key: string,
  index: readonly number[],
  value: unknown,
  cells: Map<string, Cell>,
): string | undefined {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      const problem = flattenCell(key, [...index, i], item, cells);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  const name = index.length === 0 ? key : `${key}[${index.join(",")}]`;
  if (value === null || value === undefined || typeof value === "number" || typeof value === "string") {
    cells.set(name, value ?? null);
  } else if (typeof value === "boolean") cells.set(name, value ? 1 : 0);
  else if (typeof value === "bigint") cells.set(name, Number(value));
  else if (value instanceof Date) cells.set(name, value.toISOString());
  else return `\`${key}\` holds ${describeValue(value)}`;
  return undefined;
}

export function addCell(column: ColumnBuilder, cell: Cell): void {
  if (cell === null) column.addNumber(NaN);
  else if (typeof cell === "number") column.addNumber(cell);
  else if (cell === "" || cell === "NA" || cell === "NaN") column.addNumber(NaN);
  else column.addLabel(cell);
}

export function describeValue(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return value === null ? "null" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
