import type { DataPlace } from "../diagnostics/data-diagnostic.js";

/**
 * One column of a file. `values` holds the numbers and is NaN elsewhere; where a cell holds text, `text.codes` is its
 * place in `text.distinct` (−1 otherwise), so that a column is only as textual as it has to be.
 */
export interface Column {
  readonly name: string;
  readonly values: Float64Array;
  readonly text?: { readonly codes: Int32Array; readonly distinct: readonly string[] };
}

/** The rows that came from one file. `lines[i]` is the line of its i-th row, where the file has lines. */
export interface TableSource {
  readonly file: string;
  readonly firstRow: number;
  readonly rows: number;
  /** Rows of the file before these, where the table is a part of it. */
  readonly rowsBefore?: number;
  readonly lines?: Int32Array;
}

/** Columns of equal length, read from one or several files. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly sources: readonly TableSource[];
}

/** The text of a cell; undefined where it holds a number or nothing. */
export function textAt(column: Column, row: number): string | undefined {
  const code = column.text === undefined ? -1 : column.text.codes[row];
  return code < 0 ? undefined : column.text?.distinct[code];
}

export function isMissing(column: Column, row: number): boolean {
  return Number.isNaN(column.values[row]) && textAt(column, row) === undefined;
}

/** A column that holds text and no number at all. */
export function isTextual(column: Column): boolean {
  return column.text !== undefined && column.values.every((value) => Number.isNaN(value));
}

/** File, row and line of a row of the table, as the owner of the file counts them. */
export function placeOf(table: Table, row: number, column?: string): DataPlace {
  const source = table.sources.find((each) => row < each.firstRow + each.rows) ?? table.sources[0];
  const rowInFile = row - source.firstRow;
  const line = source.lines?.[rowInFile];
  return {
    file: source.file,
    row: rowInFile + (source.rowsBefore ?? 0) + 1,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}

/** The place that means the whole table. */
export function tablePlace(table: Table): DataPlace {
  return { file: table.sources.map((source) => source.file).join(", ") };
}

/** A column from numbers that are all there (or NaN). */
export function numberColumn(name: string, values: Float64Array): Column {
  return { name, values };
}
