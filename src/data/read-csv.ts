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
import { parseCsv, type CsvParser } from "./parse-csv.js";
import { readPlainRows } from "./plain-rows.js";
import type { Table } from "./table.js";

/** Reads delimited text with a header line from chunks of UTF-8 or of a text. */
export async function readCsv(
  file: string,
  chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): Promise<DataOutcome<Table>> {
  const reader = new CsvReader(file);
  for await (const chunk of chunks) reader.push(chunk);
  reader.end();
  const diagnostics = reader.problems();
  return diagnostics.length > 0 ? { kind: "refused", diagnostics } : { kind: "ready", value: reader.take() };
}

/** A header that goes on for so many bytes has no line end that plain rows know. */
const LONGEST_HEADER = 1 << 20;

/**
 * Reads delimited text as it comes, and gives the rows so far as a table whenever asked.
 *
 * The header is read by `parseCsv`, the rows after it straight from the bytes, until a line takes `parseCsv` again: it then
 * reads the rest.
 */
export class CsvReader {
  private readonly diagnostics: DataDiagnostic[] = [];
  private names: readonly string[] | undefined;
  private columns: readonly ColumnBuilder[] = [];
  private lines = new LineNumbers();
  private rowsBefore = 0;
  /** Empty lines of a one-column file are missing values if a value follows. */
  private blanks: number[] = [];
  private raggedRow: { line: number; row: number; found: number; more: number } | undefined;

  /** Reads the header, or everything from some line on. */
  private parser: CsvParser;
  private readonly decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Where plain rows are read: the line that comes next, and the delimiter. */
  private plain: { readonly delimiter: number; line: number } | undefined;
  private hasHeader = false;
  private carried = new Uint8Array(0);

  /** @param capacity rows that are likely to be taken at once */
  constructor(
    private readonly file: string,
    private readonly capacity = 64,
  ) {
    this.parser = this.parserFrom();
  }

  /** Rows since the last table was taken. */
  get rows(): number {
    return this.lines.count;
  }

  push(chunk: string | Uint8Array): void {
    const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
    if (this.plain !== undefined) this.readPlain(joined(this.carried, bytes));
    else if (this.hasHeader) this.parser.push(this.decoder.decode(bytes, { stream: true }));
    else this.readHeader(joined(this.carried, bytes));
  }

  end(): void {
    if (this.plain !== undefined) this.goOnParsing(this.plain, this.carried);
    else this.parser.push(this.decoder.decode(this.carried, { stream: true }));
    this.carried = new Uint8Array(0);
    this.parser.push(this.decoder.decode());
    this.parser.end();
    if (this.names === undefined) this.diagnostics.push(emptyFile({ file: this.file }, {}));
  }

  /** What is wrong with the rows so far. */
  problems(): readonly DataDiagnostic[] {
    // What is no text has no quotes and rows either.
    const unreadable = this.diagnostics.filter(({ code }) => code === "GEN4001");
    if (unreadable.length > 0) return unreadable;
    if (this.diagnostics.length > 0 || this.raggedRow === undefined) return this.diagnostics;
    const { line, row, found, more } = this.raggedRow;
    const expected = this.columns.length;
    return [raggedRow({ file: this.file, row, line }, { expected, found, more })];
  }

  /** The rows since the last call. */
  take(): Table {
    const rows = this.lines.count;
    const columns = this.columns.map((column) => column.finish()).filter((column) => column.name !== "");
    const source = { file: this.file, firstRow: 0, rows, rowsBefore: this.rowsBefore, lines: this.lines.finish() };
    this.forget();
    return { columns, rows, sources: [source] };
  }

  /** Drops the rows since the last call: nobody will want them. */
  forget(): void {
    this.rowsBefore += this.lines.count;
    this.lines = new LineNumbers();
    this.begin(this.names ?? []);
  }

  private begin(names: readonly string[]): void {
    this.names = names;
    this.columns = names.map((name) => createColumn(name, this.capacity));
  }

  private parserFrom(position?: { readonly line: number; readonly delimiter: string }): CsvParser {
    return parseCsv(
      {
        row: (fields, line) => this.addRow(fields, line),
        blank: (line) => this.addBlank(line),
        unclosedQuote: (line) => this.diagnostics.push(unclosedQuote({ file: this.file, line }, {})),
      },
      position,
    );
  }

  private readHeader(bytes: Uint8Array): void {
    let from = 0;
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, from)) {
      this.parser.push(this.decoder.decode(bytes.subarray(from, at + 1), { stream: true }));
      this.parser.flush();
      from = at + 1;
      const { line, delimiter, isBetweenRows } = this.parser.state();
      if (this.names === undefined || delimiter === undefined || !isBetweenRows) continue;
      this.hasHeader = true;
      this.plain = { delimiter: delimiter.charCodeAt(0), line };
      this.carried = new Uint8Array(0);
      this.readPlain(bytes.subarray(from));
      return;
    }
    this.carried = bytes.slice(from);
    if (this.carried.length < LONGEST_HEADER) return;
    this.hasHeader = true;
    this.parser.push(this.decoder.decode(this.carried, { stream: true }));
    this.carried = new Uint8Array(0);
  }

  private readPlain(bytes: Uint8Array): void {
    const { plain } = this;
    if (plain === undefined) return;
    const to = bytes.lastIndexOf(10) + 1;
    const { end, line, isUsual } = readPlainRows(bytes, 0, to, plain.delimiter, this.columns, plain.line, {
      row: (at) => {
        this.fillBlanks();
        this.lines.add(at);
      },
      ragged: (found, at) => {
        this.fillBlanks();
        this.addRagged(found, at);
      },
      blank: (at) => this.addBlank(at),
    });
    plain.line = line;
    if (isUsual) this.carried = bytes.slice(end);
    else this.goOnParsing(plain, bytes.subarray(end));
  }

  /** The rest is for the parser. */
  private goOnParsing(
    { delimiter, line }: { readonly delimiter: number; readonly line: number },
    rest: Uint8Array,
  ): void {
    this.plain = undefined;
    this.carried = new Uint8Array(0);
    this.parser = this.parserFrom({ line, delimiter: String.fromCharCode(delimiter) });
    this.parser.push(this.decoder.decode(rest, { stream: true }));
  }

  private addRow(fields: readonly string[], line: number): void {
    if (this.names === undefined) {
      this.diagnostics.push(...headerProblems(this.file, fields, line));
      this.begin(fields.map((field) => field.trim()));
      return;
    }
    this.fillBlanks();
    if (fields.length !== this.columns.length) return this.addRagged(fields.length, line);
    this.lines.add(line);
    for (let i = 0; i < fields.length; i++) this.columns[i].addText(fields[i]);
  }

  private addRagged(found: number, line: number): void {
    this.lines.add(line);
    if (this.raggedRow !== undefined) this.raggedRow.more++;
    else this.raggedRow = { line, row: this.rowsBefore + this.lines.count, found, more: 0 };
  }

  private addBlank(line: number): void {
    if (this.names !== undefined && this.names.length === 1) this.blanks.push(line);
  }

  private fillBlanks(): void {
    if (this.blanks.length === 0) return;
    for (const blank of this.blanks) {
      this.lines.add(blank);
      this.columns[0].addNumber(NaN);
    }
    this.blanks = [];
  }
}

/** The line of every row. */
class LineNumbers {
  private values = new Int32Array(64);
  count = 0;

  add(line: number): void {
    if (this.count === this.values.length) {
      const grown = new Int32Array(2 * this.count);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.count++] = line;
  }

  finish(): Int32Array {
    return this.values.slice(0, this.count);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
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
