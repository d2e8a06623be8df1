import { defineDiagnostic } from "../../diagnostic.js";

export const looksAhead = defineDiagnostic<{ readonly name: string; readonly axis: string }>({
  code: "GEN2301",
  severity: "error",
  title: "look at a later step",
  message: (p) => `\`${p.name}\` is read at a later step than \`${p.axis}\`: a step may depend on the past only`,
  label: () => "the future",
  hint: (p) =>
    `turn the dependence round: write \`${p.name}[${p.axis}-1]\`, and let the later variable depend on the earlier one`,
});

export const lookBackOutsideChain = defineDiagnostic<{
  readonly name: string;
  readonly axis: string;
  readonly reason: string;
}>({
  code: "GEN2302",
  severity: "error",
  title: "look-back outside a chain",
  message: (p) => `\`${p.name}\` cannot be looked back at along \`${p.axis}\`: ${p.reason}`,
  label: () => "no earlier step",
  hint: () => "only a variable declared in a `chain t { … }` has an earlier value, and only inside that chain",
});

export const badLag = defineDiagnostic<{ readonly name: string; readonly axis: string; readonly current: boolean }>({
  code: "GEN2303",
  severity: "error",
  title: "look-back that is not by a fixed number of steps",
  message: (p) =>
    p.current
      ? `\`${p.name}\` without brackets is already its value at this \`${p.axis}\``
      : `the look-back of \`${p.name}\` must be a whole number of steps, at least 1`,
  label: () => "expected a step such as `t-1`",
  hint: (p) => (p.current ? `write \`${p.name}\`` : `write \`${p.name}[${p.axis}-1]\``),
});

export const missingInitial = defineDiagnostic<{ readonly name: string; readonly read: string; readonly axis: string }>(
  {
    code: "GEN2304",
    severity: "error",
    title: "look-back without a first step",
    message: (p) =>
      `\`${p.name}\` looks back at ${p.read === p.name ? "its own past" : `\`${p.read}\``}, but nothing says what the first step of \`${p.axis}\` is`,
    label: () => "the first step has no past",
    hint: () => "add the distribution of the first step: `init Normal(0, 1)`, or one with parameters of its own",
  },
);

export const initialLooksBack = defineDiagnostic<{ readonly name: string; readonly read: string }>({
  code: "GEN2306",
  severity: "error",
  title: "first step that looks back",
  message: (p) => `the first step of \`${p.name}\` reads the past of \`${p.read}\`, and there is none`,
  label: () => "no earlier step",
  hint: () => "write the first step with parameters and variables of the same step only",
});

export const initialOutsideChain = defineDiagnostic<{ readonly name: string; readonly reason: string }>({
  code: "GEN2307",
  severity: "error",
  title: "`init` where there are no steps",
  message: (p) => `\`init\` is the distribution of the first step, but ${p.reason}`,
  label: () => "no first step here",
  hint: (p) => `drop \`init …\`, or declare \`${p.name}\` with \`~\` inside a \`chain\``,
});

export const weightNotOnRows = defineDiagnostic<{ readonly plate: string }>({
  code: "GEN2308",
  severity: "error",
  title: "weights on something other than rows",
  message: (p) => `only rows of the data have weights, and \`${p.plate}\` runs over a declared size`,
  label: () => "one weight for each row",
  hint: () => "move `weight` to the plate of the rows: `each n weight w { … }`",
});

export const secondDataAxis = defineDiagnostic<{
  readonly axis: string;
  readonly other: string;
  readonly nested: boolean;
}>({
  code: "GEN2309",
  severity: "error",
  title: "second axis that runs over the rows of the data",
  message: (p) =>
    p.nested
      ? `\`${p.axis}\` has no size, so it would run over the rows of the data inside \`${p.other}\``
      : `\`${p.axis}\` has no size, so it would run over the rows of the data, and \`${p.other}\` already does`,
  label: () => "over which rows?",
  hint: (p) =>
    p.nested
      ? `give it a size, \`each ${p.axis} in J { … }\`, or make it the outermost plate`
      : "put everything of one row into one plate, or split the model into two",
});

export const notAVariable = defineDiagnostic<{ readonly name: string; readonly role: string; readonly axis: string }>({
  code: "GEN2311",
  severity: "error",
  title: "look-back at something without a past",
  message: (p) => `\`${p.name}\` is ${p.role}: only variables of the chain have an earlier value`,
  label: () => "has no past",
  hint: (p) => `look back at the variables it is made of, such as \`x[${p.axis}-1]\``,
});

export const badSequence = defineDiagnostic<{
  readonly name: string;
  readonly reason: string;
  readonly wayOut: string;
}>({
  code: "GEN2312",
  severity: "error",
  title: "`[*]` where there is no sequence to read",
  message: (p) => `\`${p.name}[*]\` is not allowed here: ${p.reason}`,
  label: () => "a whole sequence",
  hint: (p) => p.wayOut,
});
