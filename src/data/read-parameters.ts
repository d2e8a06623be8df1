import type { DataDiagnostic, DataOutcome } from "../diagnostics/data-diagnostic.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import {
  invalidParameterFile,
  parameterDomain,
  parameterMissing,
  parameterNotNumbers,
  parameterShape,
  unknownParameter,
} from "../diagnostics/catalogue/data.js";
import type { Extent, SettledSizes } from "./bindable.js";
import { domainProblem, type BindableParameter } from "./parameter-domain.js";
import { extentText, extentValue } from "./solve-sizes.js";

export interface ReadParameters {
  /** Row-major. */
  readonly values: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>>;
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
  parameters: readonly BindableParameter[],
  settled: SettledSizes,
  partial: boolean,
): DataOutcome<ReadParameters> {
  const document = parseObject(text);
  if (typeof document === "string") {
    return { kind: "refused", diagnostics: [invalidParameterFile({ file }, { reason: document })] };
  }
  const diagnostics: DataDiagnostic[] = [];
  const values: Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }> = {};
  const sizes = new Map(settled);
  const names = parameters.map((parameter) => parameter.name);
  for (const name of Object.keys(document)) {
    if (names.includes(name)) continue;
    const suggestion = didYouMean(name, names);
    const details = { name, parameters: names, ...(suggestion === undefined ? {} : { suggestion }) };
    diagnostics.push(unknownParameter({ file }, details));
  }
  for (const parameter of parameters) {
    const { name, fixed } = parameter;
    if (!Object.hasOwn(document, name)) {
      if (!partial && fixed === undefined) {
        diagnostics.push(parameterMissing({ file }, { name, shape: shapeText(parameter.shape) }));
      }
      continue;
    }
    const tensor = flatten(document[name]);
    if (typeof tensor === "string") {
      diagnostics.push(parameterNotNumbers({ file }, { name, found: tensor }));
      continue;
    }
    const expected = shapeMismatch(parameter, tensor.shape, sizes);
    if (expected !== undefined) {
      diagnostics.push(parameterShape({ file }, { name, expected, found: shapeText(tensor.shape) }));
      continue;
    }
    const reason = domainProblem(parameter, tensor.shape, tensor.data);
    if (reason === undefined) values[name] = tensor;
    else diagnostics.push(parameterDomain({ file }, { name, reason }));
  }
  return diagnostics.length > 0 ? { kind: "refused", diagnostics } : { kind: "ready", value: { values, sizes } };
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
function flatten(value: unknown): { readonly shape: readonly number[]; readonly data: Float64Array } | string {
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

/** Settles sizes from a shape; the shape that was expected, in words, where it does not agree. */
function shapeMismatch(
  { shape }: BindableParameter,
  found: readonly number[],
  sizes: Map<string, { readonly value: number; readonly by: string }>,
): string | undefined {
  if (found.length === shape.length) {
    const agrees = shape.every((extent, i) => {
      const value = extentValue(extent, sizes);
      if (value === undefined && typeof extent === "string" && found[i] > 0) {
        sizes.set(extent, { value: found[i], by: "the parameters" });
        return true;
      }
      return value === found[i];
    });
    if (agrees) return undefined;
  }
  const because = [...new Set(shape.filter((extent) => typeof extent === "string"))]
    .flatMap((name) => {
      const size = sizes.get(name);
      return size === undefined ? [] : [`${name} is ${size.value} by ${size.by}`];
    })
    .join(", ");
  return shapeText(shape) + (because === "" ? "" : ` (${because})`);
}

function shapeText(shape: readonly Extent[]): string {
  return shape.length === 0 ? "one number" : `[${shape.map(extentText).join(", ")}]`;
}
