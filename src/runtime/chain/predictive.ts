import { normalMixtureQuantile, poissonMixtureQuantile } from "../../numerics/mixture-quantile.js";
import type { ModelDescription, PredictiveDescription, Sizes } from "../description.js";
import { boundShape, extentValue, product } from "../extents.js";

/** What is to be expected of one row of an observed variable, its plates and event in order. */
export interface Expected {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Of a vector: [plates, event, event]. */
  readonly covariance?: Float64Array;
}

/** Extents of a mixture over the cells of discrete latents. */
interface MixtureShape {
  readonly plates: number;
  readonly cells: number;
  /** Entries of the event; of categories their number. */
  readonly width: number;
  readonly isVector: boolean;
}

export function mixtureShape(
  { variables }: ModelDescription,
  { variable, family, cells }: PredictiveDescription,
  sizes: Sizes,
): MixtureShape {
  const found = variables.find(({ name }) => name === variable);
  if (found === undefined) throw new Error(`there is no variable ${variable}`);
  const event = family === "categories" ? (extentValue(found.categories ?? 1, sizes) ?? 1) : undefined;
  return {
    plates: product(boundShape(found.plates, sizes)),
    cells: product(boundShape(cells, sizes)),
    width: event ?? product(boundShape(found.event, sizes)),
    isVector: event === undefined && found.event.length > 0,
  };
}

/** Numbers per row of the arrays that `forecastOf` writes for a variable. */
export function mixtureWidths(
  { variable, family }: PredictiveDescription,
  { plates, cells, width }: MixtureShape,
): Readonly<Record<string, number>> {
  return {
    [`predictive.weight.${variable}`]: plates * cells,
    [`predictive.mean.${variable}`]: plates * cells * width,
    ...(family === "normal" ? { [`predictive.covariance.${variable}`]: plates * cells * width * width } : {}),
  };
}

/**
 * Moments and quantiles of the mixture of a row.
 *
 *     E[y] = sum_d w_d m_d,   Cov[y] = sum_d w_d (S_d + (m_d - E[y]) (m_d - E[y])')
 *
 * Quantiles are those of each entry's own mixture, found as roots of its distribution function.
 */
export function expectedOf(
  { variable, family }: PredictiveDescription,
  { plates, cells, width, isVector }: MixtureShape,
  row: (array: string) => Float64Array,
  level: number,
): Expected {
  const weights = row(`predictive.weight.${variable}`);
  const means = row(`predictive.mean.${variable}`);
  const covariances = family === "normal" ? row(`predictive.covariance.${variable}`) : undefined;
  const size = plates * width;
  const [mean, deviation, lower, upper] = [size, size, size, size].map((length) => new Float64Array(length));
  const covariance = isVector && covariances !== undefined ? new Float64Array(size * width) : undefined;
  for (let plate = 0; plate < plates; plate++) {
    const weightOf = (cell: number): number => weights[plate * cells + cell];
    const meanOf = (cell: number, i: number): number => means[(plate * cells + cell) * width + i];
    const noiseOf = (cell: number, i: number, j: number): number => {
      const own = covariances?.[((plate * cells + cell) * width + i) * width + j];
      if (own !== undefined) return own;
      const m = meanOf(cell, i);
      return family === "poisson" ? m : m * (1 - m);
    };
    let total = 0;
    for (let cell = 0; cell < cells; cell++) total += weightOf(cell);
    const average = (of: (cell: number) => number): number => {
      let sum = 0;
      for (let cell = 0; cell < cells; cell++) sum += weightOf(cell) * of(cell);
      return sum / total;
    };
    for (let i = 0; i < width; i++) mean[plate * width + i] = average((cell) => meanOf(cell, i));
    for (let i = 0; i < width; i++) {
      const at = plate * width + i;
      const between = (j: number) => (cell: number) =>
        noiseOf(cell, i, j) + (meanOf(cell, i) - mean[at]) * (meanOf(cell, j) - mean[plate * width + j]);
      deviation[at] = Math.sqrt(Math.max(0, average(between(i))));
      if (covariance !== undefined) for (let j = 0; j < width; j++) covariance[at * width + j] = average(between(j));
      const members = Array.from({ length: cells }, (_, cell) => ({
        weight: weightOf(cell) / total,
        mean: meanOf(cell, i),
        deviation: Math.sqrt(Math.max(0, noiseOf(cell, i, i))),
      }));
      const quantile = (portion: number): number => {
        if (family === "normal") return normalMixtureQuantile(members, portion);
        if (family === "poisson") return poissonMixtureQuantile(members, portion);
        return 1 - mean[at] >= portion ? 0 : 1;
      };
      lower[at] = quantile((1 - level) / 2);
      upper[at] = quantile((1 + level) / 2);
    }
  }
  return { mean, deviation, lower, upper, ...(covariance === undefined ? {} : { covariance }) };
}
