import { createReadStream, readFileSync } from "node:fs";
import { basename } from "node:path";
import { createGunzip } from "node:zlib";
import type { DataDiagnostic, DataOutcome } from "../diagnostics/data-diagnostic.js";
import { refused } from "../diagnostics/data-diagnostic.js";
import { noMatchingFile, noRows, unreadableFile, unsupportedFormat } from "../diagnostics/catalogue/data.js";
import { columnProblems } from "./column-problems.js";
import { concatenateTables } from "./concatenate-tables.js";
import { describeFile, filesOf, STANDARD_INPUT } from "./data-files.js";
import { readCsv } from "./read-csv.js";
import { readFailure } from "./read-failure.js";
import { readJsonLines } from "./read-json-lines.js";
import { readNpy } from "./read-npy.js";
import { readNpz } from "./read-npz.js";
import { readParquet } from "./read-parquet.js";
import { readQuery } from "./read-query.js";
import { tablePlace, type Table } from "./table.js";

/** What is read of a file at once. */
const CHUNK_BYTES = 1 << 20;

/**
 * Reads one or several files as one table: each argument is a path, a pattern, a query,
 * or `-` for CSV on standard input.
 *
 * @param input standard input, as chunks of UTF-8
 */
export async function readTable(
  paths: readonly string[],
  input: () => AsyncIterable<string | Uint8Array>,
): Promise<DataOutcome<Table>> {
  const tables: Table[] = [];
  const diagnostics: DataDiagnostic[] = [];
  for (const path of paths) {
    const found = filesOf(path);
    if (found.length === 0) return refused(noMatchingFile({ file: path }, {}));
    for (const file of found) {
      const table = await readFile(file, input);
      if (table.kind === "ready") tables.push(table.value);
      else diagnostics.push(...table.diagnostics);
    }
  }
  diagnostics.push(...tables.slice(1).flatMap((table) => columnProblems(tables[0], table)));
  if (diagnostics.length > 0) return { kind: "refused", diagnostics };
  const whole = concatenateTables(tables);
  return whole.rows === 0 ? refused(noRows(tablePlace(whole), {})) : { kind: "ready", value: whole };
}

async function readFile(path: string, input: () => AsyncIterable<string | Uint8Array>): Promise<DataOutcome<Table>> {
  if (path === STANDARD_INPUT) return readCsv("standard input", input());
  const file = describeFile(path);
  if (file.kind === "refused") return file;
  const { format, packed } = file.value;
  const bytes = (): AsyncIterable<Uint8Array> => {
    const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES });
    return packed ? stream.pipe(createGunzip()) : stream;
  };
  try {
    switch (format) {
      case "npy":
        return readNpy(path, readFileSync(path), basename(path, ".npy"));
      case "npz":
        return readNpz(path, readFileSync(path));
      case "json":
        return await readJsonLines(path, decoded(bytes()));
      case "parquet":
        return await readParquet(path);
      case "query":
        return await readQuery(path);
      case "spreadsheet":
        return refused(unsupportedFormat({ file: path }, { format: "Spreadsheet" }));
      case "csv":
        return await readCsv(path, bytes());
    }
  } catch (error) {
    const reason = readFailure(error);
    if (reason === undefined) throw error;
    return refused(unreadableFile({ file: path }, { reason }));
  }
}

async function* decoded(chunks: AsyncIterable<string | Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const chunk of chunks) yield typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}
