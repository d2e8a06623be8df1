import { createReadStream, readFileSync, statSync } from "node:fs";
import { basename, extname } from "node:path";
import { createGunzip } from "node:zlib";
import type { DataDiagnostic, DataOutcome } from "../diagnostics/data-diagnostic.js";
import { refused } from "../diagnostics/data-diagnostic.js";
import {
  columnsDiffer,
  noMatchingFile,
  noRows,
  unreadableFile,
  unsupportedFormat,
} from "../diagnostics/catalogue/data.js";
import { concatenateTables } from "./concatenate-tables.js";
import { expandGlob, isGlob } from "./expand-glob.js";
import { readCsv } from "./read-csv.js";
import { readJsonLines } from "./read-json-lines.js";
import { readNpy } from "./read-npy.js";
import { readNpz } from "./read-npz.js";
import { tablePlace, type Table } from "./table.js";
import { readFailure } from "./read-failure.js";

/** What is read of a file at once. */
const CHUNK_BYTES = 1 << 20;

/**
 * Reads one or several files as one table: each argument is a path, a pattern, or `-` for CSV on standard input.
 *
 * @param input standard input, as chunks of UTF-8
 */
export async function readTable(
  paths: readonly string[],
  input: () => AsyncIterable<string | Uint8Array>,
): Promise<DataOutcome<Table>> {
  const files: string[] = [];
  for (const path of paths) {
    const found = path !== "-" && isGlob(path) ? expandGlob(path) : [path];
    if (found.length === 0) return refused(noMatchingFile({ file: path }, {}));
    files.push(...found);
  }
  const tables: Table[] = [];
  const diagnostics: DataDiagnostic[] = [];
  for (const file of files) {
    const table = await readFile(file, input);
    if (table.kind === "ready") tables.push(table.value);
    else diagnostics.push(...table.diagnostics);
  }
  diagnostics.push(...tables.slice(1).flatMap((table) => columnProblems(tables[0], table)));
  if (diagnostics.length > 0) return { kind: "refused", diagnostics };
  const whole = concatenateTables(tables);
  return whole.rows === 0 ? refused(noRows(tablePlace(whole), {})) : { kind: "ready", value: whole };
}

async function readFile(file: string, input: () => AsyncIterable<string | Uint8Array>): Promise<DataOutcome<Table>> {
  if (file === "-") return readCsv("standard input", input());
  try {
    if (statSync(file).isDirectory()) return refused(unreadableFile({ file }, { reason: "it is a folder" }));
    const packed = extname(file).toLowerCase() === ".gz";
    const extension = extname(packed ? file.slice(0, -3) : file).toLowerCase();
    const bytes = (): AsyncIterable<Uint8Array> => {
      const stream = createReadStream(file, { highWaterMark: CHUNK_BYTES });
      return packed ? stream.pipe(createGunzip()) : stream;
    };
    switch (extension) {
      case ".npy":
        return readNpy(file, readFileSync(file), basename(file, ".npy"));
      case ".npz":
        return readNpz(file, readFileSync(file));
      case ".jsonl":
      case ".ndjson":
      case ".json":
        return await readJsonLines(file, decoded(bytes()));
      case ".parquet":
        return refused(unsupportedFormat({ file }, { format: "Parquet" }));
      case ".xlsx":
      case ".xls":
        return refused(unsupportedFormat({ file }, { format: "Spreadsheet" }));
      default:
        return await readCsv(file, bytes());
    }
  } catch (error) {
    const reason = readFailure(error);
    if (reason === undefined) throw error;
    return refused(unreadableFile({ file }, { reason }));
  }
}

async function* decoded(chunks: AsyncIterable<string | Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const chunk of chunks) yield typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

function columnProblems(first: Table, table: Table): readonly DataDiagnostic[] {
  const wanted = first.columns.map((column) => column.name);
  const found = table.columns.map((column) => column.name);
  const missing = wanted.filter((name) => !found.includes(name));
  const extra = found.filter((name) => !wanted.includes(name));
  if (missing.length + extra.length === 0) return [];
  return [columnsDiffer(tablePlace(table), { first: tablePlace(first).file, missing, extra })];
}
