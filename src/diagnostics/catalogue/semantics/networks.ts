import { defineDiagnostic } from "../../diagnostic.js";

export const networkArgumentCount = defineDiagnostic<{
  readonly network: string;
  readonly expected: number;
  readonly found: number;
  readonly inputs: string;
}>({
  code: "GEN2401",
  severity: "error",
  title: "wrong number of inputs of a network",
  message: (p) =>
    `\`${p.network}(${p.inputs})\` takes ${p.expected} ${p.expected === 1 ? "input" : "inputs"}, and ${p.found} ${p.found === 1 ? "is" : "are"} given`,
  label: (p) => `expected ${p.expected}`,
  hint: () => "give one value for each input of the declaration, in its order",
});

export const networkArgumentType = defineDiagnostic<{
  readonly network: string;
  readonly position: number;
  readonly expected: string;
  readonly found: string;
}>({
  code: "GEN2402",
  severity: "error",
  title: "input of a network of the wrong type",
  message: (p) => `input ${p.position} of \`${p.network}\` is declared \`${p.expected}\`, and this is \`${p.found}\``,
  label: (p) => `this is \`${p.found}\``,
  hint: (p) => `pass a \`${p.expected}\`, or declare the input as \`${p.found}\``,
});

export const tupleMismatch = defineDiagnostic<{
  readonly names: number;
  readonly outputs: number;
  readonly network?: string;
}>({
  code: "GEN2403",
  severity: "error",
  title: "wrong number of names for the outputs",
  message: (p) =>
    p.network === undefined
      ? `this is one value, and ${p.names} names are on the left`
      : `\`${p.network}\` has ${p.outputs} ${p.outputs === 1 ? "output" : "outputs"}, and ${p.names === 1 ? "one name is" : `${p.names} names are`} on the left`,
  label: (p) => (p.outputs === 1 ? "one value" : `${p.outputs} values`),
  hint: (p) =>
    p.outputs === 1
      ? "write one name: `let a = …`"
      : `take the outputs apart: \`let (${["a", "b", "c", "d", "e"].slice(0, p.outputs).join(", ")}) = …\``,
});

export const layerArgument = defineDiagnostic<{
  readonly layer: string;
  readonly usage: string;
  readonly problem: string;
  readonly suggestion?: string;
}>({
  code: "GEN2404",
  severity: "error",
  title: "argument that a layer does not take",
  message: (p) => `\`${p.layer}\` ${p.problem}`,
  label: (p) => `expected \`${p.usage}\``,
  hint: (p) => (p.suggestion === undefined ? `write \`${p.usage}\`` : `did you mean \`${p.suggestion}\`?`),
});

export const layerInput = defineDiagnostic<{
  readonly layer: string;
  readonly needs: string;
  readonly found: string;
  readonly wayOut: string;
}>({
  code: "GEN2405",
  severity: "error",
  title: "layer that does not fit what reaches it",
  message: (p) => `\`${p.layer}\` works on ${p.needs}, and ${p.found} reaches it here`,
  label: (p) => `needs ${p.needs}`,
  hint: (p) => p.wayOut,
});

export const networkOutputType = defineDiagnostic<{
  readonly type: string;
  readonly wayOut: string;
  readonly replacement: string;
}>({
  code: "GEN2406",
  severity: "error",
  title: "network with an output that is not real",
  message: (p) => `a network ends in a linear layer, so its output cannot be \`${p.type}\``,
  label: () => "outputs are real numbers",
  hint: (p) => `declare the output \`${p.replacement}\` ${p.wayOut}`,
});

export const criticOutput = defineDiagnostic<{ readonly network: string; readonly type: string }>({
  code: "GEN2407",
  severity: "error",
  title: "critic that does not give one number",
  message: (p) => `a critic gives one number for each value, but \`${p.network}\` gives \`${p.type}\``,
  label: (p) => `gives \`${p.type}\``,
  hint: (p) => `declare \`net ${p.network}(…) -> Real\``,
});

export const criticArgument = defineDiagnostic<{ readonly network: string; readonly reason: string }>({
  code: "GEN2408",
  severity: "error",
  title: "critic that does not judge the data",
  message: (p) => `the critic \`${p.network}\` judges an observed variable, then given ones, ${p.reason}`,
  label: () => "not what a critic judges",
  hint: (p) => `write \`critic ${p.network}(x)\` with the observed variable first, and only given variables after it`,
});

export const notANetwork = defineDiagnostic<{ readonly name: string; readonly suggestion?: string }>({
  code: "GEN2409",
  severity: "error",
  title: "critic that is not a network",
  message: (p) => `\`${p.name}\` is not a network of this model`,
  label: () => "not a network",
  hint: (p) =>
    p.suggestion === undefined
      ? `declare it: \`net ${p.name}(Vector[D]) -> Real = dense(64, lrelu)\``
      : `did you mean \`${p.suggestion}\`?`,
});

export const layerShape = defineDiagnostic<{
  readonly layer: string;
  readonly problem: string;
  readonly wayOut: string;
}>({
  code: "GEN2410",
  severity: "error",
  title: "layer that cannot take the shape that reaches it",
  message: (p) => `\`${p.layer}\` ${p.problem}`,
  label: () => "does not fit",
  hint: (p) => p.wayOut,
});
