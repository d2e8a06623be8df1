import { defineDiagnostic } from "../diagnostic.js";

/** Why a number cannot be read. */
export type NumberFault = "leading point" | "trailing point" | "letters" | "several points" | "exponent" | "too large";

const NUMBER_FAULTS: Readonly<Record<NumberFault, string>> = {
  "leading point": "a digit is missing in front of the point",
  "trailing point": "a digit is missing after the point",
  letters: "letters stand inside the number",
  "several points": "it has more than one point",
  exponent: "the exponent has no digits",
  "too large": "it is too large for a double-precision number",
};

/** A piece of the source in a message, cut where it would fill the screen. */
const quoted = (text: string): string => `\`${text.length <= 40 ? text : `${text.slice(0, 37)}…`}\``;

export const unknownCharacter = defineDiagnostic<{ text: string; codePoint: string }>({
  code: "GEN1001",
  severity: "error",
  title: "unknown character",
  message: (p) => `${p.text.trim() === "" || /\p{C}/u.test(p.text) ? p.codePoint : `\`${p.text}\``} means nothing here`,
  label: () => "not part of the language",
  hint: () => "remove it; names are made of the letters a-z and A-Z, digits and `_`, and text belongs in a `#` comment",
});

export const malformedNumber = defineDiagnostic<{ text: string; fault: NumberFault }>({
  code: "GEN1002",
  severity: "error",
  title: "malformed number",
  message: (p) => `${quoted(p.text)} is not a number: ${NUMBER_FAULTS[p.fault]}`,
  hint: () => "numbers are written `12`, `0.5` or `1e-3`",
});

export const malformedName = defineDiagnostic<{ text: string; suggestion: string }>({
  code: "GEN1003",
  severity: "error",
  title: "malformed name",
  message: (p) => `${quoted(p.text)} is not a name`,
  label: () => "only a-z, A-Z, 0-9 and `_`, with at most one `'` at the end",
  hint: (p) => `write it with letters of the alphabet, for example ${quoted(p.suggestion)}`,
});

export const quotedText = defineDiagnostic<{ text: string; bare: string | undefined }>({
  code: "GEN1004",
  severity: "error",
  title: "quoted text",
  message: (p) => `${quoted(p.text)} is in quotation marks, but a model holds no text`,
  hint: (p) =>
    p.bare === undefined ? "options and names are written without quotation marks" : `write \`${p.bare}\` without them`,
});

export const foreignSymbol = defineDiagnostic<{ written: string; meant: string; purpose: string }>({
  code: "GEN1005",
  severity: "error",
  title: "symbol of another language",
  message: (p) => `\`${p.written}\` is not a symbol of this language`,
  label: (p) => `${p.purpose} is written \`${p.meant}\``,
  hint: (p) => `write \`${p.meant}\``,
});

export const unclosedBracket = defineDiagnostic<{ open: string; close: string; before: string }>({
  code: "GEN1006",
  severity: "error",
  title: "unclosed bracket",
  message: (p) => `\`${p.open}\` is never closed: expected \`${p.close}\` before ${p.before}`,
  label: (p) => `expected \`${p.close}\``,
  hint: (p) => `add \`${p.close}\``,
});

export const unmatchedBracket = defineDiagnostic<{ close: string; open: string }>({
  code: "GEN1007",
  severity: "error",
  title: "unmatched closing bracket",
  message: (p) => `this \`${p.close}\` closes nothing`,
  label: (p) => `no \`${p.open}\` is open here`,
  hint: (p) => `remove it, or add the missing \`${p.open}\``,
});

export const wrongBracket = defineDiagnostic<{ found: string; expected: string; open: string }>({
  code: "GEN1008",
  severity: "error",
  title: "wrong closing bracket",
  message: (p) => `\`${p.open}\` is closed by \`${p.found}\``,
  label: (p) => `expected \`${p.expected}\``,
  hint: (p) => `write \`${p.expected}\` instead of \`${p.found}\``,
});

export const nestedTooDeeply = defineDiagnostic<{ what: string; limit: number }>({
  code: "GEN1009",
  severity: "error",
  title: "nested too deeply",
  message: (p) => `nested too deeply: ${p.what}, limit ${p.limit}`,
  hint: () => "give a part of it a name of its own with `let`",
});

export const unexpectedToken = defineDiagnostic<{ expected: string; found: string; hint: string | undefined }>({
  code: "GEN1010",
  severity: "error",
  title: "unexpected symbol or word",
  message: (p) => `expected ${p.expected}, found ${p.found}`,
  hint: (p) => p.hint,
});

export const missingRelation = defineDiagnostic<{ role: "latent" | "observe"; name: string; found: string }>({
  code: "GEN1011",
  severity: "error",
  title: "missing `~` or `=`",
  message: (p) =>
    p.role === "latent"
      ? `\`${p.name}\` has no distribution: expected \`~\` and a distribution after the type of a latent variable, found ${p.found}`
      : `nothing says how \`${p.name}\` comes about: expected \`~\` and a distribution, or \`=\` and an expression, after its type, found ${p.found}`,
  label: () => "expected `~` here",
  hint: (p) => `for example \`${p.role} ${p.name}: Real ~ Normal(0, 1)\``,
});

export const keywordAsName = defineDiagnostic<{ keyword: string; suggestion: string }>({
  code: "GEN1012",
  severity: "error",
  title: "keyword used as a name",
  message: (p) => `\`${p.keyword}\` is a keyword and cannot be a name`,
  hint: (p) => `choose another name, for example \`${p.suggestion}\``,
});

export const misspeltKeyword = defineDiagnostic<{ written: string; keyword: string }>({
  code: "GEN1013",
  severity: "error",
  title: "misspelt keyword",
  message: (p) => `${quoted(p.written)} is not a keyword`,
  hint: (p) => `did you mean \`${p.keyword}\`?`,
});

export const notADeclaration = defineDiagnostic<{
  found: string;
  place: string | undefined;
  keywords: readonly string[];
  hint: string | undefined;
}>({
  code: "GEN1014",
  severity: "error",
  title: "not a declaration",
  message: (p) => `expected a declaration or \`}\`${p.place === undefined ? "" : ` ${p.place}`}, found ${p.found}`,
  hint: (p) => p.hint ?? `a declaration here begins with ${p.keywords.map((word) => `\`${word}\``).join(", ")}`,
});

export const noModel = defineDiagnostic<Record<never, never>>({
  code: "GEN1015",
  severity: "error",
  title: "no model",
  message: () => "there is no model here",
  hint: () => "a program looks like `model Name { size D  each n { observe x: Vector[D] ~ Normal(0, 1) } }`",
});

export const comparisonOutsideWhere = defineDiagnostic<{ operator: string }>({
  code: "GEN1016",
  severity: "error",
  title: "comparison outside `where`",
  message: (p) => `\`${p.operator}\` compares two values, which only the first argument of \`where(…)\` may do`,
  hint: () => "write `where(a < b, valueIfSo, valueIfNot)`",
});

export const misplacedDeclaration = defineDiagnostic<{ keyword: string; place: string }>({
  code: "GEN1017",
  severity: "error",
  title: "declaration in the wrong place",
  message: (p) => `\`${p.keyword}\` stands inside ${p.place}, but belongs directly inside \`model { … }\``,
  hint: (p) => `move it out of ${p.place}; or a \`}\` is missing before it`,
});

export const outsideModel = defineDiagnostic<{ keyword: string }>({
  code: "GEN1018",
  severity: "error",
  title: "declaration outside a model",
  message: (p) => `\`${p.keyword}\` stands outside a model`,
  hint: () => "put it between the braces of `model Name { … }`; or there is a `}` too many before it",
});

export const notYetInTheLanguage = defineDiagnostic<{ word: string; what: string; instead: string }>({
  code: "GEN1019",
  severity: "error",
  title: "not in the language yet",
  message: (p) => `\`${p.word}\`: ${p.what} are reserved for a later version of the language`,
  hint: (p) => p.instead,
});

export const wholeNumberNeeded = defineDiagnostic<{ text: string; what: string }>({
  code: "GEN1020",
  severity: "error",
  title: "whole number needed",
  message: (p) => `${p.what} is a whole number, but this is ${quoted(p.text)}`,
  hint: () => "write a whole number such as `3`",
});

export const latentWithEquals = defineDiagnostic<{ name: string }>({
  code: "GEN1021",
  severity: "error",
  title: "latent variable with `=`",
  message: (p) =>
    `the latent variable ${quoted(p.name)} is given by \`=\`, but needs a distribution, which \`~\` gives`,
  label: () => "expected `~`",
  hint: (p) => `write \`~\` before a distribution; a value computed from others is \`let ${p.name} = …\``,
});

export const notInGuide = defineDiagnostic<{ keyword: string }>({
  code: "GEN1023",
  severity: "error",
  title: "declaration inside `guide`",
  message: (p) => `\`${p.keyword}\` cannot stand inside \`guide { … }\``,
  hint: (p) =>
    p.keyword === "latent" || p.keyword === "observe"
      ? "a guide names a latent variable without keyword and type: `z ~ Normal(m, sd: s)`"
      : "a guide holds `let`, `chain` and `name ~ distribution` only",
});

export const tooManyErrors = defineDiagnostic<{ limit: number }>({
  code: "GEN1022",
  severity: "error",
  title: "too many syntax errors",
  message: (p) => `more than ${p.limit} syntax errors: what follows is not shown`,
  hint: () => "is this a model file?",
});
