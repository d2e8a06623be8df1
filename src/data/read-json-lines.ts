import type { DataOutcome } from "../diagnostics/data-diagnostic.js";
import { refused } from "../diagnostics/data-diagnostic.js";
import { emptyFile, invalidJson } from "../diagnostics/catalogue/data.js";
import { createColumn, type ColumnBuilder } from "./column-builder.js";
import type { Table } from "./table.js";

type Cell = number | string | null;

/**
 * Reads one JSON object a line, or a file that is one list of objects. A list of numbers under `x` becomes the columns
 * `x[0]`, `x[1]`, …; a key that a row lacks, and `null`, is a missing value.
 */
export async function readJsonLines(
  file: string,
  chunks: AsyncIterable<string> | Iterable<string>,
): Promise<DataOutcome<Table>> {
  let text = "";
  for await (const chunk of chunks) text += chunk;
  text = text.replace(/^\uFEFF/, "");
  if (text.trim() === "") return refused(emptyFile({ file }, {}));

  const records: { readonly value: unknown; readonly line?: number }[] = [];
  if (text.trimStart().startsWith("[")) {
    const list = parseJson(text);
    if (list instanceof Error) return refused(invalidJson({ file }, { reason: list.message }));
    if (!Array.isArray(list)) return refused(invalidJson({ file }, { reason: "not a list of objects" }));
    records.push(...list.map((value: unknown) => ({ value })));
  } else {
    for (const [i, line] of text.split("\n").entries()) {
      if (line.trim() === "") continue;
      const value = parseJson(line);
      const place = { file, row: records.length + 1, line: i + 1 };
      if (value instanceof Error) return refused(invalidJson(place, { reason: value.message }));
      records.push({ value, line: i + 1 });
    }
  }

  const columns = new Map<string, ColumnBuilder>();
  for (const [row, { value, line }] of records.entries()) {
    const place = { file, row: row + 1, ...(line === undefined ? {} : { line }) };
    if (!isRecord(value)) return refused(invalidJson(place, { reason: `it is ${describe(value)}` }));
    const cells = new Map<string, Cell>();
    for (const [key, entry] of Object.entries(value)) {
      const problem = flatten(key, [], entry, cells);
      if (problem !== undefined) return refused(invalidJson({ ...place, column: key }, { reason: problem }));
    }
    for (const name of cells.keys()) {
      if (columns.has(name)) continue;
      const column = createColumn(name);
      for (let i = 0; i < row; i++) column.addNumber(NaN);
      columns.set(name, column);
    }
    for (const [name, column] of columns) addCell(column, cells.get(name) ?? null);
  }
  const lines = records.map((record) => record.line ?? 0);
  const source = {
    file,
    firstRow: 0,
    rows: records.length,
    ...(records[0]?.line === undefined ? {} : { lines: Int32Array.from(lines) }),
  };
  const finished = [...columns.values()].map((column) => column.finish());
  return { kind: "ready", value: { columns: finished, rows: records.length, sources: [source] } };
}

function addCell(column: ColumnBuilder, cell: Cell): void {
  if (cell === null) column.addNumber(NaN);
  else if (typeof cell === "number") column.addNumber(cell);
  else if (cell === "" || cell === "NA" || cell === "NaN") column.addNumber(NaN);
  else column.addLabel(cell);
}

/** Puts the scalars under `key` into `cells`; returns what cannot be a cell. */
function flatten(key: string, index: readonly number[], value: unknown, cells: Map<string, Cell>): string | undefined {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      const problem = flatten(key, [...index, i], item, cells);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  const name = index.length === 0 ? key : `${key}[${index.join(",")}]`;
  if (value === null || typeof value === "number" || typeof value === "string") cells.set(name, value);
  else if (typeof value === "boolean") cells.set(name, value ? 1 : 0);
  else return `\`${key}\` holds ${describe(value)}`;
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return value === null ? "null" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
