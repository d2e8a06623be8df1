import type { ModelDescription, Sizes, VariableDescription } from "../description.js";
import { DataError } from "../errors.js";
import { boundShape, extentValue, product } from "../extents.js";
import { SizeBinding } from "../sizes.js";
import { collectColumns } from "./collect-columns.js";
import type { CodedColumn, LabelDictionary } from "./labels.js";
import { codeLabels } from "./labels.js";
import type { RawColumn } from "./raw-column.js";
import type { Sequences } from "./sequences.js";
import { alongSequences, checkConstant, readSequences } from "./sequences.js";
import { checkSupport } from "./support.js";

/** Data that fits the model: one column per observed, given and weight variable. */
export interface Dataset {
  readonly rows: number;
  /** Where each row was in what the user gave; absent: all are there, in order. */
  readonly rowNumbers?: Uint32Array;
  /** Row-major: rows, plates, event. Missing entries are NaN. */
  readonly columns: Readonly<Record<string, Float64Array>>;
  /** Values of one row, by column. */
  readonly widths: Readonly<Record<string, number>>;
  /** 1 where some entry of the row is missing. */
  readonly incomplete: Uint8Array;
  /** Weight of each row; undefined: all 1. */
  readonly weights: Float64Array | undefined;
  readonly totalWeight: number;
  /** Of a model with a chain. */
  readonly sequences?: Sequences;
  readonly sizes: Sizes;
  readonly labels: Readonly<Record<string, LabelDictionary>>;
}

export interface IntakeOptions {
  /** Sizes that the data must agree with. */
  readonly sizes: Sizes;
  /** Where those come from, for messages: "as given to the constructor", "in the fitted model". */
  readonly sizesOrigin: string;
  /** Dictionaries of an earlier fit. */
  readonly labels: Readonly<Record<string, LabelDictionary>>;
  /**
   * all: every observed variable is needed · optional: optional ones may be left out altogether (all missing) ·
   * given: only given variables are read.
   */
  readonly needs: "all" | "given";
  /** Weights beside the data. */
  readonly weights?: unknown;
  /** Number of rows where there is no column to tell. */
  readonly rows?: number;
  /** Sequences of so many steps where there is nothing to tell. */
  readonly steps?: number;
}

/** Reads, binds and checks data. Throws `DataError`. */
export async function takeIn(description: ModelDescription, data: unknown, options: IntakeOptions): Promise<Dataset> {
  const wanted = description.variables.filter(
    ({ role }) => role === "given" || (options.needs === "all" && (role === "observed" || role === "weight")),
  );
  const { columns: raw, batchRows } = await collectColumns(description, wanted, data, options.weights);
  const plate = description.sequences?.plate;
  const identifiers = plate === undefined ? undefined : raw.get(plate);
  if (plate !== undefined) raw.delete(plate);
  const binding = new SizeBinding(description, options.sizes, options.sizesOrigin);
  const coded = bindSizes(description, wanted, raw, binding, options.labels);
  // Only now, since a flat column has its rows from the sizes.
  const sequences = sequencesOf(description, raw, identifiers, batchRows, options);
  const rows = commonRows(raw, options.rows);
  const sizes = binding.complete();

  const columns: Record<string, Float64Array> = {};
  const widths: Record<string, number> = {};
  const labels: Record<string, LabelDictionary> = { ...options.labels };
  const incomplete = new Uint8Array(rows);
  let weights: Float64Array | undefined;
  for (const variable of wanted) {
    const { name } = variable;
    const width = product(boundShape(variable.plates, sizes)) * product(boundShape(variable.event, sizes));
    const column = raw.get(name);
    if (variable.role === "weight") {
      const found = column === undefined ? new Float64Array(rows).fill(1) : column.values;
      checkWeights(name, found, rows);
      if (column !== undefined) weights = found;
      columns[name] = found;
      widths[name] = 1;
      continue;
    }
    if (column === undefined && !(variable.role === "observed" && variable.optional)) {
      throw new DataError("missing-variable", missingVariable(description, variable, raw), { variable: name });
    }
    const coding = coded.get(name);
    const values = coding?.codes ?? column?.values ?? new Float64Array(rows * width).fill(NaN);
    if (coding?.dictionary !== undefined) labels[name] = coding.dictionary;
    if (column?.labels !== undefined && coding === undefined) throw textInNumbers(name, column);
    const categories = variable.categories === undefined ? 0 : (extentValue(variable.categories, sizes) ?? 0);
    const missing = checkSupport(variable, values, width, product(boundShape(variable.event, sizes)), categories);
    for (let row = 0; row < rows; row++) incomplete[row] |= missing[row];
    columns[name] = values;
    widths[name] = width;
  }
  if (sequences !== undefined) {
    const once = wanted.filter(
      ({ name, role }) => role === "weight" || description.sequences?.perSequence.includes(name),
    );
    for (const { name } of once) checkConstant(name, columns[name], sequences);
  }
  const totalWeight = weights === undefined ? rows : weights.reduce((a, b) => a + b, 0);
  const common = { rows, columns, widths, incomplete, weights, totalWeight, sizes, labels };
  return sequences === undefined ? common : { ...common, sequences };
}

/** The sequences of the rows; columns with one entry per sequence are repeated along them. */
function sequencesOf(
  description: ModelDescription,
  raw: Map<string, RawColumn>,
  identifiers: RawColumn | undefined,
  batchRows: readonly number[],
  { rows: asked, steps }: IntakeOptions,
): Sequences | undefined {
  if (description.sequences === undefined) return undefined;
  const { perSequence } = description.sequences;
  const isOnce = (name: string): boolean =>
    perSequence.includes(name) || description.variables.some((one) => one.name === name && one.role === "weight");
  const perRow = [...raw].find(([name]) => !isOnce(name))?.[1].shape[0];
  const rows = perRow ?? identifiers?.values.length ?? asked ?? [...raw.values()][0]?.shape[0] ?? 0;
  const lengths =
    steps === undefined || batchRows.length > 1 ? batchRows : Array.from({ length: rows / steps }, () => steps);
  const sequences = readSequences(description, rows, identifiers, lengths);
  if (sequences === undefined) return undefined;
  for (const [name, column] of raw) if (isOnce(name)) raw.set(name, alongSequences(column, sequences));
  return sequences;
}

function commonRows(raw: ReadonlyMap<string, RawColumn>, expected: number | undefined): number {
  let first: { name: string; rows: number } | undefined;
  for (const [name, column] of raw) {
    const rows = column.shape[0];
    first ??= { name, rows };
    if (rows !== first.rows) {
      throw new DataError(
        "rows",
        `\`${name}\` has ${rows} rows, but \`${first.name}\` has ${first.rows}; all variables need the same number.`,
        { variable: name },
      );
    }
  }
  const rows = first?.rows ?? expected ?? 0;
  if (expected !== undefined && rows !== expected) {
    throw new DataError("rows", `The data has ${rows} rows, but ${expected} are asked for.`);
  }
  return rows;
}

/** Meets every stored dimension of every column; labels are coded on the way, since they bind their category's size. */
function bindSizes(
  description: ModelDescription,
  variables: readonly VariableDescription[],
  raw: Map<string, RawColumn>,
  binding: SizeBinding,
  labels: Readonly<Record<string, LabelDictionary>>,
): ReadonlyMap<string, CodedColumn> {
  const present = variables.filter(({ name, role }) => role !== "weight" && raw.has(name));
  // Twice: a flat column takes its shape from sizes that another column may bind, and sums need all their parts.
  for (let round = 0; round < 2; round++) {
    for (const variable of present) {
      const column = raw.get(variable.name);
      if (column !== undefined) raw.set(variable.name, unifyShape(variable, column, binding, round === 1));
    }
  }
  const coded = new Map<string, CodedColumn>();
  for (const variable of present) {
    const column = raw.get(variable.name);
    if (column === undefined || variable.domain !== "category" || variable.categories === undefined) continue;
    const byData = description.sizes.find(({ categoriesOf }) => categoriesOf === variable.name);
    const known = binding.valueOf(variable.categories);
    const fallback = known === undefined ? byData?.default : known;
    const coding = codeLabels(variable.name, column, fallback, labels[variable.name]);
    coded.set(variable.name, coding);
    if (known === undefined && typeof variable.categories === "string") {
      binding.bind(variable.categories, coding.categories, `from the labels of \`${variable.name}\``);
    }
  }
  return coded;
}

function unifyShape(variable: VariableDescription, column: RawColumn, binding: SizeBinding, last: boolean): RawColumn {
  const declared = [...variable.plates, ...variable.event];
  const rows = column.shape[0];
  let found = column.shape.slice(1);
  if (found.length !== declared.length) {
    const extents = declared.map((extent) => binding.valueOf(extent));
    const known = extents.filter((extent) => extent !== undefined);
    if (found.length > declared.length && product(found) === 1 && declared.length === 0) {
      found = []; // [rows, 1] for a scalar
    } else if (found.length === 0 && known.length === extents.length && product(known) === 1) {
      found = known; // [rows] for a vector of one entry
    } else if (!last) {
      return column;
    } else if (found.length === 0 && known.length === extents.length && rows % product(known) === 0) {
      return { ...column, shape: [rows / product(known), ...known] }; // flat
    } else if (rows === 0) {
      return column;
    } else {
      throw new DataError("shape", shapeMessage(variable, declared.length, column.shape), { variable: variable.name });
    }
  }
  if (rows > 0) {
    found.forEach((extent, i) => {
      const what =
        declared.length === 1 ? `The length of \`${variable.name}\`` : `Extent ${i + 1} of \`${variable.name}\``;
      binding.unify(declared[i], extent, what, variable.name);
    });
  }
  return { ...column, shape: [rows, ...found] };
}

function shapeMessage(variable: VariableDescription, rank: number, found: readonly number[]): string {
  const each = rank === 0 ? "one number" : `an array of rank ${rank}`;
  return (
    `\`${variable.name}\`: expected ${each} in each row, found shape [${found.join(", ")}]. ` +
    "Pass nested arrays, a tensor with the rows first, or { data, shape }."
  );
}

function missingVariable(
  description: ModelDescription,
  variable: VariableDescription,
  raw: ReadonlyMap<string, RawColumn>,
): string {
  const there = raw.size === 0 ? "no variables" : [...raw.keys()].join(", ");
  return `${description.name} needs the ${variable.role} variable \`${variable.name}\`; the data has ${there}.`;
}

function textInNumbers(variable: string, column: RawColumn): DataError {
  const place = column.labels?.findIndex((label) => typeof label === "string") ?? 0;
  const row = Math.floor(place / product(column.shape.slice(1)));
  return new DataError(
    "type",
    `\`${variable}\`, row ${row}: expected a number, found ${JSON.stringify(column.labels?.[place])}.`,
    { variable, row },
  );
}

function checkWeights(name: string, weights: Float64Array, rows: number): void {
  if (weights.length !== rows) {
    throw new DataError(
      "rows",
      `The weights \`${name}\` have ${weights.length} entries, but the data has ${rows} rows.`,
      {
        variable: name,
      },
    );
  }
  for (let row = 0; row < rows; row++) {
    if (!(weights[row] >= 0) || weights[row] === Infinity) {
      throw new DataError(
        "weight",
        `\`${name}\`, row ${row}: expected a non-negative finite weight, found ${weights[row]}.`,
        { variable: name, row },
      );
    }
  }
}
