/** A cell: NaN, null and undefined are written as an empty field. */
export type CsvCell = number | string | null | undefined;

/** Comma-separated text with a header; numbers with all their digits, text quoted where it has to be. */
export function writeCsv(header: readonly string[], rows: Iterable<readonly CsvCell[]>): string {
  return `${header.map(cellText).join(",")}\n${csvRows(rows)}`;
}

/** Rows without a header, to come after others. */
export function csvRows(rows: Iterable<readonly CsvCell[]>): string {
  const lines: string[] = [];
  for (const row of rows) lines.push(row.length === 1 && isEmpty(row[0]) ? '""\n' : `${row.map(cellText).join(",")}\n`);
  return lines.join("");
}

function isEmpty(cell: CsvCell): boolean {
  return cell === null || cell === undefined || cell === "" || Number.isNaN(cell);
}

function cellText(cell: CsvCell): string {
  if (cell === null || cell === undefined || Number.isNaN(cell)) return "";
  const text = String(cell);
  return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
