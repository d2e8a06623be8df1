import { createColumn, type ColumnBuilder } from "./column-builder.js";
import { addCell, flattenCell, type Cell } from "./flat-cell.js";
import { numberColumn, type Column } from "./table.js";

/** Some values of a field, as a library decoded them. */
export type Decoded = ArrayLike<unknown>;

/** A field becomes the column of its name, or the columns of its entries. */
export function isWanted(field: string, wanted: ReadonlySet<string> | undefined): boolean {
  return wanted === undefined || [...wanted].some((name) => name === field || name.startsWith(`${field}[`));
}

/** The columns of one field; or what is wrong with it. */
export function columnsFrom(name: string, pieces: readonly Decoded[], rows: number): readonly Column[] | string {
  const length = pieces.reduce((total, piece) => total + piece.length, 0);
  if (length !== rows) return `it has ${length} values for ${rows} rows`;
  if (pieces.every(isNumeric)) {
    const values = new Float64Array(rows);
    let at = 0;
    for (const piece of pieces) {
      if (piece instanceof BigInt64Array || piece instanceof BigUint64Array) {
        for (let i = 0; i < piece.length; i++) values[at + i] = Number(piece[i]);
      } else values.set(piece, at);
      at += piece.length;
    }
    return [numberColumn(name, values)];
  }
  const columns = new Map<string, ColumnBuilder>();
  let row = 0;
  for (const piece of pieces) {
    for (let i = 0; i < piece.length; i++, row++) {
      const cells = new Map<string, Cell>();
      const problem = flattenCell(name, [], piece[i], cells);
      if (problem !== undefined) return problem;
      for (const each of cells.keys()) {
        if (columns.has(each)) continue;
        const column = createColumn(each, rows);
        for (let before = 0; before < row; before++) column.addNumber(NaN);
        columns.set(each, column);
      }
      for (const [each, column] of columns) addCell(column, cells.get(each) ?? null);
    }
  }
  const made = [...columns.values()].map((column) => column.finish());
  // A list that is missing is a missing value of each of its entries.
  return made.length > 1 ? made.filter((column) => column.name !== name || column.text !== undefined) : made;
}

function isNumeric(piece: Decoded): piece is NodeJS.TypedArray {
  return ArrayBuffer.isView(piece) && !(piece instanceof DataView);
}
