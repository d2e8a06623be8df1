import type { DataOutcome } from "../diagnostics/data-diagnostic.js";
import { refused } from "../diagnostics/data-diagnostic.js";
import { invalidArrayFile } from "../diagnostics/catalogue/data.js";
import { createColumn } from "./column-builder.js";
import { numberColumn, type Column, type Table } from "./table.js";

/**
 * Reads a NumPy array (format versions 1 to 3): the first axis is rows, the others become columns in row-major order.
 *
 * @param name what the columns are called: `name` for a one-dimensional array, else `name[0]`, `name[1]`, …, `name[0,1]`
 * @source numpy.lib.format, NEP 1
 */
export function readNpy(file: string, bytes: Uint8Array, name: string): DataOutcome<Table> {
  const layout = npyLayout(file, bytes, bytes.length);
  if (layout.kind === "refused") return layout;
  const { start, rows, width, element, fortran } = layout.value;
  const stretch = rows * element.bytes;
  const parts = fortran
    ? Array.from({ length: width }, (_, j) => bytes.subarray(start + j * stretch, start + (j + 1) * stretch))
    : [bytes.subarray(start)];
  const columns = readNpyRows(layout.value, name, parts, rows);
  return { kind: "ready", value: { columns, rows, sources: [{ file, firstRow: 0, rows }] } };
}

/** How the elements of an array lie in its file. */
export interface NpyLayout {
  /** Where the elements begin. */
  readonly start: number;
  readonly rows: number;
  /** Elements in one row, and their shape. */
  readonly width: number;
  readonly shape: readonly number[];
  readonly fortran: boolean;
  readonly element: ElementReader;
}

/** @param bytes the beginning of a file of `size` bytes */
export function npyLayout(file: string, bytes: Uint8Array, size: number): DataOutcome<NpyLayout> {
  const bad = (reason: string): DataOutcome<never> => refused(invalidArrayFile({ file }, { reason }));
  if (bytes.length < 10 || String.fromCharCode(...bytes.subarray(0, 6)) !== "\x93NUMPY")
    return bad("it does not begin as one");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const longHeader = bytes[6] >= 2;
  if (bytes[6] < 1 || bytes[6] > 3) return bad(`format version ${bytes[6]}`);
  const start = longHeader ? 12 : 10;
  const length = longHeader ? view.getUint32(8, true) : view.getUint16(8, true);
  if (start + length > bytes.length) return bad("it ends within its header");
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));

  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1] === "True";
  const shapeText = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || shapeText === undefined) return bad("its header names no plain element type and shape");
  const shape = (shapeText.match(/\d+/g) ?? []).map(Number);
  if (shape.length === 0) return bad("it is a single number, without rows");

  const element = elementReader(descr);
  if (element === undefined) return bad(`elements of type \`${descr}\``);
  const [rows, ...own] = shape;
  const width = own.reduce((product, extent) => product * extent, 1);
  if (start + length + rows * width * element.bytes > size) return bad("it ends before its last element");
  return { kind: "ready", value: { start: start + length, rows, width, shape: own, fortran, element } };
}

/**
 * The columns of some rows.
 *
 * @param parts the bytes of the rows; in Fortran order one stretch for each column, in that order
 */
export function readNpyRows(
  { width, shape, fortran, element }: NpyLayout,
  name: string,
  parts: readonly Uint8Array[],
  rows: number,
): readonly Column[] {
  const views = parts.map((part) => new DataView(part.buffer, part.byteOffset, part.byteLength));
  return Array.from({ length: width }, (_, j) => {
    const index = unravel(j, shape);
    const columnName = index.length === 0 ? name : `${name}[${index.join(",")}]`;
    const offsetOf = (row: number): number => (fortran ? row : row * width + j) * element.bytes;
    return readColumn(columnName, rows, views[fortran ? ravelFortran(index, shape) : 0], element, offsetOf);
  });
}

export interface ElementReader {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number | string;
}

function readColumn(
  name: string,
  rows: number,
  view: DataView,
  element: ElementReader,
  offsetOf: (row: number) => number,
): Column {
  const builder = createColumn(name);
  const values = new Float64Array(rows);
  let textual = false;
  for (let row = 0; row < rows; row++) {
    const value = element.read(view, offsetOf(row));
    if (typeof value === "number") values[row] = value;
    else {
      textual = true;
      builder.addText(value);
    }
  }
  return textual ? builder.finish() : numberColumn(name, values);
}

function elementReader(descr: string): ElementReader | undefined {
  const little = descr[0] !== ">";
  const kind = descr.slice(1);
  switch (kind) {
    case "f8":
      return { bytes: 8, read: (view, at) => view.getFloat64(at, little) };
    case "f4":
      return { bytes: 4, read: (view, at) => view.getFloat32(at, little) };
    case "i8":
      return { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, little)) };
    case "u8":
      return { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, little)) };
    case "i4":
      return { bytes: 4, read: (view, at) => view.getInt32(at, little) };
    case "u4":
      return { bytes: 4, read: (view, at) => view.getUint32(at, little) };
    case "i2":
      return { bytes: 2, read: (view, at) => view.getInt16(at, little) };
    case "u2":
      return { bytes: 2, read: (view, at) => view.getUint16(at, little) };
    case "i1":
      return { bytes: 1, read: (view, at) => view.getInt8(at) };
    case "u1":
    case "b1":
      return { bytes: 1, read: (view, at) => view.getUint8(at) };
    default:
      return textReader(kind, little);
  }
}

/** `U5`: five code points of four bytes; `S5`: five bytes. Both padded with zeros. */
function textReader(kind: string, little: boolean): ElementReader | undefined {
  const match = /^([US])(\d+)$/.exec(kind);
  if (match === null) return undefined;
  const [, unit, length] = match;
  const step = unit === "U" ? 4 : 1;
  return {
    bytes: step * Number(length),
    read(view, at) {
      let text = "";
      for (let i = 0; i < Number(length); i++) {
        const code = step === 4 ? view.getUint32(at + 4 * i, little) : view.getUint8(at + i);
        if (code !== 0) text += String.fromCodePoint(code);
      }
      return text;
    },
  };
}

function unravel(position: number, shape: readonly number[]): readonly number[] {
  const index: number[] = [];
  let rest = position;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return index;
}

function ravelFortran(index: readonly number[], shape: readonly number[]): number {
  let at = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) at = at * shape[axis] + index[axis];
  return at;
}
