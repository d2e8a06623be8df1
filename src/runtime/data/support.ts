import type { VariableDescription } from "../description.js";
import { DataError } from "../errors.js";

type ScalarDomain = Exclude<VariableDescription["domain"], "simplex" | "ordered">;

/** What a domain's values are, in words. */
const SUPPORT: Readonly<Record<VariableDescription["domain"], string>> = {
  real: "a finite number",
  positive: "a positive number",
  unit: "a number strictly between 0 and 1",
  angle: "a finite number (radians)",
  count: "a non-negative integer",
  binary: "0 or 1",
  category: "one of the categories",
  simplex: "non-negative numbers that sum to 1",
  ordered: "increasing numbers",
};

/** Probabilities written with seven digits still pass. */
const SIMPLEX_TOLERANCE = 1e-6;

function holds(domain: ScalarDomain, value: number, categories: number): boolean {
  switch (domain) {
    case "real":
    case "angle":
      return true;
    case "positive":
      return value > 0;
    case "unit":
      return value > 0 && value < 1;
    case "count":
      return value >= 0 && Number.isSafeInteger(value);
    case "binary":
      return value === 0 || value === 1;
    case "category":
      return Number.isInteger(value) && value >= 0 && value < categories;
  }
}

/**
 * Checks every entry of a column against its variable's support; says of each row whether an entry is missing.
 *
 * @param values row-major, `rows` times `width` entries; missing ones are NaN
 * @param event number of entries of the variable's own shape (the last dimensions of a row)
 * @throws DataError for the first entry that does not fit
 */
export function checkSupport(
  variable: VariableDescription,
  values: Float64Array,
  width: number,
  event: number,
  categories: number,
): Uint8Array {
  const rows = width === 0 ? 0 : values.length / width;
  const missing = new Uint8Array(rows);
  const { name, domain } = variable;
  const mayMiss = variable.optional && variable.role === "observed";
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const row = Math.floor(i / width);
    if (Number.isNaN(value)) {
      if (!mayMiss) throw missingValue(variable, row, i % width);
      missing[row] = 1;
    } else if (!Number.isFinite(value)) {
      throw new DataError(
        "infinite",
        `\`${name}\`, ${place(row, i % width, width)}: ${value} is not a finite number.`,
        {
          variable: name,
          row,
          column: i % width,
        },
      );
    } else if (domain !== "simplex" && domain !== "ordered" && !holds(domain, value, categories)) {
      throw outside(variable, row, i % width, width, value, categories);
    }
  }
  if (domain === "simplex" || domain === "ordered") checkVectors(variable, values, width, event, missing);
  return missing;
}

function checkVectors(
  variable: VariableDescription,
  values: Float64Array,
  width: number,
  event: number,
  missing: Uint8Array,
): void {
  for (let start = 0; start < values.length; start += event) {
    const row = Math.floor(start / width);
    if (missing[row] === 1) continue;
    const column = start % width;
    if (variable.domain === "simplex") {
      let sum = 0;
      for (let i = 0; i < event; i++) {
        if (values[start + i] < 0) throw outside(variable, row, column + i, width, values[start + i], 0);
        sum += values[start + i];
      }
      if (Math.abs(sum - 1) > SIMPLEX_TOLERANCE) {
        throw new DataError("support", `\`${variable.name}\`, row ${row}: the entries sum to ${sum}, not to 1.`, {
          variable: variable.name,
          row,
        });
      }
    } else {
      for (let i = 1; i < event; i++) {
        if (values[start + i] <= values[start + i - 1]) {
          throw outside(variable, row, column + i, width, values[start + i], 0);
        }
      }
    }
  }
}

function place(row: number, column: number, width: number): string {
  return width === 1 ? `row ${row}` : `row ${row}, entry ${column}`;
}

function missingValue(variable: VariableDescription, row: number, column: number): DataError {
  const advice =
    variable.role === "observed"
      ? "Leave the row out, or declare the variable with `?` to allow missing entries."
      : `A ${variable.role} variable must be known in every row.`;
  return new DataError("missing-value", `\`${variable.name}\`, row ${row}: the value is missing. ${advice}`, {
    variable: variable.name,
    row,
    column,
  });
}

function outside(
  variable: VariableDescription,
  row: number,
  column: number,
  width: number,
  value: number,
  categories: number,
): DataError {
  const expected = variable.domain === "category" ? `an integer from 0 to ${categories - 1}` : SUPPORT[variable.domain];
  return new DataError(
    "support",
    `\`${variable.name}\`, ${place(row, column, width)}: expected ${expected}, found ${value}.`,
    { variable: variable.name, row, column },
  );
}
