import { readFileSync } from "node:fs";

/** Columns of a CSV file of numbers by name; an empty field is NaN. Independent of `src/data`. */
export function csvColumns(file: URL): Readonly<Record<string, readonly number[]>> {
  const [header = "", ...lines] = readFileSync(file, "utf8").trimEnd().split(/\r?\n/);
  const cells = lines.map((line) => line.split(","));
  return Object.fromEntries(
    header.split(",").map((name, column) => [
      name,
      cells.map((row) => {
        const text = row[column] ?? "";
        return text === "" ? NaN : Number(text);
      }),
    ]),
  );
}

/** The named columns (all, in the file's order, where none are named) as rows. */
export function csvRows(file: URL, ...names: readonly string[]): number[][] {
  const columns = csvColumns(file);
  const chosen = names.length > 0 ? names : Object.keys(columns);
  const values = chosen.map((name) => {
    const found = columns[name];
    if (found === undefined) throw new Error(`${file.pathname} has no column ${name}`);
    return found;
  });
  return (values[0] ?? []).map((_, row) => values.map((column) => column[row] ?? NaN));
}
