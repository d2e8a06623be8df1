import { defineDiagnostic } from "../../diagnostic.js";

interface Misspelling {
  readonly name: string;
  readonly suggestion?: string;
}

const didYouMean = (p: Misspelling): string | undefined =>
  p.suggestion === undefined ? undefined : `did you mean \`${p.suggestion}\`?`;

export const unknownName = defineDiagnostic<Misspelling>({
  code: "GEN2001",
  severity: "error",
  title: "unknown name",
  message: (p) => `nothing named \`${p.name}\` is declared`,
  label: () => "not found",
  hint: (p) => didYouMean(p) ?? `declare it: \`param ${p.name}: Real\`, or \`let ${p.name} = …\``,
});

export const duplicateName = defineDiagnostic<{ readonly name: string; readonly inner: boolean }>({
  code: "GEN2002",
  severity: "error",
  title: "name declared twice",
  message: (p) => `\`${p.name}\` is declared twice`,
  label: () => "declared again here",
  hint: (p) =>
    `give one of the two another name${p.inner ? "; a name means one thing in a whole model, whatever block it stands in" : ""}`,
});

export const notVisibleHere = defineDiagnostic<{
  readonly name: string;
  readonly axis: string;
  readonly axisKind: "plate" | "chain";
}>({
  code: "GEN2003",
  severity: "error",
  title: "name of an inner block used outside it",
  message: (p) => `\`${p.name}\` has one value for each \`${p.axis}\`, so it has no meaning outside that block`,
  label: (p) => `outside \`${p.axisKind === "plate" ? "each" : "chain"} ${p.axis}\``,
  hint: (p) =>
    `move this declaration into \`${p.axisKind === "plate" ? "each" : "chain"} ${p.axis} { … }\`, or move \`${p.name}\` out of it`,
});

export const unknownType = defineDiagnostic<Misspelling>({
  code: "GEN2004",
  severity: "error",
  title: "unknown type",
  message: (p) => `there is no type \`${p.name}\``,
  label: () => "not a type",
  hint: (p) =>
    didYouMean(p) ??
    "the types are Real, Vector, Matrix, Tensor, Positive, Unit, Simplex, Ordered, Cov, Diag, Iso, LowRank, Category, Binary, Count and Angle",
});

export const unknownFamily = defineDiagnostic<Misspelling & { readonly families: readonly string[] }>({
  code: "GEN2005",
  severity: "error",
  title: "unknown family of distributions",
  message: (p) => `there is no family of distributions \`${p.name}\``,
  label: () => "not a family",
  hint: (p) => didYouMean(p) ?? `the families are ${p.families.join(", ")}`,
});

export const unknownFunction = defineDiagnostic<Misspelling>({
  code: "GEN2006",
  severity: "error",
  title: "unknown function",
  message: (p) => `there is no function or network \`${p.name}\``,
  label: () => "not found",
  hint: (p) =>
    didYouMean(p) ??
    `declare a network: \`net ${p.name}(Vector[D]) -> Vector[D] = dense(64, relu)\`; functions of your own are reserved for later`,
});

export const unknownLayer = defineDiagnostic<Misspelling & { readonly layers: readonly string[] }>({
  code: "GEN2007",
  severity: "error",
  title: "unknown layer",
  message: (p) => `there is no layer \`${p.name}\``,
  label: () => "not a layer",
  hint: (p) => didYouMean(p) ?? `the layers are ${p.layers.join(", ")}`,
});

export const unknownArgument = defineDiagnostic<
  Misspelling & { readonly callee: string; readonly names: readonly string[] }
>({
  code: "GEN2010",
  severity: "error",
  title: "unknown named argument",
  message: (p) => `\`${p.callee}\` has no argument named \`${p.name}\``,
  label: () => "no such argument",
  hint: (p) =>
    didYouMean(p) ??
    (p.names.length === 0
      ? "its arguments have no names: write the value alone"
      : `its arguments are ${p.names.join(", ")}`),
});

export const notAValue = defineDiagnostic<{ readonly name: string; readonly role: string; readonly wayOut: string }>({
  code: "GEN2011",
  severity: "error",
  title: "name that is not a value",
  message: (p) => `\`${p.name}\` is ${p.role}, not a value`,
  label: () => "a value is expected here",
  hint: (p) => p.wayOut,
});

export const notASize = defineDiagnostic<{
  readonly name: string;
  readonly role: string;
  readonly suggestion?: string;
}>({
  code: "GEN2012",
  severity: "error",
  title: "not a size",
  message: (p) => `\`${p.name}\` is ${p.role}, not a size`,
  label: () => "a size is expected here",
  hint: (p) => didYouMean(p) ?? "write the name of a `size`, or a whole number",
});

export const unknownSize = defineDiagnostic<Misspelling>({
  code: "GEN2013",
  severity: "error",
  title: "undeclared size",
  message: (p) => `the size \`${p.name}\` is not declared`,
  label: () => "not found",
  hint: (p) => didYouMean(p) ?? `declare it at the top of the model: \`size ${p.name}\``,
});

export const hidesLibraryName = defineDiagnostic<{ readonly name: string; readonly role: string }>({
  code: "GEN2014",
  severity: "error",
  title: "network named like a library function",
  message: (p) => `a network cannot be named \`${p.name}\`: that is ${p.role} of the language`,
  label: () => "already means something",
  hint: (p) => `give the network another name, such as \`${p.name}Network\``,
});

export const notADistribution = defineDiagnostic<{
  readonly relation: string;
  /** A family whose arguments were put in brackets. */
  readonly bracketed?: string;
}>({
  code: "GEN2015",
  severity: "error",
  title: "distribution expected",
  message: (p) => `${p.relation} needs a family of distributions on its right, such as \`Normal(mean, variance)\``,
  label: () => "not a distribution",
  hint: (p) =>
    p.bracketed === undefined
      ? "write a family, or use `let` for a name of a computed value"
      : `arguments stand in parentheses: \`${p.bracketed}(…)\``,
});

export const distributionAsValue = defineDiagnostic<{ readonly family: string }>({
  code: "GEN2016",
  severity: "error",
  title: "distribution used as a value",
  message: (p) => `\`${p.family}\` is a family of distributions, not a value`,
  label: () => "a value is expected here",
  hint: (p) =>
    `declare a variable, \`latent v: … ~ ${p.family}(…)\`, and use it here; an observed variable takes \`~\`, not \`=\``,
});

export const notCallable = defineDiagnostic<{ readonly written: string; readonly role: string }>({
  code: "GEN2017",
  severity: "error",
  title: "call of something that is not a function",
  message: (p) => `${p.written} is ${p.role} and cannot be called`,
  label: () => "not a function or network",
  hint: () => "entries are picked with brackets, `mean[z]`; products are written with `*`",
});

export const declaredTwice = defineDiagnostic<{ readonly what: string }>({
  code: "GEN2018",
  severity: "error",
  title: "second declaration of a kind that stands once",
  message: (p) => `a model has one ${p.what}, and this is the second`,
  label: () => "the second",
  hint: (p) => `keep one ${p.what} and move what the other says into it`,
});

export const cyclicDefinition = defineDiagnostic<{ readonly names: readonly string[] }>({
  code: "GEN2019",
  severity: "error",
  title: "definitions that go round in a circle",
  message: (p) =>
    p.names.length === 1
      ? `\`${p.names[0]}\` is defined by itself`
      : `${[...p.names, p.names[0]].map((name) => `\`${name}\``).join(" needs ")}`,
  label: () => "the circle closes here",
  hint: (p) =>
    `break the circle: let one of them depend on its past (\`${p.names[0]}[t-1]\`) or on nothing in the circle`,
});

export const reservedForLater = defineDiagnostic<{ readonly what: string; readonly wayOut: string }>({
  code: "GEN2020",
  severity: "error",
  title: "reserved for a later version",
  message: (p) => `${p.what} are reserved for a later version of the language`,
  label: () => "not yet",
  hint: (p) => p.wayOut,
});

export const fieldAccess = defineDiagnostic<{ readonly field: string }>({
  code: "GEN2021",
  severity: "error",
  title: "field access",
  message: (p) => `\`.${p.field}\` has no meaning: values have no fields`,
  label: () => "no such thing",
  hint: () => "take several outputs of a network apart with `let (m, s) = f(x)`, and entries with brackets, `x[0]`",
});

export const sizeNotPositive = defineDiagnostic<{ readonly name: string; readonly value: string }>({
  code: "GEN2022",
  severity: "error",
  title: "size that is not a positive whole number",
  message: (p) => `the size \`${p.name}\` cannot be ${p.value}`,
  label: () => "1 or more",
  hint: () => "write a whole number of 1 or more, or nothing, to bind it from the data",
});
