import { defineDataDiagnostic } from "../data-diagnostic.js";

// Files: GEN40xx. Columns and variables: GEN41xx. Values: GEN42xx. Parameters and saved models: GEN43xx.

export const unreadableFile = defineDataDiagnostic<{ reason: string }>({
  code: "GEN4001",
  severity: "error",
  title: "a file cannot be read",
  message: (p) => `This file cannot be read: ${p.reason}.`,
});

export const unsupportedFormat = defineDataDiagnostic<{ format: string; hint?: string }>({
  code: "GEN4002",
  severity: "error",
  title: "a file format that is not read",
  message: (p) => `${p.format} files are not read.`,
  hint: (p) => p.hint ?? "Write the data as CSV, JSON lines, NPY or NPZ.",
});

export const noRows = defineDataDiagnostic<Record<never, never>>({
  code: "GEN4003",
  severity: "error",
  title: "data without rows",
  message: () => "There is a header but not a single row of data.",
});

export const raggedRow = defineDataDiagnostic<{ expected: number; found: number; more: number }>({
  code: "GEN4004",
  severity: "error",
  title: "a row with too few or too many fields",
  message: (p) => `This row has ${count(p.found, "field")}, the header has ${p.expected}${andMore(p.more)}.`,
  hint: (p) => (p.found > p.expected ? "Put fields that contain the delimiter in double quotes." : undefined),
});

export const duplicateColumn = defineDataDiagnostic<{ name: string; positions: readonly number[] }>({
  code: "GEN4005",
  severity: "error",
  title: "two columns of one name",
  message: (p) => `The header has \`${p.name}\` more than once: columns ${p.positions.join(" and ")}.`,
  hint: () => "Rename one of them; a column is chosen by its name.",
});

export const unclosedQuote = defineDataDiagnostic<Record<never, never>>({
  code: "GEN4006",
  severity: "error",
  title: "a quoted field that never ends",
  message: () => "A double quote opens on this line and is never closed.",
  hint: () => 'Close it, or write a quote inside a quoted field twice: "".',
});

export const noHeader = defineDataDiagnostic<{ first: string }>({
  code: "GEN4007",
  severity: "error",
  title: "a file without a header",
  message: (p) => `The first line should name the columns, but it holds numbers (${p.first}).`,
  hint: () => "Add a line with the names of the columns.",
});

export const columnsDiffer = defineDataDiagnostic<{
  first: string;
  missing: readonly string[];
  extra: readonly string[];
}>({
  code: "GEN4008",
  severity: "error",
  title: "files with different columns",
  message: (p) =>
    `Files that are read together need the same columns, but compared with ${p.first} this one ` +
    [
      ...(p.missing.length > 0 ? [`lacks ${names(p.missing)}`] : []),
      ...(p.extra.length > 0 ? [`also has ${names(p.extra)}`] : []),
    ].join(" and ") +
    ".",
});

export const invalidJson = defineDataDiagnostic<{ reason: string }>({
  code: "GEN4009",
  severity: "error",
  title: "a line that is not a JSON object",
  message: (p) => `This is not a JSON object with one value per column: ${p.reason}.`,
});

export const invalidArrayFile = defineDataDiagnostic<{ reason: string }>({
  code: "GEN4010",
  severity: "error",
  title: "an array file that cannot be read",
  message: (p) => `This is not a NumPy array that can be read: ${p.reason}.`,
});

export const emptyFile = defineDataDiagnostic<Record<never, never>>({
  code: "GEN4011",
  severity: "error",
  title: "an empty file",
  message: () => "This file is empty: not even a header.",
});

export const noMatchingFile = defineDataDiagnostic<Record<never, never>>({
  code: "GEN4012",
  severity: "error",
  title: "a pattern that matches no file",
  message: () => "No file matches this pattern.",
});

export const fileChanged = defineDataDiagnostic<{ what: string }>({
  code: "GEN4013",
  severity: "error",
  title: "a file that changed while it was read",
  message: (p) => `This file is read several times, and has changed since the first: ${p.what}.`,
  hint: () => "Wait until it is complete, or train on a copy.",
});

export const invalidParquet = defineDataDiagnostic<{ reason: string }>({
  code: "GEN4014",
  severity: "error",
  title: "a Parquet file that cannot be read",
  message: (p) => `This Parquet file cannot be read: ${p.reason}.`,
});

export const lateColumn = defineDataDiagnostic<{ rows: number }>({
  code: "GEN4015",
  severity: "error",
  title: "a column that begins late",
  message: (p) => `The first ${count(p.rows, "row")} have no such key, and then there is one.`,
  hint: () =>
    "Read in blocks, all keys have to occur in the first one: write the key as null there, or use --no-stream.",
});

export const unknownColumn = defineDataDiagnostic<{
  name: string;
  asked: string;
  columns: readonly string[];
  suggestion?: string;
}>({
  code: "GEN4101",
  severity: "error",
  title: "a column that is not in the data",
  message: (p) => `There is no column \`${p.name}\`, which ${p.asked} asks for; the columns are ${names(p.columns)}.`,
  hint: (p) => (p.suggestion === undefined ? undefined : `Did you mean \`${p.suggestion}\`?`),
});

export const unknownVariable = defineDataDiagnostic<{
  name: string;
  variables: readonly string[];
  suggestion?: string;
}>({
  code: "GEN4102",
  severity: "error",
  title: "a variable that the model does not read",
  message: (p) => `The model reads ${names(p.variables)} from the data, and no \`${p.name}\`.`,
  hint: (p) => (p.suggestion === undefined ? undefined : `Did you mean \`${p.suggestion}\`?`),
});

export const wrongColumnCount = defineDataDiagnostic<{
  variable: string;
  expected: string;
  columns: readonly string[];
}>({
  code: "GEN4103",
  severity: "error",
  title: "too few or too many columns for a variable",
  message: (p) => `\`${p.variable}\` takes ${p.expected}, but is given ${p.columns.length}: ${names(p.columns)}.`,
});

export const cannotBind = defineDataDiagnostic<{
  variable: string;
  wanted: readonly string[];
  columns: readonly string[];
  example: string;
}>({
  code: "GEN4104",
  severity: "error",
  title: "no columns for a variable",
  message: (p) =>
    `It is not clear which columns are \`${p.variable}\`. The model reads ${p.wanted.join("; ")}. ` +
    `The data has ${names(p.columns)}.`,
  hint: (p) => `Say which: ${p.example}`,
});

export const sizeContradiction = defineDataDiagnostic<{
  size: string;
  declared: number;
  declaredBy: string;
  variable: string;
  found: number;
}>({
  code: "GEN4105",
  severity: "error",
  title: "a size that the data contradict",
  message: (p) =>
    `\`${p.size}\` is ${p.declared} by ${p.declaredBy}, but the columns of \`${p.variable}\` make it ${p.found}.`,
});

export const sizeUnknown = defineDataDiagnostic<{ variable: string; sizes: readonly string[]; columns: number }>({
  code: "GEN4106",
  severity: "error",
  title: "sizes that the data do not settle",
  message: (p) => `${count(p.columns, "column")} for \`${p.variable}\` do not settle ${names(p.sizes)} at once.`,
  hint: (p) => `Give all but one of them: --dim ${p.sizes[0]}=…`,
});

export const numberedColumnMissing = defineDataDiagnostic<{
  variable: string;
  missing: string;
  found: readonly string[];
}>({
  code: "GEN4107",
  severity: "error",
  title: "a gap among numbered columns",
  message: (p) => `\`${p.variable}\` has the numbered columns ${names(p.found)}, but \`${p.missing}\` is not there.`,
});

export const textInNumberColumn = defineDataDiagnostic<{ text: string; variable: string; more: number }>({
  code: "GEN4201",
  severity: "error",
  title: "text where a number belongs",
  message: (p) => `\`${p.variable}\` needs a number here, and this is ${quote(p.text)}${andMore(p.more)}.`,
  hint: (p) =>
    /^[+-]?\d+,\d+$/.test(p.text)
      ? "Write decimals with a point."
      : /^(n\/a|null|none|missing|unknown|\.|\?|-+)$/i.test(p.text)
        ? "A missing value is written as an empty field, NA or NaN."
        : undefined,
});

export const missingValue = defineDataDiagnostic<{ variable: string; type: string; role: string; more: number }>({
  code: "GEN4202",
  severity: "error",
  title: "a missing value where none may be",
  message: (p) => `A value of \`${p.variable}\` is missing${andMore(p.more)}.`,
  hint: (p) =>
    p.role === "observed"
      ? `If entries may be missing, declare the type with a question mark: \`${p.variable}: ${p.type}?\`.`
      : `A \`${p.role}\` variable is needed in every row; fill in the value or leave the row out.`,
});

export const infiniteValue = defineDataDiagnostic<{ variable: string; more: number }>({
  code: "GEN4203",
  severity: "error",
  title: "an infinite value",
  message: (p) => `A value of \`${p.variable}\` is infinite${andMore(p.more)}.`,
  hint: () => "If it stands for a missing value, leave the field empty.",
});

export const negativeCount = defineDataDiagnostic<{ variable: string; value: number; more: number }>({
  code: "GEN4204",
  severity: "error",
  title: "a negative count",
  message: (p) => `\`${p.variable}\` is a Count, and ${p.value} is negative${andMore(p.more)}.`,
});

export const fractionalCount = defineDataDiagnostic<{ variable: string; value: number; more: number }>({
  code: "GEN4205",
  severity: "error",
  title: "a count that is not an integer",
  message: (p) => `\`${p.variable}\` is a Count, and ${p.value} is not an integer${andMore(p.more)}.`,
});

export const outsideUnit = defineDataDiagnostic<{ variable: string; value: number; more: number }>({
  code: "GEN4206",
  severity: "error",
  title: "a value outside the unit interval",
  message: (p) => `\`${p.variable}\` is a Unit, strictly between 0 and 1, and this is ${p.value}${andMore(p.more)}.`,
  hint: (p) => (p.value > 1 && p.value <= 100 ? "Percentages have to be divided by 100." : undefined),
});

export const notPositive = defineDataDiagnostic<{ variable: string; value: number; more: number }>({
  code: "GEN4207",
  severity: "error",
  title: "a value that is not positive",
  message: (p) => `\`${p.variable}\` is Positive, and this is ${p.value}${andMore(p.more)}.`,
});

export const notBinary = defineDataDiagnostic<{ variable: string; value: string; grey: boolean; more: number }>({
  code: "GEN4208",
  severity: "error",
  title: "a value that is neither 0 nor 1",
  message: (p) => `\`${p.variable}\` is Binary (0 or 1, true or false), and this is ${p.value}${andMore(p.more)}.`,
  hint: (p) =>
    p.grey
      ? "Grey levels can be made binary with --binarize threshold."
      : "Write 0 and 1 in the data, or declare the variable Category[2], which takes labels.",
});

export const unknownLabel = defineDataDiagnostic<{
  variable: string;
  label: string;
  known: readonly string[];
  more: number;
}>({
  code: "GEN4209",
  severity: "error",
  title: "a label that the model has not seen",
  message: (p) =>
    `\`${p.variable}\` knows the labels ${names(p.known)}, and this is ${quote(p.label)}${andMore(p.more)}.`,
});

export const notALabel = defineDataDiagnostic<{ variable: string; value: number; more: number }>({
  code: "GEN4210",
  severity: "error",
  title: "a label that is not an integer or text",
  message: (p) =>
    `\`${p.variable}\` is a Category, whose labels are integers or text, and this is ${p.value}${andMore(p.more)}.`,
});

export const tooManyLabels = defineDataDiagnostic<{
  variable: string;
  categories: number;
  by: string;
  found: readonly string[];
}>({
  code: "GEN4211",
  severity: "error",
  title: "more labels than categories",
  message: (p) =>
    `\`${p.variable}\` has ${count(p.categories, "category", "categories")} by ${p.by}, but the data has ${p.found.length} different labels: ${names(p.found)}.`,
});

export const notASimplex = defineDataDiagnostic<{ variable: string; sum: number; more: number }>({
  code: "GEN4212",
  severity: "error",
  title: "probabilities that do not sum to one",
  message: (p) =>
    `The entries of \`${p.variable}\` must be positive and sum to 1; here they sum to ${p.sum}${andMore(p.more)}.`,
});

export const notOrdered = defineDataDiagnostic<{ variable: string; more: number }>({
  code: "GEN4213",
  severity: "error",
  title: "entries that do not increase",
  message: (p) => `The entries of \`${p.variable}\` must increase from each to the next${andMore(p.more)}.`,
});

export const badWeight = defineDataDiagnostic<{ value: number; more: number }>({
  code: "GEN4214",
  severity: "error",
  title: "a weight that is not a non-negative number",
  message: (p) => `A weight must be 0 or a positive number, and this is ${p.value}${andMore(p.more)}.`,
});

export const allWeightsZero = defineDataDiagnostic<Record<never, never>>({
  code: "GEN4215",
  severity: "error",
  title: "weights that are all zero",
  message: () => "All weights are 0, so no row counts.",
});

export const invalidParameterFile = defineDataDiagnostic<{ reason: string }>({
  code: "GEN4301",
  severity: "error",
  title: "a file of parameters that cannot be read",
  message: (p) => `This should be one JSON object, {"name": numbers in nested lists, …}: ${p.reason}.`,
});

export const parameterMissing = defineDataDiagnostic<{ name: string; shape: string }>({
  code: "GEN4302",
  severity: "error",
  title: "a parameter that is not given",
  message: (p) => `The parameter \`${p.name}\` (${p.shape}) is not in the file.`,
});

export const unknownParameter = defineDataDiagnostic<{
  name: string;
  parameters: readonly string[];
  suggestion?: string;
}>({
  code: "GEN4303",
  severity: "error",
  title: "a parameter that the model does not have",
  message: (p) => `The model has no parameter \`${p.name}\`; it has ${names(p.parameters)}.`,
  hint: (p) => (p.suggestion === undefined ? undefined : `Did you mean \`${p.suggestion}\`?`),
});

export const parameterShape = defineDataDiagnostic<{ name: string; expected: string; found: string }>({
  code: "GEN4304",
  severity: "error",
  title: "a parameter of the wrong shape",
  message: (p) => `The parameter \`${p.name}\` should be ${p.expected}, but is ${p.found}.`,
});

export const parameterNotNumbers = defineDataDiagnostic<{ name: string; found: string }>({
  code: "GEN4305",
  severity: "error",
  title: "a parameter that is not all numbers",
  message: (p) => `The parameter \`${p.name}\` should be numbers in evenly nested lists, and holds ${p.found}.`,
});

export const parameterDomain = defineDataDiagnostic<{ name: string; reason: string }>({
  code: "GEN4306",
  severity: "error",
  title: "a parameter outside its domain",
  message: (p) => `The parameter \`${p.name}\` ${p.reason}.`,
});

export const notASavedModel = defineDataDiagnostic<{ reason: string }>({
  code: "GEN4307",
  severity: "error",
  title: "a file that is not a saved model",
  message: (p) => `This is not a model that \`genc train --save\` wrote: ${p.reason}.`,
});

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** Names for a sentence; a long list is cut. */
function names(list: readonly string[]): string {
  if (list.length === 0) return "none";
  const shown = list.slice(0, 12).map((name) => `\`${name}\``);
  return list.length > 12 ? `${shown.join(", ")} and ${list.length - 12} more` : shown.join(", ");
}

function andMore(rows: number): string {
  return rows === 0 ? "" : ` (and so in ${count(rows, "further row")})`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
