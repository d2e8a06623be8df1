import { defineDiagnostic } from "../../diagnostic.js";

export const unknownMethod = defineDiagnostic<{ readonly name: string; readonly suggestion?: string }>({
  code: "GEN2008",
  severity: "error",
  title: "unknown method of learning",
  message: (p) => `there is no method of learning \`${p.name}\``,
  label: () => "not a method",
  hint: (p) =>
    p.suggestion === undefined ? "the methods are em, elbo and adversarial" : `did you mean \`${p.suggestion}\`?`,
});

export const unknownOption = defineDiagnostic<{
  readonly method: string;
  readonly name: string;
  readonly suggestion?: string;
  readonly otherMethod?: string;
  readonly options: readonly string[];
}>({
  code: "GEN2009",
  severity: "error",
  title: "unknown option of a method",
  message: (p) =>
    `\`learn ${p.method}\` has no option \`${p.name}\`${p.otherMethod === undefined ? "" : `; \`learn ${p.otherMethod}\` has`}`,
  label: () => "no such option",
  hint: (p) =>
    p.suggestion === undefined ? `its options are ${p.options.join(", ")}` : `did you mean \`${p.suggestion}\`?`,
});

export const optionKind = defineDiagnostic<{
  readonly option: string;
  readonly expected: string;
  readonly example: string;
}>({
  code: "GEN2601",
  severity: "error",
  title: "option with a value of the wrong kind",
  message: (p) => `the option \`${p.option}\` takes ${p.expected}`,
  label: (p) => `expected ${p.expected}`,
  hint: (p) => `write \`${p.option}: ${p.example}\``,
});

export const optionRange = defineDiagnostic<{
  readonly option: string;
  readonly expected: string;
  readonly found: string;
  readonly example: string;
}>({
  code: "GEN2602",
  severity: "error",
  title: "option out of range",
  message: (p) => `the option \`${p.option}\` takes ${p.expected}, and ${p.found} is out of range`,
  label: (p) => `expected ${p.expected}`,
  hint: (p) => `write, for example, \`${p.option}: ${p.example}\``,
});

export const optionChoice = defineDiagnostic<{
  readonly option: string;
  readonly found: string;
  readonly choices: readonly string[];
  readonly suggestion?: string;
}>({
  code: "GEN2603",
  severity: "error",
  title: "unknown choice of an option",
  message: (p) => `\`${p.found}\` is not a choice of the option \`${p.option}\``,
  label: () => "not a choice",
  hint: (p) =>
    p.suggestion === undefined
      ? `the choices are ${p.choices.map((choice) => `\`${choice}\``).join(", ")}`
      : `did you mean \`${p.suggestion}\`?`,
});

export const optionTwice = defineDiagnostic<{ readonly option: string }>({
  code: "GEN2604",
  severity: "error",
  title: "option given twice",
  message: (p) => `the option \`${p.option}\` is given twice`,
  label: () => "given before",
  hint: () => "keep one of the two",
});
