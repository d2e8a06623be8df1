import type { ModelDescription, Sizes } from "./description.js";
import { DataError, OptionError } from "./errors.js";
import { boundShape, extentText, product } from "./extents.js";
import { domainViolation } from "./parameter-space.js";
import { SizeBinding } from "./sizes.js";

interface Read {
  /** Absent for a flat list, which goes with any shape of its length. */
  readonly shape: readonly number[] | undefined;
  readonly data: Float64Array;
}

/**
 * Reads parameters as people pass them: numbers, nested arrays, or `{ shape, data }`. Throws `OptionError` that names
 * the parameter.
 */
export function readParameters(
  description: ModelDescription,
  sizes: Sizes,
  given: Readonly<Record<string, unknown>>,
): Record<string, Float64Array> {
  const values: Record<string, Float64Array> = {};
  for (const parameter of description.parameters) {
    const value = given[parameter.name];
    if (value === undefined) continue;
    const argument = `parameters.${parameter.name}`;
    const shape = boundShape(parameter.shape, sizes);
    const { shape: found, data } = read(argument, value);
    const fits = found === undefined ? data.length === product(shape) : sameShape(found, shape);
    if (!fits) {
      const axes =
        parameter.axes.length === 0 ? "a number" : `shape [${shape.join(", ")}] (${parameter.axes.join(", ")})`;
      throw new OptionError(
        argument,
        axes,
        found === undefined ? `${data.length} values` : `shape [${found.join(", ")}]`,
      );
    }
    const violation = domainViolation(parameter, sizes, data);
    if (violation !== undefined)
      throw new OptionError(argument, `values of its domain (${parameter.domain})`, `one that ${violation}`);
    values[parameter.name] = data;
  }
  return values;
}

/** What no program declares, such that the model is the program as written. */
export function parametersAsWritten(
  { parameters }: Pick<ModelDescription, "parameters">,
  sizes: Sizes,
): Record<string, Float64Array> {
  const values: Record<string, Float64Array> = {};
  for (const { name, shape, asWritten } of parameters)
    if (asWritten !== undefined)
      values[name] = new Float64Array(product(boundShape(shape, sizes))).fill(asWritten.value);
  return values;
}

/** Binds sizes from the shapes of parameters, for a model that is queried without data to tell them. */
export function sizesOfParameters(
  description: ModelDescription,
  sizes: Sizes,
  given: Readonly<Record<string, unknown>>,
): Record<string, number> {
  const binding = new SizeBinding(description, sizes);
  for (let round = 0; round < 2; round++) {
    for (const parameter of description.parameters) {
      if (given[parameter.name] === undefined) continue;
      const { shape } = read(`parameters.${parameter.name}`, given[parameter.name]);
      if (shape === undefined || shape.length !== parameter.shape.length) continue;
      shape.forEach((extent, i) => {
        const what = `Extent ${i + 1} (${extentText(parameter.shape[i])}) of parameter \`${parameter.name}\``;
        try {
          binding.unify(parameter.shape[i], extent, what, parameter.name);
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
          throw new OptionError(`parameters.${parameter.name}`, "sizes that agree", error.message.replace(/\.$/, ""));
        }
      });
    }
  }
  return binding.complete();
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}

function read(argument: string, value: unknown): Read {
  if (typeof value === "number") return { shape: [], data: Float64Array.of(value) };
  if (ArrayBuffer.isView(value) && "length" in value) {
    return { shape: undefined, data: Float64Array.from(value as unknown as ArrayLike<number>) };
  }
  if (Array.isArray(value)) {
    const shape: number[] = [];
    for (let inner: unknown = value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
    const flat: unknown[] = value.flat(Infinity);
    if (flat.length !== product(shape) || !flat.every((entry) => typeof entry === "number")) {
      throw new OptionError(argument, "nested arrays of numbers, all of the same length", "others");
    }
    return { shape, data: Float64Array.from(flat as number[]) };
  }
  if (
    typeof value === "object" &&
    value !== null &&
    "data" in value &&
    "shape" in value &&
    Array.isArray(value.shape)
  ) {
    const data = Float64Array.from(value.data as ArrayLike<number>);
    return { shape: value.shape as readonly number[], data };
  }
  throw new OptionError(argument, "a number, nested arrays, or { shape, data }", String(value));
}
