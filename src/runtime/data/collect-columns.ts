import type { ModelDescription, VariableDescription } from "../description.js";
import { DataError } from "../errors.js";
import { formOf } from "./batches.js";
import type { Column, Label, RawColumn } from "./raw-column.js";
import { isNumericTypedArray, isShapedValues, isTensorLike, readColumn } from "./raw-column.js";

/** Values by variable; or, with one observed variable and nothing given, its values themselves. */
export type Batch = Column | Readonly<Record<string, Column | undefined>>;
/** Batches as an iterable, or as a function that returns one: `() => readBatches(file)`. */
export type BatchSource =
  Batch | Iterable<Batch> | AsyncIterable<Batch> | (() => Iterable<Batch> | AsyncIterable<Batch>);

/** Columns of all batches together, and how many entries the first column of each batch had that has one per row. */
export interface CollectedColumns {
  readonly columns: Map<string, RawColumn>;
  readonly batchRows: readonly number[];
}

/** Reads all batches and joins them. Names that the model does not know are an error, as they are likely misspelt. */
export async function collectColumns(
  description: ModelDescription,
  wanted: readonly VariableDescription[],
  data: unknown,
  weights: unknown,
): Promise<CollectedColumns> {
  const batchRows: number[] = [];
  const weightVariable = description.variables.find(({ role }) => role === "weight");
  const parts = new Map<string, RawColumn[]>();
  for await (const batch of batchesOf(data)) {
    const columns = columnsOf(description, wanted, batch, weightVariable?.name);
    let rows = 0;
    for (const [name, column] of columns) {
      const read = await readColumn(name, column);
      if (rows === 0 && description.sequences?.perSequence.includes(name) !== true && name !== weightVariable?.name) {
        [rows] = read.shape;
      }
      const before = parts.get(name);
      if (before === undefined) parts.set(name, [read]);
      else before.push(read);
    }
    batchRows.push(rows);
  }
  if (weights !== undefined) {
    if (weightVariable === undefined) {
      throw new DataError(
        "unknown-variable",
        `${description.name} takes no weights. Declare them: \`each n weight c { … }\`.`,
        { variable: "weights" },
      );
    }
    if (!parts.has(weightVariable.name)) {
      parts.set(weightVariable.name, [await readColumn(weightVariable.name, weights)]);
    }
  }
  return { columns: new Map([...parts].map(([name, columns]) => [name, join(name, columns)])), batchRows };
}

async function* batchesOf(data: unknown): AsyncGenerator<unknown> {
  if (data === undefined || data === null) return;
  if (typeof data === "function") {
    const form = formOf(data);
    if (form.kind === "again") yield* form.open();
    return;
  }
  if (typeof data === "object" && !isNumericTypedArray(data) && !isTensorLike(data)) {
    if (Array.isArray(data)) {
      // An array of records or tensors is a list of batches; of numbers or arrays, the rows themselves.
      if (data.length > 0 && (isRecord(data[0]) || isTensorLike(data[0]))) yield* data;
      else yield data;
      return;
    }
    if (Symbol.asyncIterator in data) {
      yield* data as AsyncIterable<unknown>;
      return;
    }
    if (Symbol.iterator in data) {
      yield* data as Iterable<unknown>;
      return;
    }
  }
  yield data;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function columnsOf(
  description: ModelDescription,
  wanted: readonly VariableDescription[],
  batch: unknown,
  weightName: string | undefined,
): [string, unknown][] {
  const known = new Set(description.variables.filter(({ role }) => role !== "latent").map(({ name }) => name));
  const plate = description.sequences?.plate;
  if (plate !== undefined) known.add(plate);
  const observed = wanted.filter(({ role }) => role === "observed" || role === "given");
  const bare = Array.isArray(batch) || isNumericTypedArray(batch) || isTensorLike(batch);
  // `{ shape, data }` is values, unless the model has variables of these names.
  if (bare || (isShapedValues(batch) && !known.has("data") && !known.has("shape"))) {
    if (observed.length === 1) return [[observed[0].name, batch]];
    const names = observed.map(({ name }) => name).join(", ");
    throw new DataError("type", `${description.name} needs an object with the variables ${names}, found bare values.`);
  }
  if (!isRecord(batch)) {
    const names = observed.map(({ name }) => `\`${name}\``).join(", ");
    throw new DataError("type", `Expected an object with ${names}, found ${batch === null ? "null" : typeof batch}.`);
  }
  const columns: [string, unknown][] = [];
  for (const [key, value] of Object.entries(batch)) {
    if (value === undefined) continue;
    const name = key === "weights" && weightName !== undefined && !known.has("weights") ? weightName : key;
    if (!known.has(name)) {
      throw new DataError(
        "unknown-variable",
        `${description.name} has no data variable \`${name}\`; it has ${[...known].join(", ")}.`,
        { variable: name },
      );
    }
    if (name === plate || wanted.some((variable) => variable.name === name)) columns.push([name, value]);
  }
  return columns;
}

function join(name: string, parts: readonly RawColumn[]): RawColumn {
  const [first] = parts;
  if (parts.length === 1) return first;
  let rows = 0;
  let length = 0;
  for (const part of parts) {
    const same =
      part.shape.length === first.shape.length && part.shape.every((extent, i) => i === 0 || extent === first.shape[i]);
    if (!same) {
      throw new DataError(
        "shape",
        `\`${name}\`: one batch has shape [${first.shape.join(", ")}], another [${part.shape.join(", ")}].`,
        { variable: name },
      );
    }
    rows += part.shape[0];
    length += part.values.length;
  }
  const values = new Float64Array(length);
  const labels: (Label | undefined)[] = [];
  const labelled = parts.some((part) => part.labels !== undefined);
  let position = 0;
  for (const part of parts) {
    values.set(part.values, position);
    position += part.values.length;
    if (!labelled) continue;
    if (part.labels !== undefined) for (const label of part.labels) labels.push(label);
    else for (const value of part.values) labels.push(Number.isNaN(value) ? undefined : value);
  }
  return { shape: [rows, ...first.shape.slice(1)], values, ...(labelled ? { labels } : {}) };
}
