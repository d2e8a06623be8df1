import type { DataDiagnostic, DataOutcome } from "../diagnostics/data-diagnostic.js";
import {
  duplicateColumn,
  emptyFile,
  noHeader,
  raggedRow,
  unclosedQuote,
  unreadableFile,
} from "../diagnostics/catalogue/data.js";
import { createColumn, numberFrom, type ColumnBuilder } from "./column-builder.js";
import { parseCsv } from "./parse-csv.js";
import type { Table } from "./table.js";

/** Reads delimited text with a header line from chunks of a text. */
export async function readCsv(
  file: string,
  chunks: AsyncIterable<string> | Iterable<string>,
): Promise<DataOutcome<Table>> {
  const diagnostics: DataDiagnostic[] = [];
  let columns: readonly ColumnBuilder[] | undefined;
  const lines: number[] = [];
  // Empty lines of a one-column file are missing values if a value follows.
  let blanks: number[] = [];
  let ragged: { line: number; row: number; found: number; more: number } | undefined;

  const addRow = (fields: readonly string[], line: number): void => {
    if (columns === undefined) {
      diagnostics.push(...headerProblems(file, fields, line));
      columns = fields.map((field) => createColumn(field.trim()));
      return;
    }
    if (columns.length === 1) for (const blank of blanks) addFields(columns, [""], blank);
    blanks = [];
    addFields(columns, fields, line);
  };
  const addFields = (into: readonly ColumnBuilder[], fields: readonly string[], line: number): void => {
    lines.push(line);
    if (fields.length !== into.length) {
      if (ragged === undefined) ragged = { line, row: lines.length, found: fields.length, more: 0 };
      else ragged.more++;
      return;
    }
    for (let i = 0; i < into.length; i++) into[i].addText(fields[i]);
  };

  const parser = parseCsv({
    row: addRow,
    blank: (line) => {
      if (columns !== undefined) blanks.push(line);
    },
    unclosedQuote: (line) => diagnostics.push(unclosedQuote({ file, line }, {})),
  });
  for await (const chunk of chunks) parser.push(chunk);
  parser.end();

  if (columns === undefined) diagnostics.push(emptyFile({ file }, {}));
  if (ragged !== undefined && diagnostics.length === 0) {
    const { line, row, found, more } = ragged;
    diagnostics.push(raggedRow({ file, row, line }, { expected: columns?.length ?? 0, found, more }));
  }
  // What is no text has no quotes and rows either.
  const unreadable = diagnostics.filter(({ code }) => code === "GEN4001");
  if (unreadable.length > 0) return { kind: "refused", diagnostics: unreadable };
  if (diagnostics.length > 0) return { kind: "refused", diagnostics };
  const named = (columns ?? []).map((column) => column.finish()).filter((column) => column.name !== "");
  const source = { file, firstRow: 0, rows: lines.length, lines: Int32Array.from(lines) };
  return { kind: "ready", value: { columns: named, rows: lines.length, sources: [source] } };
}

function headerProblems(file: string, header: readonly string[], line: number): readonly DataDiagnostic[] {
  const unreadable = whyNotText(header.join(""));
  if (unreadable !== undefined) return [unreadableFile({ file }, { reason: unreadable })];
  const names = header.map((field) => field.trim());
  const positions = new Map<string, number[]>();
  names.forEach((name, i) => positions.set(name, [...(positions.get(name) ?? []), i + 1]));
  const duplicates = [...positions].filter(([name, at]) => name !== "" && at.length > 1);
  if (duplicates.length > 0 && !names.every(isNumber)) {
    return duplicates.map(([name, at]) => duplicateColumn({ file, line, column: name }, { name, positions: at }));
  }
  if (names.every(isNumber) && !countsUp(names))
    return [noHeader({ file, line }, { first: names.slice(0, 3).join(", ") })];
  return [];
}

/** Two bytes a letter leave a NUL in every pair; other control characters are in no text either. */
function whyNotText(header: string): string | undefined {
  if (header.includes("\u0000")) return "it is not UTF-8 text (spreadsheets may write UTF-16: save it as UTF-8)";
  return /[\u0001-\u0008\u000e-\u001f]/.test(header) ? "it is not text" : undefined;
}

function isNumber(name: string): boolean {
  const value = numberFrom(name);
  return value !== undefined && !Number.isNaN(value);
}

/** `0,1,2` or `1,2,3`: what some writers put where nobody named the columns. */
function countsUp(names: readonly string[]): boolean {
  const first = Number(names[0]);
  return (first === 0 || first === 1) && names.every((name, i) => Number(name) === first + i);
}
