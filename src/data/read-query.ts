import type { DataOutcome } from "../diagnostics/data-diagnostic.js";
import { refused } from "../diagnostics/data-diagnostic.js";
import { failedQuery, noDatabase } from "../diagnostics/catalogue/data.js";
import { columnsFrom, isWanted, type Decoded } from "./columns-from-pieces.js";
import { concatenateTables } from "./concatenate-tables.js";
import { optionalPackage } from "./optional-package.js";
import { numberColumn, type Column, type Table } from "./table.js";

/** What of the package @duckdb/node-api is used. */
interface DuckDb {
  readonly DuckDBInstance: { create(path: string): Promise<Instance> };
  readonly JSDuckDBValueConverter: object;
}

interface Instance {
  connect(): Promise<Connection>;
  closeSync(): void;
}

interface Connection {
  stream(sql: string): Promise<Result>;
  closeSync(): void;
}

interface Result {
  columnNames(): readonly string[];
  columnTypes(): readonly { toString(): string }[];
  fetchChunk(): Promise<Chunk | null>;
}

interface Chunk {
  readonly rowCount: number;
  getColumnVector(column: number): Vector;
  convertColumnValues(column: number, converter: object): readonly unknown[];
}

/** Numbers as they lie in a chunk, and which of them are there. */
interface Vector {
  readonly items: ArrayLike<number> | ArrayLike<bigint>;
  readonly validity: { itemValid(row: number): boolean };
}

const PACKAGE = "@duckdb/node-api";

/** Is it a query, and not a path? */
export function isQuery(text: string): boolean {
  return /^\s*(?:select|from|with|values|pivot|unpivot)\s/i.test(text);
}

/** Reads all rows of a query. */
export async function readQuery(sql: string): Promise<DataOutcome<Table>> {
  const tables: Table[] = [];
  for await (const block of queryBlocks(sql, Infinity)) {
    if (block.kind === "refused") return block;
    tables.push(block.value);
  }
  return { kind: "ready", value: concatenateTables(tables) };
}

/**
 * The rows of a query in tables of about so many values. NULL is a missing value, booleans are 0 and 1, decimals and large
 * integers are numbers, dates and text are text, and the entries of lists become columns of their own.
 *
 * @param wanted columns that are needed
 */
export async function* queryBlocks(
  sql: string,
  valuesInBlock: number,
  wanted?: ReadonlySet<string>,
): AsyncGenerator<DataOutcome<Table>> {
  const file = queryName(sql);
  const database = (await optionalPackage(PACKAGE)) as DuckDb | undefined;
  if (database === undefined) return yield refused(noDatabase({ file }, { package: PACKAGE }));
  const instance = await database.DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const result = await connection.stream(sql.replace(/[;\s]+$/, ""));
    const types = result.columnTypes().map(String);
    const fields = result.columnNames().map((name, column) => ({ name, column, isNumber: PLAIN.has(types[column]) }));
    const needed = fields.filter(({ name }) => isWanted(name, wanted));
    let rowsBefore = 0;
    let rows = 0;
    let pieces: Decoded[][] = needed.map(() => []);
    const take = (): DataOutcome<Table> => {
      const columns: Column[] = [];
      for (const [i, { name }] of needed.entries()) {
        const made = rows === 0 ? [numberColumn(name, new Float64Array(0))] : columnsFrom(name, pieces[i], rows);
        if (typeof made === "string") return refused(failedQuery({ file, column: name }, { reason: made }));
        columns.push(...made);
      }
      const table = { columns, rows, sources: [{ file, firstRow: 0, rows, rowsBefore }] };
      rowsBefore += rows;
      rows = 0;
      pieces = needed.map(() => []);
      return { kind: "ready", value: table };
    };
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      for (const [i, { column, isNumber }] of needed.entries()) {
        pieces[i].push(
          isNumber
            ? numbersOf(chunk.getColumnVector(column), chunk.rowCount)
            : chunk.convertColumnValues(column, database.JSDuckDBValueConverter),
        );
      }
      rows += chunk.rowCount;
      if (rows * needed.length >= valuesInBlock) yield take();
    }
    if (rows > 0 || rowsBefore === 0) yield take();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    yield refused(failedQuery({ file }, { reason: clauseOf(error.message) }));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Types whose vectors hold the numbers themselves. */
const PLAIN: ReadonlySet<string> = new Set([
  ...["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE"],
]);

/** A copy: the chunk's memory is not ours. */
function numbersOf(vector: Vector, rows: number): Float64Array {
  const { items } = vector;
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++) values[row] = vector.validity.itemValid(row) ? Number(items[row]) : NaN;
  return values;
}

/** How messages name a query: its beginning, on one line. */
function queryName(sql: string): string {
  const line = sql.trim().replace(/\s+/g, " ");
  return line.length <= 60 ? line : `${line.slice(0, 59)}…`;
}

/** A message of DuckDB as a part of a sentence, without the picture of the place. */
function clauseOf(message: string): string {
  return message.split("\n\n")[0].replace(/\s+/g, " ").replace(/[.!]$/, "");
}
