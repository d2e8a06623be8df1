import { defineDataDiagnostic } from "../../data-diagnostic.js";
import { andMore, count, names } from "./wording.js";

// Files that cannot be read: GEN40xx.

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

export const failedQuery = defineDataDiagnostic<{ reason: string }>({
  code: "GEN4016",
  severity: "error",
  title: "a query that fails",
  message: (p) => `This query gives no rows that can be read: ${p.reason}.`,
});

export const noDatabase = defineDataDiagnostic<{ package: string }>({
  code: "GEN4017",
  severity: "error",
  title: "a query without a database",
  message: (p) => `This is a query, and the package that runs queries, ${p.package}, is not installed.`,
  hint: (p) => `npm install ${p.package}`,
});
