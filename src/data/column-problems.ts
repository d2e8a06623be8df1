import type { DataDiagnostic } from "../diagnostics/data-diagnostic.js";
import { columnsDiffer } from "../diagnostics/catalogue/data.js";
import { tablePlace, type Table } from "./table.js";

/** What keeps a table from being read together with a first one: they need the same columns. */
export function columnProblems(first: Table, table: Table): readonly DataDiagnostic[] {
  const wanted = first.columns.map((column) => column.name);
  const found = table.columns.map((column) => column.name);
  const missing = wanted.filter((name) => !found.includes(name));
  const extra = found.filter((name) => !wanted.includes(name));
  if (missing.length + extra.length === 0) return [];
  return [columnsDiffer(tablePlace(table), { first: tablePlace(first).file, missing, extra })];
}
