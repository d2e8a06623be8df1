import { defineDiagnostic } from "../../diagnostic.js";

export const unusedParameter = defineDiagnostic<{ readonly name: string }>({
  code: "GEN2801",
  severity: "warning",
  title: "parameter without effect",
  message: (p) => `the parameter \`${p.name}\` has no effect on any variable, so the data say nothing about it`,
  label: () => "never used",
  hint: (p) => `use \`${p.name}\` in a distribution, or drop it`,
});

export const latentWithoutData = defineDiagnostic<{ readonly name: string }>({
  code: "GEN2802",
  severity: "warning",
  title: "latent variable that no data depend on",
  message: (p) => `nothing observed depends on \`${p.name}\`, so its posterior is its prior`,
  label: () => "no data below it",
  hint: (p) => `let an observed variable depend on \`${p.name}\`, or drop it`,
});

export const deviationAsVariance = defineDiagnostic<{
  readonly name: string;
  readonly family: string;
  readonly slot: string;
}>({
  code: "GEN2803",
  severity: "warning",
  title: "standard deviation where a variance is meant",
  message: (p) =>
    `\`${p.name}\` is named like a standard deviation, but the second argument of \`${p.family}\` is the ${p.slot}`,
  label: () => "read as a variance",
  hint: (p) => `write \`sd: ${p.name}\` for a standard deviation, or name it \`variance\``,
});

export const scaleTradeOff = defineDiagnostic<{
  readonly first: string;
  readonly second: string;
  readonly through: string;
}>({
  code: "GEN2804",
  severity: "warning",
  title: "two parameters that trade off their scales",
  message: (p) =>
    `\`${p.first}\` and \`${p.second}\` ${p.through}: one may grow as the other shrinks without any change to the model`,
  label: () => "only the product is determined",
  hint: (p) =>
    `fix the scale of one of them: \`param ${p.second}: … = 1\`, write \`1\` in its place, or give it a prior`,
});

export const priorOutsideSupport = defineDiagnostic<{
  readonly parameter: string;
  readonly type: string;
  readonly family: string;
  readonly support: string;
  readonly fitting: readonly string[];
}>({
  code: "GEN2805",
  severity: "warning",
  title: "prior whose values are not the parameter's",
  message: (p) =>
    `\`${p.family}\` draws ${p.support}, but \`${p.parameter}\` is \`${p.type}\`: part of the prior never applies`,
  label: (p) => `draws ${p.support}`,
  hint: (p) =>
    p.fitting.length === 0
      ? undefined
      : `a prior of the same support is ${p.fitting.map((name) => `\`${name}\``).join(" or ")}`,
});

export const singleComponent = defineDiagnostic<{ readonly size: string; readonly variable: string }>({
  code: "GEN2806",
  severity: "warning",
  title: "choice of one",
  message: (p) => `\`${p.variable}\` chooses among \`${p.size} = 1\`, which is no choice`,
  label: () => "only one category",
  hint: (p) => `write \`size ${p.size} = 2\` or more, or \`size ${p.size}\` to choose it when training`,
});

export const priorAtBoundary = defineDiagnostic<{ readonly parameter: string; readonly family: string }>({
  code: "GEN2807",
  severity: "warning",
  title: "prior whose mode is at the boundary",
  message: (p) =>
    `a \`${p.family}\` prior with a concentration below 1 has its mode at the boundary: the point estimate of \`${p.parameter}\` may have entries of exactly 0`,
  label: () => "below 1",
  hint: () => "write a concentration of 1 or more; 1 is no prior, 1.1 keeps every entry above 0",
});

export const unusedSize = defineDiagnostic<{ readonly name: string }>({
  code: "GEN2808",
  severity: "warning",
  title: "unused size",
  message: (p) => `the size \`${p.name}\` is not used`,
  label: () => "never used",
  hint: () => "drop it",
});

export const unusedNetwork = defineDiagnostic<{ readonly name: string }>({
  code: "GEN2809",
  severity: "warning",
  title: "unused network",
  message: (p) => `the network \`${p.name}\` is not used`,
  label: () => "never used",
  hint: (p) => `call \`${p.name}(…)\` in a distribution, or drop it`,
});

export const nothingObserved = defineDiagnostic<{ readonly model: string }>({
  code: "GEN2810",
  severity: "warning",
  title: "model without data",
  message: (p) => `\`${p.model}\` observes nothing, so there is nothing to learn from`,
  label: () => "no observed variable",
  hint: () => "declare what the data are: `each n { observe x: Real ~ … }`",
});

export const needlessInitial = defineDiagnostic<{ readonly name: string }>({
  code: "GEN2811",
  severity: "warning",
  title: "first step of a variable that does not look back",
  message: (p) => `\`${p.name}\` does not look back, so its first step needs no distribution of its own`,
  label: () => "is this meant?",
  hint: (p) => `drop \`init …\`, or let \`${p.name}\` depend on \`${p.name}[t-1]\``,
});

export const unusedValue = defineDiagnostic<{ readonly name: string; readonly what: string }>({
  code: "GEN2812",
  severity: "warning",
  title: "value that nothing reads",
  message: (p) => `the ${p.what} \`${p.name}\` is not read by anything`,
  label: () => "never read",
  hint: (p) => `use \`${p.name}\`, or drop it`,
});

export const twinLatents = defineDiagnostic<{ readonly first: string; readonly second: string }>({
  code: "GEN2813",
  severity: "warning",
  title: "latent variables that cannot be told apart",
  message: (p) =>
    `\`${p.first}\` and \`${p.second}\` have the same distribution and enter the model in the same way, so their names may swap`,
  label: () => "interchangeable",
  hint: () => "give each its own parameters, such as a table indexed by both, `mean[a, b]`, with separate weights",
});

export const noDataPlate = defineDiagnostic<{
  readonly variable: string;
  /** The plate of declared size that runs where the rows should. */
  readonly axis?: string;
  readonly size?: string;
}>({
  code: "GEN2814",
  severity: "warning",
  title: "nothing runs over the rows of the data",
  message: (p) =>
    `\`${p.variable}\` does not run over the rows of the data: the model describes one row, from which little is learned`,
  label: (p) => (p.axis === undefined ? "outside of every `each n { … }`" : `runs over the columns of one row`),
  hint: (p) =>
    p.axis === undefined
      ? "put what belongs to a row into `each n { … }`"
      : `write \`each ${p.axis} { … }\` without \`in ${p.size ?? ""}\`: the rows need no size`,
});
