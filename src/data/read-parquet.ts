import { open, stat, type FileHandle } from "node:fs/promises";
import type { AsyncBuffer, FileMetaData, RowGroup, SchemaTree } from "hyparquet";
import type { DataOutcome } from "../diagnostics/data-diagnostic.js";
import { refused } from "../diagnostics/data-diagnostic.js";
import { invalidParquet, unreadableFile } from "../diagnostics/catalogue/data.js";
import { columnsFrom, type Decoded, isWanted } from "./columns-from-pieces.js";
import { concatenateTables } from "./concatenate-tables.js";
import { parquetCompressors } from "./parquet-compressors.js";
import { readFailure } from "./read-failure.js";
import { numberColumn, type Column, type Table } from "./table.js";

/** Reads a whole file. */
export async function readParquet(file: string): Promise<DataOutcome<Table>> {
  const tables: Table[] = [];
  for await (const block of parquetBlocks(file, Infinity)) {
    if (block.kind === "refused") return block;
    tables.push(block.value);
  }
  return { kind: "ready", value: concatenateTables(tables) };
}

/**
 * Reads a file one row group after the other, each in tables of at most so many values. Numbers and booleans are numbers,
 * dates and text are text, and the entries of lists become columns of their own, as in JSON lines.
 */
export async function* parquetBlocks(
  file: string,
  valuesInBlock: number,
  wanted?: ReadonlySet<string>,
): AsyncGenerator<DataOutcome<Table>> {
  let handle: FileHandle | undefined;
  try {
    const { parquetMetadataAsync, parquetSchema } = await import("hyparquet");
    handle = await open(file);
    const buffer = bufferOf(handle, (await stat(file)).size);
    const metadata = await parquetMetadataAsync(buffer);
    const fields = parquetSchema(metadata).children.filter(({ element }) => isWanted(element.name, wanted));
    const names = fields.map(({ element }) => element.name);
    let rowsBefore = 0;
    for (const group of metadata.row_groups) {
      const rows = Number(group.num_rows);
      const plain = await plainNumbers(buffer, group, fields);
      const others = names.filter((name) => !plain.has(name));
      const values = await readRows(buffer, metadata, others, rowsBefore, rows);
      const columns: Column[] = [];
      for (const name of names) {
        const numbers = plain.get(name);
        if (numbers !== undefined) {
          columns.push(numberColumn(name, numbers));
          continue;
        }
        const made = columnsFrom(name, values.get(name) ?? [], rows);
        if (typeof made === "string") return yield refused(invalidParquet({ file, column: name }, { reason: made }));
        columns.push(...made);
      }
      const step = Math.max(1, Math.floor(valuesInBlock / Math.max(1, columns.length)));
      for (let from = 0; from < rows; from += step) {
        const count = Math.min(step, rows - from);
        const part = columns.map((column) => rowsOf(column, from, count));
        const source = { file, firstRow: 0, rows: count, rowsBefore: rowsBefore + from };
        yield { kind: "ready", value: { columns: part, rows: count, sources: [source] } };
      }
      rowsBefore += rows;
    }
    if (rowsBefore === 0) {
      const source = { file, firstRow: 0, rows: 0 };
      const columns = names.map((name) => numberColumn(name, new Float64Array(0)));
      yield { kind: "ready", value: { columns, rows: 0, sources: [source] } };
    }
  } catch (error) {
    const failure = readFailure(error);
    if (failure !== undefined) yield refused(unreadableFile({ file }, { reason: failure }));
    else if (error instanceof Error) yield refused(invalidParquet({ file }, { reason: clauseOf(error.message) }));
    else throw error;
  } finally {
    await handle?.close();
  }
}

/** What hyparquet reads from: parts of the file, when they are needed. */
function bufferOf(handle: FileHandle, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const bytes = new Uint8Array(end - start);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
      if (bytesRead < bytes.length) throw new Error("it ends within its data");
      return bytes.buffer;
    },
  };
}

/** Columns of a row group that are plain numbers, read without a detour. */
async function plainNumbers(
  file: AsyncBuffer,
  { columns, num_rows: rows }: RowGroup,
  fields: readonly SchemaTree[],
): Promise<ReadonlyMap<string, Float64Array>> {
  const [compressors, { isPlainNumbers, readNumbers }] = await Promise.all([
    parquetCompressors(),
    import("./parquet-numbers.js"),
  ]);
  const found = new Map<string, Float64Array>();
  for (const field of fields) {
    const { name, repetition_type: repetition } = field.element;
    const about = columns.find(
      ({ meta_data: each }) => each?.path_in_schema.length === 1 && each.path_in_schema[0] === name,
    );
    const chunk = about?.meta_data;
    if (chunk === undefined || about?.file_path !== undefined || !isPlainNumbers(field, chunk)) continue;
    const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
    const bytes = new Uint8Array(await file.slice(start, start + Number(chunk.total_compressed_size)));
    found.set(name, readNumbers(bytes, chunk, Number(rows), repetition === "OPTIONAL", compressors));
  }
  return found;
}

/** The pieces of each column over some rows, in order. */
async function readRows(
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: string[],
  rowStart: number,
  rows: number,
): Promise<ReadonlyMap<string, readonly Decoded[]>> {
  if (columns.length === 0) return new Map();
  const [{ parquetRead }, compressors] = await Promise.all([import("hyparquet"), parquetCompressors()]);
  const pieces = new Map<string, { readonly rowStart: number; readonly data: Decoded }[]>();
  await parquetRead({
    file,
    metadata,
    columns,
    rowStart,
    rowEnd: rowStart + rows,
    compressors,
    onChunk({ columnName, columnData, rowStart: at }) {
      const known = pieces.get(columnName);
      const piece = { rowStart: at, data: columnData as Decoded };
      if (known === undefined) pieces.set(columnName, [piece]);
      else known.push(piece);
    },
  });
  return new Map(
    [...pieces].map(([name, parts]) => [name, parts.sort((a, b) => a.rowStart - b.rowStart).map(({ data }) => data)]),
  );
}

function rowsOf({ name, values, text }: Column, from: number, count: number): Column {
  const part = values.subarray(from, from + count);
  if (text === undefined) return { name, values: part };
  return { name, values: part, text: { codes: text.codes.subarray(from, from + count), distinct: text.distinct } };
}

/** A message of a library as a part of a sentence. */
function clauseOf(message: string): string {
  return message.replace(/^parquet /, "").replace(/\.$/, "");
}
