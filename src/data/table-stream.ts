import { createReadStream, statSync } from "node:fs";
import { basename } from "node:path";
import { createGunzip } from "node:zlib";
import type { DataDiagnostic, DataOutcome } from "../diagnostics/data-diagnostic.js";
import { refused } from "../diagnostics/data-diagnostic.js";
import { fileChanged, noRows, unreadableFile } from "../diagnostics/catalogue/data.js";
import { columnProblems } from "./column-problems.js";
import type { DataFile } from "./data-files.js";
import { npyBlocks } from "./npy-blocks.js";
import { CsvReader } from "./read-csv.js";
import { readFailure } from "./read-failure.js";
import { jsonLinesBlocks } from "./read-json-lines.js";
import { parquetBlocks } from "./read-parquet.js";
import { queryBlocks } from "./read-query.js";
import { tablePlace, type Table } from "./table.js";

/** What is read at once. */
export interface BlockSizes {
  /** Of arrays, Parquet and queries. */
  readonly values: number;
  /** Characters, of CSV and JSON lines. */
  readonly text: number;
}

const BLOCK_SIZES: BlockSizes = { values: 1 << 20, text: 8 << 20 };
const CHUNK_BYTES = 1 << 20;

/**
 * The rows of several files as a sequence of tables, which can be gone through as often as wanted; each table knows the
 * places of its rows in the files. A sequence ends with the first refusal.
 */
export class TableStream {
  private readonly stamps = new Map<string, FileStamp>();

  constructor(
    readonly files: readonly DataFile[],
    private readonly sizes: BlockSizes = BLOCK_SIZES,
  ) {}

  /** @param wanted columns that are needed: of Parquet, no others are read */
  async *open(wanted?: ReadonlySet<string>): AsyncGenerator<DataOutcome<Table>, void, undefined> {
    let first: Table | undefined;
    let rows = 0;
    for (const file of this.files) {
      for await (const block of this.blocksOf(file, wanted)) {
        if (block.kind === "refused") return yield block;
        first ??= withoutRows(block.value);
        const problems = columnProblems(first, block.value);
        if (problems.length > 0) return yield { kind: "refused", diagnostics: problems };
        rows += block.value.rows;
        if (block.value.rows > 0) yield block;
      }
    }
    if (rows === 0) yield refused(noRows(first === undefined ? { file: "" } : tablePlace(first), {}));
  }

  /** The blocks of one file, which must be the same file before and after, and in every pass. */
  private async *blocksOf(file: DataFile, wanted: ReadonlySet<string> | undefined): AsyncGenerator<DataOutcome<Table>> {
    const { path } = file;
    if (file.format === "query") return yield* queryBlocks(path, this.sizes.values, wanted);
    try {
      const known = this.stamps.get(path) ?? stampOf(path);
      this.stamps.set(path, known);
      const before = changed(path, known);
      if (before !== undefined) return yield refused(before);
      for await (const block of fileBlocks(file, this.sizes, wanted)) {
        // A file that was cut off ends with a broken row: that is not what is wrong with it.
        const change = block.kind === "refused" ? changed(path, known) : undefined;
        yield change === undefined ? block : refused(change);
      }
      const after = changed(path, known);
      if (after !== undefined) yield refused(after);
    } catch (error) {
      const reason = readFailure(error);
      if (reason === undefined) throw error;
      yield refused(unreadableFile({ file: path }, { reason }));
    }
  }
}

async function* fileBlocks(
  { path, format, packed }: DataFile,
  { values, text }: BlockSizes,
  wanted: ReadonlySet<string> | undefined,
): AsyncGenerator<DataOutcome<Table>> {
  const bytes = (): AsyncIterable<Uint8Array> => {
    const stream = createReadStream(path, { highWaterMark: Math.min(text, CHUNK_BYTES) });
    return packed ? stream.pipe(createGunzip()) : stream;
  };
  switch (format) {
    case "csv":
      return yield* csvBlocks(path, bytes(), text);
    case "json":
      return yield* jsonLinesBlocks(path, bytes(), text);
    case "parquet":
      return yield* parquetBlocks(path, values, wanted);
    case "npy":
      return yield* npyBlocks(path, basename(path, ".npy"), values);
    case "npz":
    case "query":
    case "spreadsheet":
      throw new Error(`${format} files are not read in blocks`);
  }
}

/** Delimited text in tables of about as many rows as so many characters hold. */
export async function* csvBlocks(
  file: string,
  chunks: AsyncIterable<string | Uint8Array>,
  textInBlock = BLOCK_SIZES.text,
): AsyncGenerator<DataOutcome<Table>> {
  const reader = new CsvReader(file, 1 << 14);
  let read = 0;
  for await (const chunk of chunks) {
    reader.push(chunk);
    read += chunk.length;
    // What is wrong is known in full at the end.
    if (reader.problems().length > 0) reader.forget();
    else if (read >= textInBlock && reader.rows > 0) {
      yield { kind: "ready", value: reader.take() };
      read = 0;
    }
  }
  reader.end();
  const diagnostics = reader.problems();
  yield diagnostics.length > 0 ? { kind: "refused", diagnostics } : { kind: "ready", value: reader.take() };
}

interface FileStamp {
  readonly bytes: number;
  readonly modified: number;
}

function stampOf(file: string): FileStamp {
  const { size, mtimeMs } = statSync(file);
  return { bytes: size, modified: mtimeMs };
}

function changed(file: string, known: FileStamp): DataDiagnostic | undefined {
  const now = stampOf(file);
  if (now.bytes !== known.bytes) {
    return fileChanged({ file }, { what: `it had ${known.bytes} bytes and now has ${now.bytes}` });
  }
  if (now.modified !== known.modified) return fileChanged({ file }, { what: "it was written to" });
  return undefined;
}

function withoutRows({ columns, sources }: Table): Table {
  return {
    columns: columns.map(({ name }) => ({ name, values: new Float64Array(0) })),
    rows: 0,
    sources: sources.map(({ file }) => ({ file, firstRow: 0, rows: 0 })),
  };
}
