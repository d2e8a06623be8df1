/** A cell: NaN, null and undefined are written as an empty field. */
export type CsvCell = number | string | null | undefined;

/** Comma-separated text with a header; numbers with all their digits, text quoted where it has to be. */
export function writeCsv(header: readonly string[], rows: Iterable<readonly CsvCell[]>): string {
  const lines = [header.map(cellText).join(",")];
  for (const row of rows) lines.push(row.length === 1 && isEmpty(row[0]) ? '""' : row.map(cellText).join(","));
  return `${lines.join("\n")}\n`;
}

function isEmpty(cell: CsvCell): boolean {
  return cell === null || cell === undefined || cell === "" || Number.isNaN(cell);
}

function cellText(cell: CsvCell): string {
  if (cell === null || cell === undefined || Number.isNaN(cell)) return "";
  const text = String(cell);
  return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
