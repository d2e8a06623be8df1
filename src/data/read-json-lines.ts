import type { DataDiagnostic, DataOutcome } from "../diagnostics/data-diagnostic.js";
import { refused } from "../diagnostics/data-diagnostic.js";
import { emptyFile, invalidJson, lateColumn } from "../diagnostics/catalogue/data.js";
import { createColumn, type ColumnBuilder } from "./column-builder.js";
import { addCell, describeValue, flattenCell, type Cell } from "./flat-cell.js";
import type { Table } from "./table.js";

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

  const builder = new RecordColumns(file, 0, []);
  for (const { value, line } of records) {
    const problem = builder.add(value, line);
    if (problem !== undefined) return refused(problem);
  }
  return { kind: "ready", value: builder.finish() };
}

/** Reads one JSON object a line in tables of many rows. All keys have to occur among the first of these. */
export async function* jsonLinesBlocks(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  textInBlock: number,
): AsyncGenerator<DataOutcome<Table>> {
  const decoder = new TextDecoder("utf-8");
  let text = "";
  let line = 0;
  let rows = 0;
  let names: readonly string[] | undefined;
  const read = (isEnd: boolean): DataOutcome<Table> | undefined => {
    const whole = isEnd ? text.length : text.lastIndexOf("\n") + 1;
    const builder = new RecordColumns(file, rows, names ?? []);
    for (const each of text.slice(0, whole).split("\n")) {
      line++;
      if (each.trim() === "") continue;
      if (line === 1 && each.trimStart().startsWith("[")) {
        return refused(invalidJson({ file }, { reason: "a list of objects cannot be read block by block" }));
      }
      const value = parseJson(each);
      const place = { file, row: rows + builder.rows + 1, line };
      if (value instanceof Error) return refused(invalidJson(place, { reason: value.message }));
      const problem = builder.add(value, line);
      if (problem !== undefined) return refused(problem);
    }
    // A line end is followed by another line, or by what is kept.
    line--;
    text = text.slice(whole);
    if (builder.rows === 0) return undefined;
    const table = builder.finish();
    const late = names === undefined ? undefined : table.columns[names.length]?.name;
    if (late !== undefined) return refused(lateColumn({ file, column: late }, { rows }));
    names ??= table.columns.map((column) => column.name);
    rows += table.rows;
    return { kind: "ready", value: table };
  };
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length < textInBlock) continue;
    const block = read(false);
    if (block !== undefined) yield block;
    if (block?.kind === "refused") return;
  }
  text += decoder.decode();
  const block = read(true);
  if (block !== undefined) yield block;
  else if (rows === 0) yield refused(emptyFile({ file }, {}));
}

/** Columns of records; a key that a record lacks is a missing value. */
class RecordColumns {
  private readonly columns = new Map<string, ColumnBuilder>();
  private readonly lines: number[] = [];
  private hasLines = true;
  rows = 0;

  constructor(
    private readonly file: string,
    private readonly rowsBefore: number,
    names: readonly string[],
  ) {
    for (const name of names) this.columns.set(name, createColumn(name));
  }

  add(value: unknown, line: number | undefined): DataDiagnostic | undefined {
    const { file, columns } = this;
    const place = { file, row: this.rowsBefore + this.rows + 1, ...(line === undefined ? {} : { line }) };
    if (!isRecord(value)) return invalidJson(place, { reason: `it is ${describeValue(value)}` });
    const cells = new Map<string, Cell>();
    for (const [key, entry] of Object.entries(value)) {
      const problem = flattenCell(key, [], entry, cells);
      if (problem !== undefined) return invalidJson({ ...place, column: key }, { reason: problem });
    }
    for (const name of cells.keys()) {
      if (columns.has(name)) continue;
      const column = createColumn(name);
      for (let i = 0; i < this.rows; i++) column.addNumber(NaN);
      columns.set(name, column);
    }
    for (const [name, column] of columns) addCell(column, cells.get(name) ?? null);
    this.rows++;
    if (line === undefined) this.hasLines = false;
    else this.lines.push(line);
    return undefined;
  }

  finish(): Table {
    const { file, rows, rowsBefore } = this;
    const lines = this.hasLines && rows > 0 ? { lines: Int32Array.from(this.lines) } : {};
    const columns = [...this.columns.values()].map((column) => column.finish());
    return { columns, rows, sources: [{ file, firstRow: 0, rows, rowsBefore, ...lines }] };
  }
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
