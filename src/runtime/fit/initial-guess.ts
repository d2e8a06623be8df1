import { RandomStream } from "../../numerics/random.js";
import { fromUnconstrained, toUnconstrained } from "../../numerics/transforms.js";
import type { ModelDescription, ParameterDescription, Sizes, Tensors } from "../description.js";
import type { EntryMoments } from "../data/variance.js";
import { variancesOf } from "../data/variance.js";
import { OptionError } from "../errors.js";
import { cellsOf, extentText } from "../extents.js";
import { domainViolation, kindOf } from "../parameter-space.js";

type Moments = Readonly<Record<string, EntryMoments>>;

/** Standard deviation, in unconstrained coordinates, of what tells apart cells that are learned by gradient. */
export const PERTURBATION = 0.1;

/**
 * Parameters before anything is known of the posterior: the origin, 1, equal probabilities, the variance of the data.
 * Values of `literal` and `init` are taken as they are. Parameters learned by gradient are perturbed, since cells that
 * start alike would stay alike.
 *
 * @param moments of each observed variable
 * @param perturbation deviation, in unconstrained coordinates, of what is learned by gradient
 */
export function initialGuess(
  description: ModelDescription,
  sizes: Sizes,
  moments: Moments,
  known: Tensors,
  seed: number,
  restart: number,
  perturbation: number = PERTURBATION,
): Tensors {
  const byGradient = new Set(description.gradientBlocks.flatMap(({ parameters }) => parameters));
  const guess: Record<string, Float64Array> = {};
  for (const parameter of description.parameters) {
    const given = known[parameter.name];
    if (given !== undefined) {
      guess[parameter.name] = given;
      continue;
    }
    const { cells, width, own } = cellsOf(parameter, sizes);
    const variance = matchingVariance(description, parameter, variancesOf(moments));
    const stream = new RandomStream({ seed, site: `start.${parameter.name}`, item: 0, step: restart });
    let values = new Float64Array(cells * width);
    for (let cell = 0; cell < cells; cell++) {
      fillCell(parameter, values.subarray(cell * width, (cell + 1) * width), own, variance, stream);
    }
    const scale = scaleOf(parameter, moments);
    if (scale?.as === "positive") values.fill(scale.value);
    if (byGradient.has(parameter.name)) {
      const kind = kindOf(parameter.domain);
      const free = toUnconstrained(kind, values, own).map((value) => value + perturbation * stream.normal());
      values = new Float64Array(fromUnconstrained(kind, free, own, cells));
    }
    if (scale?.as === "real") values = values.map((value) => scale.mean + scale.deviation * value);
    guess[parameter.name] = values;
  }
  return guess;
}

/** Location and spread of a parameter in the units of the data, pooled over the entries of its variable. */
function scaleOf(
  { startScale }: ParameterDescription,
  moments: Moments,
):
  | { readonly as: "real"; readonly mean: number; readonly deviation: number }
  | { readonly as: "positive"; readonly value: number }
  | undefined {
  const moment = startScale === undefined ? undefined : moments[startScale.variable];
  if (startScale === undefined || moment === undefined) return undefined;
  const pooled = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;
  const variance = pooled(moment.variance);
  switch (startScale.as) {
    case "location":
      return { as: "real", mean: pooled(moment.mean), deviation: Math.sqrt(variance) };
    case "deviation":
      return { as: "positive", value: Math.sqrt(variance) };
    case "variance":
      return { as: "positive", value: variance };
  }
}

/**
 * Values of the parameters that the model itself fixes: one number, or the values of one cell, stand for all.
 *
 * @throws OptionError where a literal does not go with the sizes of this fit
 */
export function literalParameters(
  description: Pick<ModelDescription, "parameters">,
  sizes: Sizes,
): Record<string, Float64Array> {
  const literals: Record<string, Float64Array> = {};
  for (const parameter of description.parameters) {
    if (parameter.fixed === undefined) continue;
    const { cells, width } = cellsOf(parameter, sizes);
    const source = parameter.fixed;
    if (![1, width, cells * width].includes(source.length)) {
      const shape = parameter.axes.map((axis) => (axis in sizes ? `${axis} = ${sizes[axis]}` : axis)).join(", ");
      throw new OptionError(
        `parameters.${parameter.name}`,
        `${cells * width} values (${shape})`,
        `the ${source.length} that the model fixes it to; change the size or the literal`,
      );
    }
    const values = Float64Array.from({ length: cells * width }, (_, i) => source[i % source.length]);
    const violation = domainViolation(parameter, sizes, values);
    if (violation !== undefined) {
      throw new OptionError(
        `parameters.${parameter.name}`,
        `values of its domain (${parameter.domain})`,
        `the literal of the model, which ${violation}`,
      );
    }
    literals[parameter.name] = values;
  }
  return literals;
}

function fillCell(
  parameter: ParameterDescription,
  cell: Float64Array,
  own: readonly number[],
  variance: Float64Array,
  stream: RandomStream,
): void {
  switch (parameter.domain) {
    case "real":
    case "angle":
      return;
    case "positive":
      cell.fill(1);
      return;
    case "unit":
      cell.fill(0.5);
      return;
    case "simplex":
      cell.fill(1 / cell.length);
      return;
    case "ordered":
      for (let i = 0; i < cell.length; i++) cell[i] = i - (cell.length - 1) / 2;
      return;
    case "covariance.isotropic":
      cell[0] = variance.reduce((a, b) => a + b, 0) / variance.length;
      return;
    case "covariance.diagonal":
      for (let i = 0; i < cell.length; i++) cell[i] = variance[i % variance.length];
      return;
    case "covariance.full":
      for (let i = 0; i < own[0]; i++) cell[i * own[0] + i] = variance[i % variance.length];
      return;
    case "covariance.lowRank": {
      const columns = own[1];
      for (let i = 0; i < own[0]; i++) {
        const scale = Math.sqrt(variance[i % variance.length]);
        for (let j = 0; j < columns - 1; j++) cell[i * columns + j] = PERTURBATION * scale * stream.normal();
        cell[i * columns + columns - 1] = scale * scale;
      }
      return;
    }
  }
}

/** Variances of the observed variable whose values have the covariance's dimension; else of all together. */
export function matchingVariance(
  description: ModelDescription,
  parameter: ParameterDescription,
  dataVariance: Tensors,
): Float64Array {
  if (parameter.ofLogarithm === true) return Float64Array.of(1);
  const real = description.variables.filter(({ role, domain }) => role === "observed" && domain === "real");
  const extent = parameter.shape[parameter.tableRank];
  const match =
    extent === undefined
      ? undefined
      : real.find(({ event }) => event.length === 1 && extentText(event[0]) === extentText(extent));
  const found = match === undefined ? undefined : dataVariance[match.name];
  if (found !== undefined && found.length > 0) return found;
  const all = real.flatMap(({ name }) => [...(dataVariance[name] ?? [])]);
  return Float64Array.of(all.length === 0 ? 1 : all.reduce((a, b) => a + b, 0) / all.length);
}
