import { statSync } from "node:fs";
import { extname } from "node:path";
import type { DataOutcome } from "../diagnostics/data-diagnostic.js";
import { refused } from "../diagnostics/data-diagnostic.js";
import { noMatchingFile, unreadableFile } from "../diagnostics/catalogue/data.js";
import { expandGlob, isGlob } from "./expand-glob.js";
import { readFailure } from "./read-failure.js";
import { isQuery } from "./read-query.js";

/** A file of data, by the form that its name says; or a query, whose text is its path. */
export interface DataFile {
  readonly path: string;
  readonly format: "csv" | "json" | "npy" | "npz" | "parquet" | "query" | "spreadsheet";
  /** Compressed by gzip. */
  readonly packed: boolean;
  readonly bytes: number;
}

/** Standard input, among the arguments. */
export const STANDARD_INPUT = "-";

/** The files that paths and patterns name; standard input is none. */
export function findDataFiles(paths: readonly string[]): DataOutcome<readonly DataFile[]> {
  const files: DataFile[] = [];
  for (const path of paths) {
    const found = filesOf(path);
    if (found.length === 0) return refused(noMatchingFile({ file: path }, {}));
    for (const each of found) {
      const file = describeFile(each);
      if (file.kind === "refused") return file;
      files.push(file.value);
    }
  }
  return { kind: "ready", value: files };
}

/** The files that an argument stands for. */
export function filesOf(path: string): readonly string[] {
  return path !== STANDARD_INPUT && !isQuery(path) && isGlob(path) ? expandGlob(path) : [path];
}

export function describeFile(path: string): DataOutcome<DataFile> {
  if (isQuery(path)) return { kind: "ready", value: { path, format: "query", packed: false, bytes: 0 } };
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return refused(unreadableFile({ file: path }, { reason: "it is a folder" }));
    return { kind: "ready", value: { path, ...formOf(path), bytes: stats.size } };
  } catch (error) {
    const reason = readFailure(error);
    if (reason === undefined) throw error;
    return refused(unreadableFile({ file: path }, { reason }));
  }
}

function formOf(path: string): Pick<DataFile, "format" | "packed"> {
  const packed = extname(path).toLowerCase() === ".gz";
  switch (extname(packed ? path.slice(0, -3) : path).toLowerCase()) {
    case ".npy":
      return { format: "npy", packed };
    case ".npz":
      return { format: "npz", packed };
    case ".jsonl":
    case ".ndjson":
    case ".json":
      return { format: "json", packed };
    case ".parquet":
      return { format: "parquet", packed };
    case ".xlsx":
    case ".xls":
      return { format: "spreadsheet", packed };
    default:
      return { format: "csv", packed };
  }
}
