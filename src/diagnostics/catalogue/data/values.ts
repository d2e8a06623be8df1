import { defineDataDiagnostic } from "../../data-diagnostic.js";
import { andMore, count, names, quote } from "./wording.js";

// Values: GEN42xx.

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
