import { defineDiagnostic } from "../../diagnostic.js";

export const siteNotLatent = defineDiagnostic<{
  readonly name: string;
  readonly role: string;
  readonly suggestion?: string;
}>({
  code: "GEN2501",
  severity: "error",
  title: "guide of something that is not latent",
  message: (p) => `a guide gives distributions to latent variables, and \`${p.name}\` is ${p.role}`,
  label: () => "not a latent variable",
  hint: (p) =>
    p.suggestion === undefined
      ? "drop this line, or declare the variable `latent` in the model"
      : `did you mean \`${p.suggestion}\`?`,
});

export const siteGivenTwice = defineDiagnostic<{ readonly name: string }>({
  code: "GEN2502",
  severity: "error",
  title: "two guides of one variable",
  message: (p) => `the guide gives \`${p.name}\` two distributions`,
  label: () => "the second",
  hint: () => "keep one of the two",
});

export const guideChainUnknown = defineDiagnostic<{ readonly name: string; readonly suggestion?: string }>({
  code: "GEN2503",
  severity: "error",
  title: "chain of a guide that the model does not have",
  message: (p) => `the model has no chain \`${p.name}\``,
  label: () => "not a chain of the model",
  hint: (p) =>
    p.suggestion === undefined
      ? "a guide follows the chains of its model: use one of theirs"
      : `did you mean \`${p.suggestion}\`?`,
});

export const siteOutsideItsChain = defineDiagnostic<{
  readonly name: string;
  readonly chain: string;
  readonly inside: boolean;
}>({
  code: "GEN2504",
  severity: "error",
  title: "guide of a variable outside its chain",
  message: (p) =>
    p.inside
      ? `\`${p.name}\` has one value for a whole sequence, so its guide does not stand inside \`chain ${p.chain}\``
      : `\`${p.name}\` has one value for each \`${p.chain}\`, so its guide stands inside \`chain ${p.chain} { … }\``,
  label: (p) => (p.inside ? `inside \`chain ${p.chain}\`` : `outside \`chain ${p.chain}\``),
  hint: (p) =>
    p.inside ? `move it out of \`chain ${p.chain}\`` : `write \`chain ${p.chain} { ${p.name} ~ … }\` in the guide`,
});

export const guideForm = defineDiagnostic<{ readonly name: string }>({
  code: "GEN2505",
  severity: "error",
  title: "unknown form of guide",
  message: (p) => `a guide is \`auto(…)\` or a block, not \`${p.name}\``,
  label: () => "not a form of guide",
  hint: () => "write `guide auto(dense(64, tanh))`, or `guide { z ~ … }`",
});

export const guideReadsUnsampled = defineDiagnostic<{ readonly name: string; readonly site: string }>({
  code: "GEN2506",
  severity: "error",
  title: "guide that reads what it does not know",
  message: (p) =>
    `the guide of \`${p.site}\` reads \`${p.name}\`, which only the model draws: a guide knows the data and the variables it has drawn itself`,
  label: () => "not known to the guide",
  hint: (p) => `give \`${p.name}\` a line of its own in the guide, or read observed and given variables instead`,
});

export const guideReadsInner = defineDiagnostic<{
  readonly name: string;
  readonly axis: string;
  readonly reader: string;
  readonly chain: boolean;
}>({
  code: "GEN2507",
  severity: "error",
  title: "guide that reads one value of many",
  message: (p) => `\`${p.name}\` has one value for each \`${p.axis}\`, and ${p.reader} has not: which one is meant?`,
  label: (p) => `one value for each \`${p.axis}\``,
  hint: (p) =>
    p.chain
      ? `read the whole sequence, \`${p.name}[*]\`, with a network that takes a \`Seq\`, or move this into \`chain ${p.axis}\``
      : "read variables of the same or an outer plate",
});
