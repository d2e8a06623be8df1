import type { Column } from "./table.js";

/** Collects the cells of one column, in whatever mixture of numbers, text and gaps they come. */
export interface ColumnBuilder {
  readonly name: string;
  /** A cell as text: empty, `NA` and `NaN` are missing; a number is a number; the rest is text. */
  addText(cell: string): void;
  /** NaN: missing. */
  addNumber(value: number): void;
  /** Text that is not to be read as a number: a quoted JSON string. */
  addLabel(text: string): void;
  finish(): Column;
}

/** @param capacity rows that it has room for at first */
export function createColumn(name: string, capacity = 64): ColumnBuilder {
  let values = new Float64Array(capacity);
  let codes: Int32Array | undefined;
  let rows = 0;
  const codeOf = new Map<string, number>();

  const add = (value: number, code: number): void => {
    if (rows === values.length) {
      values = grow(values, new Float64Array(2 * rows));
      if (codes !== undefined) codes = grow(codes, new Int32Array(2 * rows).fill(-1));
    }
    values[rows] = value;
    if (code >= 0) {
      codes ??= new Int32Array(values.length).fill(-1);
      codes[rows] = code;
    }
    rows++;
  };
  const addLabel = (text: string): void => {
    let code = codeOf.get(text);
    if (code === undefined) {
      code = codeOf.size;
      codeOf.set(text, code);
    }
    add(NaN, code);
  };

  return {
    name,
    addNumber: (value) => add(value, -1),
    addLabel,
    addText(cell) {
      const trimmed = cell.trim();
      const value = numberFrom(trimmed);
      if (value === undefined) addLabel(trimmed);
      else add(value, -1);
    },
    finish: () => ({
      name,
      values: values.slice(0, rows),
      ...(codes === undefined ? {} : { text: { codes: codes.slice(0, rows), distinct: [...codeOf.keys()] } }),
    }),
  };
}

function grow<A extends Float64Array | Int32Array>(from: A, into: A): A {
  into.set(from);
  return into;
}

const missing = new Set(["", "NA", "NaN", "nan", "NAN"]);
const infinite = /^([+-]?)inf(?:inity)?$/i;

/** The number that a trimmed cell says: NaN where it is missing, undefined where it is text. */
export function numberFrom(cell: string): number | undefined {
  if (missing.has(cell)) return NaN;
  const value = Number(cell);
  // `Number` also reads 0x1F, 0o17 and 0b11, which in a data file are text.
  if (!Number.isNaN(value)) return /^[+-]?0[xob]/i.test(cell) ? undefined : value;
  const match = infinite.exec(cell);
  if (match === null) return undefined;
  return match[1] === "-" ? -Infinity : Infinity;
}
