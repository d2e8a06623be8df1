import { defineDiagnostic } from "../../diagnostic.js";

export const supportMismatch = defineDiagnostic<{
  readonly family: string;
  readonly slot: string;
  readonly expected: string;
  readonly found: string;
  readonly wayOut: string;
}>({
  code: "GEN2201",
  severity: "error",
  title: "argument outside its support",
  message: (p) => `\`${p.slot}\` of \`${p.family}\` must be ${p.expected}, but this is ${p.found}`,
  label: (p) => `expected ${p.expected}`,
  hint: (p) => p.wayOut,
});

export const slotShapeMismatch = defineDiagnostic<{
  readonly family: string;
  readonly slot: string;
  readonly child: string;
  readonly childType: string;
  readonly expected: string;
  readonly found: string;
}>({
  code: "GEN2202",
  severity: "error",
  title: "argument whose shape does not fit the variable",
  message: (p) =>
    `\`${p.child}\` is \`${p.childType}\`, so \`${p.slot}\` of \`${p.family}\` must be ${p.expected}, but this is \`${p.found}\``,
  label: (p) => `this is \`${p.found}\``,
  hint: (p) => `bring the argument to that shape, or declare \`${p.child}\` with the shape of the argument`,
});

export const valueOutsideFamily = defineDiagnostic<{
  readonly family: string;
  readonly child: string;
  readonly childType: string;
  readonly support: string;
  readonly wayOut: string;
}>({
  code: "GEN2203",
  severity: "error",
  title: "variable of a type that the family does not draw",
  message: (p) => `\`${p.child}\` is \`${p.childType}\`, but the values of \`${p.family}\` are ${p.support}`,
  label: (p) => `draws ${p.support}`,
  hint: (p) => p.wayOut,
});

export const missingArgument = defineDiagnostic<{
  readonly family: string;
  readonly slot: string;
  readonly alternatives: readonly string[];
  readonly documentation: string;
}>({
  code: "GEN2204",
  severity: "error",
  title: "missing argument of a distribution",
  message: (p) => `\`${p.family}\` needs \`${p.slot}\`: ${p.documentation}`,
  label: (p) => `\`${p.slot}\` is missing`,
  hint: (p) =>
    `add it${p.alternatives.length > 0 ? `, or give ${p.alternatives.map((name) => `\`${name}:\``).join(" or ")} instead` : ""}`,
});

export const tooManyArguments = defineDiagnostic<{ readonly family: string; readonly usage: string }>({
  code: "GEN2205",
  severity: "error",
  title: "too many arguments of a distribution",
  message: (p) => `\`${p.family}\` is written \`${p.usage}\`, and this argument is one too many`,
  label: () => "one too many",
  hint: (p) => `write \`${p.usage}\``,
});

export const argumentGivenTwice = defineDiagnostic<{
  readonly family: string;
  readonly slot: string;
  readonly other: string;
}>({
  code: "GEN2206",
  severity: "error",
  title: "argument given twice",
  message: (p) =>
    p.slot === p.other
      ? `\`${p.slot}\` of \`${p.family}\` is given twice`
      : `\`${p.slot}\` and \`${p.other}\` of \`${p.family}\` say the same thing: only one can be given`,
  label: () => "given before",
  hint: () => "keep one of the two",
});

export const covarianceMismatch = defineDiagnostic<{
  readonly family: string;
  readonly slot: string;
  readonly child: string;
  readonly childType: string;
  readonly expected: string;
  readonly found: string;
  readonly wayOut: string;
}>({
  code: "GEN2207",
  severity: "error",
  title: "covariance that does not fit the variable",
  message: (p) =>
    `\`${p.child}\` is \`${p.childType}\`, so \`${p.slot}\` of \`${p.family}\` must be ${p.expected}, but this is \`${p.found}\``,
  label: (p) => `this is \`${p.found}\``,
  hint: (p) => p.wayOut,
});

export const implicitMismatch = defineDiagnostic<{
  readonly child: string;
  readonly childType: string;
  readonly found: string;
  readonly wayOut: string;
}>({
  code: "GEN2210",
  severity: "error",
  title: "`=` between unlike types",
  message: (p) => `\`${p.child}\` is \`${p.childType}\`, but its definition is \`${p.found}\``,
  label: (p) => `this is \`${p.found}\``,
  hint: (p) => p.wayOut,
});

export const implicitDiscrete = defineDiagnostic<{
  readonly child: string;
  readonly childType: string;
  readonly family: string;
}>({
  code: "GEN2211",
  severity: "error",
  title: "discrete variable defined by `=`",
  message: (p) =>
    `\`${p.child}\` is \`${p.childType}\`: its values are separate, so nothing can be learned through \`=\``,
  label: () => "not differentiable",
  hint: (p) =>
    `give it a likelihood: \`observe ${p.child}: ${p.childType} ~ ${p.family}(logits: …)\`` +
    (p.family === "Binomial"
      ? ""
      : `, or beside a critic its probabilities: \`= ${p.family === "Categorical" ? "softmax" : "sigmoid"}(…)\``),
});

export const priorDomain = defineDiagnostic<{
  readonly parameter: string;
  readonly type: string;
  readonly family: string;
  readonly support: string;
  readonly fitting: readonly string[];
}>({
  code: "GEN2213",
  severity: "error",
  title: "prior of values that the parameter cannot take",
  message: (p) => `\`${p.family}\` draws ${p.support}, which cannot be a prior of \`${p.parameter}: ${p.type}\``,
  label: (p) => `draws ${p.support}`,
  hint: (p) =>
    p.fitting.length === 0
      ? "drop the prior"
      : `a prior that fits is ${p.fitting.map((name) => `\`${name}\``).join(" or ")}`,
});

export const fixedNotConstant = defineDiagnostic<{ readonly parameter: string }>({
  code: "GEN2214",
  severity: "error",
  title: "fixed parameter without a known value",
  message: (p) => `\`=\` fixes \`${p.parameter}\` at a known value, and this is not known before the data are read`,
  label: () => "not a number",
  hint: (p) =>
    `write numbers, such as \`= 0\` or \`= [1, 0]\`; for a computed value write \`let ${p.parameter} = …\` in a block`,
});

export const fixedMismatch = defineDiagnostic<{
  readonly parameter: string;
  readonly type: string;
  readonly found: string;
}>({
  code: "GEN2215",
  severity: "error",
  title: "fixed value that its type does not allow",
  message: (p) => `\`${p.parameter}\` is \`${p.type}\`, and its fixed value is ${p.found}`,
  label: (p) => p.found,
  hint: (p) => `write a value that \`${p.type}\` allows, or change the type`,
});
