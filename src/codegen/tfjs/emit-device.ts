import type { PlanFunction } from "../../ir/plan.js";
import { expandExponentials } from "../loops/expand-exponentials.js";
import type { RuntimeFunction } from "../runtime-functions.js";
import { centreData, centredVariables, centreName } from "./centre-data.js";
import { printDevice, type TensorSupport } from "./device-ir.js";
import { invertFactors } from "./invert-factors.js";
import { lowerToTensors } from "./lower-to-tensors.js";
import { downloadName, partition, uploadName } from "./partition.js";

/** A function for the device: two functions for the host around it, and the code between. */
export interface EmittedDevice {
  readonly before: PlanFunction;
  readonly after: PlanFunction;
  /** Body, with the calls of the other two left to the caller. */
  body(calls: { readonly before: string; readonly after: string }): readonly string[];
  readonly support: readonly TensorSupport[];
  readonly functions: ReadonlySet<RuntimeFunction>;
}

/** Largest number of float32. */
const largest = 3.4028234663852886e38;

/**
 * Undefined where the loops have to do it: linear algebra per row, a second pass over the rows, draws.
 *
 * @param realVariables data with real values, of which the device gets the distance from their centre
 */
export function emitDevice(
  fn: PlanFunction,
  realVariables: ReadonlySet<string>,
  residents: ReadonlySet<string> = new Set(),
): EmittedDevice | undefined {
  const parts = partition(prepared(fn, realVariables), residents);
  if (parts === undefined || parts.downloads.length === 0) return undefined;
  const code = lowerToTensors(parts);
  if (code === undefined) return undefined;
  const centres = centredVariables(parts.fn);
  const kept = new Set([...code.results.values(), ...code.gradients.values()]);
  const lines = [
    ...printDevice(code.statements, kept),
    ...[...code.gradients].map(([name, tensor]) => `device.gradients[${JSON.stringify(name)}] = ${tensor};`),
  ];
  const text = lines.join("\n");
  const sizeTexts = [...code.sizes];
  const uses = (name: string, where: string): boolean => new RegExp(`\\b${name}\\b`).test(where);
  const copied = parts.uploads.filter((id) => !parts.asTheyLie.has(id));
  const allocations = copied.map((id) => {
    const size = parts.fn.nodes[id].axes.map((axis) => {
      return sizeText(sizeOfAxis(parts.fn, axis), code.sizes);
    });
    return `  ${JSON.stringify(uploadName(id))}: new Float64Array(${size.length === 0 ? "1" : size.join(" * ")}),`;
  });
  const support: TensorSupport[] = ["downloadTensor"];
  const weights = code.statements.flatMap(({ made }) => (made.kind === "weight" ? [made.name] : []));
  const hasResidents = weights.length > 0 || code.gradients.size > 0;
  if (hasResidents) support.push("uploadWeights", "downloadGradients");
  const shapes = [...new Set(weights)].map((name) => {
    const input = parts.fn.nodes.find(({ operation }) => operation.kind === "input" && operation.name === name);
    const axes = input?.operation.kind === "input" ? input.operation.axes : [];
    return `${JSON.stringify(name)}: [${axes.map((axis) => sizeText(sizeOfAxis(parts.fn, axis), code.sizes)).join(", ")}]`;
  });
  if (text.includes("uploadTensor(")) support.push("uploadTensor");
  if (text.includes("imageTensor(")) support.push("imageTensor");
  if (text.includes("multiplyMatrices(")) support.push("multiplyMatrices");
  if (text.includes("isPositive(")) support.push("isPositive");
  if (text.includes("mapOnHost(")) support.push("mapOnHost");
  if (centres.length > 0) support.push("columnMeans");
  return {
    before: parts.before,
    after: parts.after,
    support,
    functions: code.functions,
    body: (calls) => [
      ...sizeTexts
        .filter(([name]) => uses(name, text) || uses(name, [...allocations, ...shapes].join("\n")))
        .map(([name, source]) => `const ${name} = ${source};`),
      // Spread into a literal, tables would lose the type of those that are not named here.
      "const tables = Object.assign({}, block.tables, {",
      ...centres.map((name) => `  ${JSON.stringify(centreName(name))}: columnMeans(block.data.${name}, block.rows),`),
      "});",
      "const host = {",
      ...allocations,
      "};",
      ...(calls.before === "" ? [] : [calls.before]),
      ...(hasResidents
        ? [`const device = block.device ?? uploadWeights(tf, parameters, { ${shapes.join(", ")} });`]
        : []),
      ...lines,
      "const totals = {",
      "  ...tables,",
      ...parts.downloads.map(
        (id) => `  ${JSON.stringify(downloadName(id))}: await downloadTensor(${code.results.get(id) ?? ""}),`,
      ),
      "};",
      calls.after,
      ...(hasResidents ? ["if (block.device === undefined) await downloadGradients(device, into);"] : []),
    ],
  };
}

function prepared(fn: PlanFunction, realVariables: ReadonlySet<string>): PlanFunction {
  return invertFactors(centreData(expandExponentials(fn, largest), realVariables));
}

/** Of some parameters those that stay on the device while all of some functions run. */
export function residentsOf(
  functions: readonly PlanFunction[],
  realVariables: ReadonlySet<string>,
  candidates: ReadonlySet<string>,
): ReadonlySet<string> {
  let residents = candidates;
  for (;;) {
    const before = residents.size;
    for (const fn of functions) {
      const parts = partition(prepared(fn, realVariables), residents);
      if (parts === undefined || lowerToTensors(parts) === undefined) return new Set();
      ({ residents } = parts);
    }
    if (residents.size === before) return residents;
  }
}

function sizeOfAxis(fn: PlanFunction, axis: string): PlanFunction["axes"][number]["size"] {
  const declared = fn.axes.find(({ name }) => name === axis);
  if (declared === undefined) throw new Error(`emit device: axis ${axis} is not declared`);
  return declared.size;
}

function sizeText(size: PlanFunction["axes"][number]["size"], names: ReadonlyMap<string, string>): string {
  const nameOf = (source: string): string => [...names].find(([, text]) => text === source)?.[0] ?? source;
  switch (size.kind) {
    case "rows":
      return nameOf("block.rows");
    case "symbol":
      return nameOf(`sizes.${size.name}`);
    case "literal":
      return String(size.value);
    case "sum":
      return `(${size.terms.map((term) => sizeText(term, names)).join(" + ")})`;
  }
}
