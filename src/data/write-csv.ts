/** A cell: NaN, null and undefined are written as an empty field. */
export type CsvCell = number | string | null | undefined;

/** A column of a table that is written. */
export interface CsvColumn {
  readonly name: string;
  at(row: number): CsvCell;
}

/** Rows of a piece of text: some hundred kilobytes. */
const ROWS_OF_PIECE = 2048;

/** Comma-separated text with a header; numbers with all their digits, text quoted where it has to be. */
export function writeCsv(header: readonly string[], rows: readonly (readonly CsvCell[])[]): string {
  return [
    ...csvTable(
      header.map((name, i) => ({ name, at: (row) => rows[row][i] })),
      rows.length,
    ),
  ].join("");
}

/** A table with its header, as pieces of text one after the other: never all of it at once. */
export function* csvTable(columns: readonly CsvColumn[], rows: number): Generator<string, void, undefined> {
  yield `${columns.map(({ name }) => cellText(name)).join(",")}\n`;
  yield* csvRows(columns, rows);
}

/** Rows without a header, to come after others. */
export function* csvRows(columns: readonly CsvColumn[], rows: number): Generator<string, void, undefined> {
  for (let first = 0; first < rows; first += ROWS_OF_PIECE) {
    const end = Math.min(rows, first + ROWS_OF_PIECE);
    let piece = "";
    for (let row = first; row < end; row++) piece += csvLine(columns, row);
    yield piece;
  }
}

function csvLine(columns: readonly CsvColumn[], row: number): string {
  let line = "";
  for (let i = 0; i < columns.length; i++)
    line += i === 0 ? cellText(columns[i].at(row)) : `,${cellText(columns[i].at(row))}`;
  return line === "" && columns.length === 1 ? '""\n' : `${line}\n`;
}

function cellText(cell: CsvCell): string {
  if (typeof cell === "number") return Number.isNaN(cell) ? "" : String(cell);
  if (cell === null || cell === undefined) return "";
  return /[",\n\r]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
