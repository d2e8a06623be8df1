import { DataError } from "../errors.js";
import { product } from "../extents.js";

export type Label = string | number;

/** A TensorFlow.js tensor, by what is used of it: the run time never imports the library to read one. */
export interface TensorLike {
  readonly shape: readonly number[];
  dataSync(): ArrayLike<number>;
  data(): Promise<ArrayLike<number>>;
}

/** Row-major values with their shape; a `NamedTensor` is one. */
export interface ShapedValues {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export type NumericTypedArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray;

/** One entry of a nested array; `null` and `undefined` are missing, labels are for categories only. */
export type Entry = number | string | boolean | null | undefined;
export type NestedEntries = readonly (Entry | NestedEntries | NumericTypedArray)[];

/** One variable's values, rows first. */
export type Column = NumericTypedArray | NestedEntries | TensorLike | ShapedValues;

/** Values as read, before they are checked against the variable: missing entries are NaN. */
export interface RawColumn {
  readonly shape: readonly number[];
  readonly values: Float64Array;
  /** Where some entry is a string: all entries, in the same order; undefined where missing. */
  readonly labels?: readonly (Label | undefined)[];
}

export function isTensorLike(value: unknown): value is TensorLike {
  return (
    typeof value === "object" &&
    value !== null &&
    "dataSync" in value &&
    typeof value.dataSync === "function" &&
    "shape" in value &&
    Array.isArray(value.shape)
  );
}

export function isNumericTypedArray(value: unknown): value is NumericTypedArray {
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof DataView) &&
    !(value instanceof BigInt64Array) &&
    !(value instanceof BigUint64Array)
  );
}

export function isShapedValues(value: unknown): value is ShapedValues {
  return (
    typeof value === "object" &&
    value !== null &&
    "shape" in value &&
    Array.isArray(value.shape) &&
    "data" in value &&
    (isNumericTypedArray(value.data) || Array.isArray(value.data))
  );
}

/** Reads one variable's values in any of the accepted forms. Throws `DataError`. */
export async function readColumn(variable: string, column: unknown): Promise<RawColumn> {
  if (isNumericTypedArray(column)) return { shape: [column.length], values: new Float64Array(column) };
  if (isTensorLike(column)) {
    // `data()` does not block a GPU backend.
    const values = typeof column.data === "function" ? await column.data() : column.dataSync();
    return shaped(variable, column.shape, Float64Array.from(values));
  }
  if (isShapedValues(column)) {
    const { data } = column;
    return shaped(variable, column.shape, isNumericTypedArray(data) ? new Float64Array(data) : Float64Array.from(data));
  }
  if (Array.isArray(column)) return readNested(variable, column);
  throw new DataError(
    "type",
    `\`${variable}\`: expected an array, a typed array or a tensor, found ${textOf(column)}.`,
    {
      variable,
    },
  );
}

function shaped(variable: string, shape: readonly number[], values: Float64Array): RawColumn {
  if (shape.length === 0 || product(shape) !== values.length) {
    throw new DataError(
      "shape",
      `\`${variable}\`: shape [${shape.join(", ")}] does not go with ${values.length} values; the first dimension is the rows.`,
      { variable },
    );
  }
  return { shape, values };
}

function readNested(variable: string, rows: readonly unknown[]): RawColumn {
  const shape: number[] = [rows.length];
  for (let inner: unknown = rows[0]; Array.isArray(inner) || isNumericTypedArray(inner); inner = inner[0]) {
    shape.push(inner.length);
  }
  const total = product(shape);
  const width = rows.length === 0 ? 0 : total / rows.length;
  const values = new Float64Array(total);
  let labels: (Label | undefined)[] | undefined;
  let position = 0;
  const ragged = (row: number, depth: number, found: unknown): DataError => {
    const expected = depth === shape.length ? "a number" : `${shape[depth]} values`;
    return new DataError(
      "shape",
      `\`${variable}\`, row ${row}: expected ${expected} as in the first row, found ${textOf(found)}.`,
      { variable, row },
    );
  };
  const visit = (value: unknown, depth: number, row: number): void => {
    if (Array.isArray(value) || isNumericTypedArray(value)) {
      if (value.length !== shape[depth]) throw ragged(row, depth, value);
      for (let i = 0; i < value.length; i++) visit(value[i], depth + 1, depth === 0 ? i : row);
      return;
    }
    if (depth !== shape.length) throw ragged(row, depth, value);
    if (typeof value === "number") values[position] = value;
    else if (value === null || value === undefined) values[position] = NaN;
    else if (typeof value === "boolean") values[position] = value ? 1 : 0;
    else if (typeof value === "string") {
      labels ??= Array.from<Label | undefined>({ length: total });
      labels[position] = value;
      values[position] = NaN;
    } else {
      const column = position - row * width;
      throw new DataError("type", `\`${variable}\`, row ${row}: expected a number, found ${textOf(value)}.`, {
        variable,
        row,
        column,
      });
    }
    position++;
  };
  visit(rows, 0, 0);
  if (labels === undefined) return { shape, values };
  // A column that mixes strings and numbers: all entries are labels.
  const all = labels.map((label, i) => label ?? (Number.isNaN(values[i]) ? undefined : values[i]));
  return { shape, values, labels: all };
}

function textOf(value: unknown): string {
  if (Array.isArray(value) || isNumericTypedArray(value)) return `${value.length} values`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
