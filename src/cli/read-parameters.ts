import { extentText, extentValue } from "../data/solve-sizes.js";
import type { Extent, SettledSizes } from "../data/bindable.js";
import {
  invalidParameterFile,
  parameterDomain,
  parameterMissing,
  parameterNotNumbers,
  parameterShape,
  unknownParameter,
} from "../diagnostics/catalogue/data.js";
import type { DataDiagnostic, DataOutcome } from "../diagnostics/data-diagnostic.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import type { ParameterDescription } from "../runtime/description.js";
import { domainViolation } from "../runtime/parameter-space.js";

/** Row-major values with their shape. */
export interface ParameterValues {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export interface ReadParameters {
  readonly values: Readonly<Record<string, ParameterValues>>;
  /** What was settled before, and what the shapes settle. */
  readonly sizes: SettledSizes;
}

/**
 * Reads `{"name": nested lists of numbers, …}` against the parameters of a model; sizes follow from the shapes.
 *
 * @param partial whether parameters may be left out
 */
export function readParameters(
  file: string,
  text: string,
  parameters: readonly ParameterDescription[],
  settled: SettledSizes,
  partial: boolean,
): DataOutcome<ReadParameters> {
  const document = parseObject(text);
  if (typeof document === "string") {
    return { kind: "refused", diagnostics: [invalidParameterFile({ file }, { reason: document })] };
  }
  const diagnostics: DataDiagnostic[] = unknownNames(file, Object.keys(document), parameters);
  const found = new Map<ParameterDescription, ParameterValues>();
  const sizes = new Map(settled);
  for (const parameter of parameters) {
    const { name, fixed, shape, asWritten } = parameter;
    if (Object.hasOwn(document, name)) {
      const tensor = flatten(document[name]);
      if (typeof tensor === "string") diagnostics.push(parameterNotNumbers({ file }, { name, found: tensor }));
      else {
        found.set(parameter, tensor);
        settleFromShape(parameter, tensor.shape, sizes);
      }
    } else if (!partial && fixed === undefined && asWritten === undefined) {
      diagnostics.push(parameterMissing({ file }, { name, shape: shapeText(shape) }));
    }
  }
  for (const [parameter, tensor] of found) diagnostics.push(...problemsWith(file, parameter, tensor, sizes));
  if (diagnostics.length > 0) return { kind: "refused", diagnostics };
  const values = Object.fromEntries([...found].map(([{ name }, tensor]) => [name, tensor]));
  return { kind: "ready", value: { values, sizes } };
}

function unknownNames(
  file: string,
  found: readonly string[],
  parameters: readonly ParameterDescription[],
): DataDiagnostic[] {
  const names = parameters.map((parameter) => parameter.name);
  return found
    .filter((name) => !names.includes(name))
    .map((name) => {
      const suggestion = didYouMean(name, names);
      const details = { name, parameters: names, ...(suggestion === undefined ? {} : { suggestion }) };
      return unknownParameter({ file }, details);
    });
}

type MutableSizes = Map<string, { readonly value: number; readonly by: string }>;

function settleFromShape({ name, shape }: ParameterDescription, found: readonly number[], sizes: MutableSizes): void {
  if (found.length !== shape.length) return;
  for (const [i, extent] of shape.entries()) {
    if (typeof extent === "string" && !sizes.has(extent) && found[i] > 0) {
      sizes.set(extent, { value: found[i], by: `the shape of \`${name}\`` });
    }
  }
}

function problemsWith(
  file: string,
  parameter: ParameterDescription,
  { shape, data }: ParameterValues,
  sizes: SettledSizes,
): readonly DataDiagnostic[] {
  const { name, fixed } = parameter;
  const agrees =
    shape.length === parameter.shape.length &&
    parameter.shape.every((extent, i) => extentValue(extent, sizes) === shape[i]);
  if (!agrees) {
    const because = [...new Set(parameter.shape.filter((extent) => typeof extent === "string"))].flatMap((size) => {
      const known = sizes.get(size);
      return known === undefined ? [] : [`${size} is ${known.value} by ${known.by}`];
    });
    const expected = shapeText(parameter.shape) + (because.length === 0 ? "" : ` (${because.join(", ")})`);
    return [parameterShape({ file }, { name, expected, found: shapeText(shape) })];
  }
  if (fixed !== undefined && fixed.some((value, i) => value !== data[i])) {
    return [parameterDomain({ file }, { name, reason: "has a fixed value in the model" })];
  }
  const numbers = Object.fromEntries([...sizes].map(([size, { value }]) => [size, value]));
  const reason = domainViolation(parameter, numbers, data);
  return reason === undefined ? [] : [parameterDomain({ file }, { name, reason })];
}

function parseObject(text: string): Readonly<Record<string, unknown>> | string {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document !== "object" || document === null || Array.isArray(document)) return "it is not an object";
    return Object.fromEntries(Object.entries(document));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Shape and row-major values of nested lists; what else it holds, in words, where they are not even. */
function flatten(value: unknown): ParameterValues | string {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const data: number[] = [];
  const visit = (item: unknown, depth: number): string | undefined => {
    if (!Array.isArray(item)) {
      if (depth < shape.length) return "lists of different depth";
      if (typeof item !== "number" || !Number.isFinite(item)) return JSON.stringify(item) ?? "nothing";
      data.push(item);
      return undefined;
    }
    if (depth === shape.length) return "lists of different depth";
    if (item.length !== shape[depth]) return "lists of different length";
    for (const each of item) {
      const problem = visit(each, depth + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  return visit(value, 0) ?? { shape, data: Float64Array.from(data) };
}

function shapeText(shape: readonly Extent[]): string {
  return shape.length === 0 ? "one number" : `[${shape.map(extentText).join(", ")}]`;
}
