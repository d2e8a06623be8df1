import type { DataDiagnostic, DataOutcome } from "../../src/diagnostics/data-diagnostic.js";
import { readCsv } from "../../src/data/read-csv.js";
import { textAt, type Column, type Table } from "../../src/data/table.js";

export function readyValue<T>(outcome: DataOutcome<T>): T {
  if (outcome.kind === "ready") return outcome.value;
  throw new Error(`refused: ${JSON.stringify(outcome.diagnostics)}`);
}

export function problemsOf(outcome: DataOutcome<unknown>): readonly DataDiagnostic[] {
  return outcome.kind === "refused" ? outcome.diagnostics : [];
}

export async function csv(text: string): Promise<Table> {
  return readyValue(await readCsv("rows.csv", [text]));
}

/** Cells as a person reads them: numbers, text, null where missing. */
export function cellsOf(column: Column): readonly (number | string | null)[] {
  return [...column.values].map((value, row) => textAt(column, row) ?? (Number.isNaN(value) ? null : value));
}

export function contentOf(table: Table): Readonly<Record<string, readonly (number | string | null)[]>> {
  return Object.fromEntries(table.columns.map((column) => [column.name, cellsOf(column)]));
}
