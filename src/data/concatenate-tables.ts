import type { Column, Table, TableSource } from "./table.js";

/** One table from several with the same column names; the order of columns is the first's. */
export function concatenateTables(tables: readonly Table[]): Table {
  if (tables.length === 1) return tables[0];
  const sources: TableSource[] = [];
  let rows = 0;
  for (const table of tables) {
    sources.push(...table.sources.map((source) => ({ ...source, firstRow: source.firstRow + rows })));
    rows += table.rows;
  }
  const columns = tables[0].columns.map((first) => {
    const parts = tables.map((table) => table.columns.find((column) => column.name === first.name) ?? first);
    return concatenateColumns(parts, rows);
  });
  return { columns, rows, sources };
}

function concatenateColumns(parts: readonly Column[], rows: number): Column {
  const values = new Float64Array(rows);
  const codes = new Int32Array(rows).fill(-1);
  const codeOf = new Map<string, number>();
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    const recoded = (part.text?.distinct ?? []).map((text) => {
      const code = codeOf.get(text) ?? codeOf.size;
      codeOf.set(text, code);
      return code;
    });
    part.text?.codes.forEach((code, row) => {
      if (code >= 0) codes[at + row] = recoded[code];
    });
    at += part.values.length;
  }
  const { name } = parts[0];
  return codeOf.size === 0 ? { name, values } : { name, values, text: { codes, distinct: [...codeOf.keys()] } };
}
