import { defineDataDiagnostic } from "../../data-diagnostic.js";
import { names } from "./wording.js";

// Parameters and saved models: GEN43xx.

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
