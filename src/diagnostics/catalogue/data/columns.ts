import { defineDataDiagnostic } from "../../data-diagnostic.js";
import { count, names } from "./wording.js";

// Columns and variables: GEN41xx.

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
