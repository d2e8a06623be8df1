import type { DataDiagnostic } from "../diagnostics/data-diagnostic.js";
import {
  fractionalCount,
  infiniteValue,
  missingValue,
  negativeCount,
  notASimplex,
  notBinary,
  notOrdered,
  notPositive,
  outsideUnit,
  textInNumberColumn,
  unknownLabel,
  badWeight,
} from "../diagnostics/catalogue/data.js";
import type { BindableVariable, Label } from "./bindable.js";
import { labelAt } from "./label-dictionary.js";
import { extentText } from "./solve-sizes.js";
import { isMissing, placeOf, textAt, type Column, type Table } from "./table.js";

/** How the cells of a variable become numbers, besides its type. */
export interface Encoding {
  readonly labels?: readonly Label[];
  /** The least grey level that counts as 1. */
  readonly level?: number;
}

/** Row-major values of a variable, each cell checked against its type; the first offence of each kind in each column. */
export function encodeValues(
  table: Table,
  variable: BindableVariable,
  columns: readonly Column[],
  encoding: Encoding,
): { readonly values: Float64Array; readonly diagnostics: readonly DataDiagnostic[] } {
  const width = columns.length;
  const values = new Float64Array(table.rows * width);
  const diagnostics: DataDiagnostic[] = [];
  for (const [j, column] of columns.entries()) {
    const offences = new Map<Offence["make"], { readonly offence: Offence; readonly row: number; more: number }>();
    const encode = cellEncoder(variable, column, encoding);
    const isPlain = column.text === undefined ? plainNumber(variable) : undefined;
    for (let row = 0; row < table.rows; row++) {
      if (isPlain?.(column.values[row]) === true) {
        values[row * width + j] = column.values[row];
        continue;
      }
      const cell = encode(row);
      if (typeof cell === "number") values[row * width + j] = cell;
      else note(offences, cell, row);
    }
    for (const { offence, row, more } of offences.values()) {
      diagnostics.push(offence.make(placeOf(table, row, column.name), offence.found, more));
    }
  }
  if (diagnostics.length === 0) diagnostics.push(...rowOffences(table, variable, columns, values));
  return { values, diagnostics };
}

/** What is wrong with a cell; `make` is one function for each kind of offence. */
interface Offence {
  readonly make: (place: ReturnType<typeof placeOf>, found: string, more: number) => DataDiagnostic;
  readonly found: string;
}

function note(
  offences: Map<Offence["make"], { readonly offence: Offence; readonly row: number; more: number }>,
  offence: Offence,
  row: number,
): void {
  const first = offences.get(offence.make);
  if (first === undefined) offences.set(offence.make, { offence, row, more: 0 });
  else first.more++;
}

const truths = new Map([
  ["true", 1],
  ["false", 0],
  ["yes", 1],
  ["no", 0],
  ["t", 1],
  ["f", 0],
  ["y", 1],
  ["n", 0],
]);

function cellEncoder(
  variable: BindableVariable,
  column: Column,
  { labels, level }: Encoding,
): (row: number) => number | Offence {
  // A weight may be declared by an option: then only the column has a name that the user knows.
  const name = variable.role === "weight" ? column.name : variable.name;
  const missing: Offence["make"] = (place, _, more) =>
    missingValue(place, { variable: name, type: typeText(variable), role: variable.role, more });
  const text: Offence["make"] = (place, found, more) =>
    textInNumberColumn(place, { text: found, variable: name, more });
  const infinite: Offence["make"] = (place, _, more) => infiniteValue(place, { variable: name, more });
  const label: Offence["make"] = (place, found, more) =>
    unknownLabel(place, { variable: name, label: found, known: (labels ?? []).map(String), more });
  const binary: Offence["make"] = (place, found, more) =>
    notBinary(place, { variable: name, value: found, grey: isGrey(Number(found)), more });
  const checkNumber = numberCheck(variable);
  const codes = new Map((labels ?? []).map((each, code) => [each, code]));

  return (row) => {
    if (isMissing(column, row)) return variable.optional ? NaN : { make: missing, found: "" };
    const value = column.values[row];
    const written = textAt(column, row);
    if (variable.domain === "category") {
      const found = labelAt(column, row) ?? "";
      return codes.get(found) ?? { make: label, found: String(found) };
    }
    if (variable.domain === "binary") {
      if (written !== undefined)
        return truths.get(written.toLowerCase()) ?? { make: binary, found: JSON.stringify(written) };
      if (level !== undefined) return value >= level ? 1 : 0;
      return value === 0 || value === 1 ? value : { make: binary, found: String(value) };
    }
    if (written !== undefined) return { make: text, found: written };
    if (!Number.isFinite(value)) return { make: infinite, found: String(value) };
    return checkNumber(value);
  };
}

/** Numbers that need no second look; undefined where every cell has to be encoded. */
function plainNumber({ domain, role }: BindableVariable): ((value: number) => boolean) | undefined {
  if (role === "weight") return undefined;
  switch (domain) {
    case "real":
    case "angle":
    case "ordered":
      return (value) => value - value === 0;
    case "count":
      return (value) => value >= 0 && Number.isSafeInteger(value);
    case "positive":
      return (value) => value > 0 && value < Infinity;
    case "unit":
      return (value) => value > 0 && value < 1;
    case "simplex":
    case "category":
    case "binary":
      return undefined;
  }
}

/** Whether a number is in the domain: the number, or the offence. */
function numberCheck(variable: BindableVariable): (value: number) => number | Offence {
  const { name, domain } = variable;
  const about =
    (
      factory: (
        place: ReturnType<typeof placeOf>,
        p: { variable: string; value: number; more: number },
      ) => DataDiagnostic,
    ): Offence["make"] =>
    (place, found, more) =>
      factory(place, { variable: name, value: Number(found), more });
  const unless = (holds: (value: number) => boolean, make: Offence["make"]) => (value: number) =>
    holds(value) ? value : { make, found: String(value) };
  const negative = about(negativeCount);
  const fractional = about(fractionalCount);
  if (variable.role === "weight") return unless((value) => value >= 0, about(badWeight));
  switch (domain) {
    case "positive":
      return unless((value) => value > 0, about(notPositive));
    case "unit":
      return unless((value) => value > 0 && value < 1, about(outsideUnit));
    case "simplex":
      return unless((value) => value >= 0, about(notPositive));
    case "count":
      return (value) => {
        if (value < 0) return { make: negative, found: String(value) };
        return Number.isInteger(value) ? value : { make: fractional, found: String(value) };
      };
    case "real":
    case "angle":
    case "ordered":
    case "category":
    case "binary":
      return (value) => value;
  }
}

/** What is wrong with the entries of a row together. */
function rowOffences(
  table: Table,
  variable: BindableVariable,
  columns: readonly Column[],
  values: Float64Array,
): readonly DataDiagnostic[] {
  if (variable.domain !== "simplex" && variable.domain !== "ordered") return [];
  const width = columns.length;
  const wrong: number[] = [];
  const sum = (row: number): number => values.subarray(row * width, (row + 1) * width).reduce((a, b) => a + b, 0);
  for (let row = 0; row < table.rows; row++) {
    const entries = values.subarray(row * width, (row + 1) * width);
    const holds =
      variable.domain === "simplex"
        ? !(Math.abs(sum(row) - 1) > 1e-6)
        : entries.every((entry, i) => i === 0 || !(entry <= entries[i - 1]));
    if (!holds) wrong.push(row);
  }
  if (wrong.length === 0) return [];
  const place = placeOf(table, wrong[0]);
  const more = wrong.length - 1;
  if (variable.domain === "ordered") return [notOrdered(place, { variable: variable.name, more })];
  return [notASimplex(place, { variable: variable.name, sum: sum(wrong[0]), more })];
}

export function isGrey(value: number): boolean {
  return (value >= 0 && value <= 1) || (Number.isInteger(value) && value >= 0 && value <= 255);
}

/** The type as a program writes it. */
function typeText(variable: BindableVariable): string {
  const event = variable.event.map(extentText).join(", ");
  const names = {
    real: ["Real", "Vector", "Matrix"][Math.min(2, variable.event.length)],
    positive: "Positive",
    unit: "Unit",
    angle: "Angle",
    count: "Count",
    binary: "Binary",
    category: `Category[${variable.categories === undefined ? "" : extentText(variable.categories)}]`,
    simplex: "Simplex",
    ordered: "Ordered",
  };
  return event === "" ? names[variable.domain] : `${names[variable.domain]}[${event}]`;
}
