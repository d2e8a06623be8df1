import type { ModelDescription, ParameterDescription, Sizes } from "../description.js";
import { boundShape, cellsOf, product } from "../extents.js";
import { literalParameters } from "../fit/initial-guess.js";
import { parametersAsWritten, readParameters } from "../parameter-values.js";
import { RandomStream } from "../../numerics/random.js";
import type { ElboDescription, StartDescription } from "./elbo-description.js";
import { startWeights } from "./start-weights.js";

/** Moments of the observed variables, by name: what a location or a spread in the data's units begins at. */
export type DataMoments = Readonly<Record<string, { readonly mean: Float64Array; readonly variance: Float64Array }>>;

/**
 * Parameters that a fit begins at: those given, and the others at their starts. Weights of a network that are given
 * without the units that it works in are those of the program as written.
 */
export function beginningOf(
  description: ModelDescription & Pick<ElboDescription, "starts">,
  sizes: Sizes,
  seed: number,
  moments: DataMoments,
  init: Readonly<Record<string, unknown>>,
  /** Variables that are in good units already. */
  isLeft: (variable: string) => boolean = () => false,
): Record<string, Float64Array> {
  const given = readParameters(description, sizes, init);
  const isGiven = (network: string): boolean => Object.keys(given).some((name) => name.startsWith(`${network}.`));
  const written = description.parameters.filter(({ name, asWritten }) => {
    const start = description.starts[name];
    if (asWritten === undefined) return false;
    return asWritten.networks.some(isGiven) || (start?.kind === "moments" && isLeft(start.variable));
  });
  return {
    ...initialParameters(description, sizes, seed, moments),
    ...parametersAsWritten({ parameters: written }, sizes),
    ...given,
  };
}

/** Every parameter at its start; known ones at their values. */
export function initialParameters(
  description: Pick<ElboDescription, "parameters" | "starts">,
  sizes: Sizes,
  seed: number,
  moments: DataMoments,
): Record<string, Float64Array> {
  const literals = literalParameters(description, sizes);
  return Object.fromEntries(
    description.parameters.map((parameter) => {
      const length = product(boundShape(parameter.shape, sizes));
      const literal = literals[parameter.name];
      if (literal !== undefined) return [parameter.name, literal];
      const start = description.starts[parameter.name];
      const { name } = parameter;
      const values =
        start === undefined
          ? declaredStart(parameter, sizes, new RandomStream({ seed, site: `start.${name}` }), moments)
          : weightStart(start, length, sizes, { seed, name }, moments);
      return [parameter.name, values];
    }),
  );
}

function weightStart(
  start: StartDescription,
  length: number,
  sizes: Sizes,
  key: { readonly seed: number; readonly name: string },
  moments: DataMoments,
): Float64Array {
  if (start.kind === "constant") return new Float64Array(length).fill(start.value);
  if (start.kind !== "moments") return startWeights(start, length, sizes, key);
  const known = moments[start.variable];
  const values = start.as === "mean" ? known?.mean : known?.variance.map((one) => (one > 0 ? Math.sqrt(one) : 1));
  const fallback = start.as === "mean" ? 0 : 1;
  return Float64Array.from({ length }, (_, i) => values?.[i % values.length] ?? fallback);
}

/** Tables of reals begin apart from each other, matrices as the weights of a layer, spreads at that of the data. */
function declaredStart(
  parameter: ParameterDescription,
  sizes: Sizes,
  stream: RandomStream,
  moments: DataMoments,
): Float64Array {
  const { cells, width, own } = cellsOf(parameter, sizes);
  const length = cells * width;
  const scale = parameter.startScale;
  const known = scale === undefined ? undefined : moments[scale.variable];
  const spreadOf = (i: number): number => {
    if (known === undefined) return 1;
    const { variance } = known;
    return Math.max(width === variance.length ? variance[i % width] : mean(variance), Number.MIN_VALUE);
  };
  switch (parameter.domain) {
    case "real":
    case "angle":
      if (scale?.as === "location" && known !== undefined)
        return Float64Array.from({ length }, (_, i) => {
          const centre = width === known.mean.length ? known.mean[i % width] : mean(known.mean);
          return centre + (cells > 1 ? Math.sqrt(spreadOf(i)) * stream.normal() : 0);
        });
      if (cells > 1) return Float64Array.from({ length }, () => stream.normal());
      if (own.length < 2) return new Float64Array(length);
      return Float64Array.from(
        { length },
        () => Math.sqrt(6 / own.reduce((a, b) => a + b, 0)) * (2 * stream.uniform() - 1),
      );
    case "positive":
      return Float64Array.from({ length }, (_, i) =>
        scale?.as === "deviation" ? Math.sqrt(spreadOf(i)) : scale?.as === "variance" ? spreadOf(i) : 1,
      );
    case "unit":
      return new Float64Array(length).fill(1 / 2);
    case "simplex":
      return new Float64Array(length).fill(1 / width);
    case "ordered":
      return Float64Array.from({ length }, (_, i) => (i % width) - (width - 1) / 2);
    case "covariance.isotropic":
    case "covariance.diagonal":
      return Float64Array.from({ length }, (_, i) => spreadOf(i));
    case "covariance.full": {
      const size = own[0];
      return Float64Array.from({ length }, (_, i) => {
        const [row, column] = [Math.floor((i % width) / size), i % size];
        return row === column ? spreadOf(row) : 0;
      });
    }
    case "covariance.lowRank": {
      const columns = own[1];
      return Float64Array.from({ length }, (_, i) =>
        i % columns === columns - 1 ? 1 : 0.1 * (2 * stream.uniform() - 1),
      );
    }
  }
}

function mean(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
}
