import type { DensityFactor, Model } from "../../src/ir/model.js";
import { walkExpression } from "../../src/ir/walk-expression.js";
import {
  evaluate,
  factorDensity,
  gaussJordan,
  matrix,
  placesOf,
  sizeOf,
  type Value,
  variableOf,
  vector,
  type World,
} from "./enumeration.js";

/**
 * The slow, obviously right answer for static models with discrete and Gaussian latents: every assignment of the
 * discrete latents of a row is listed; given one, latents and observations are jointly Gaussian, and their mean and
 * covariance are built up one variable after the other, in moment form.
 *
 * Nothing here is in canonical form, and coefficients are found by evaluating the means at unit vectors.
 */
export interface GaussianAnswer {
  readonly logDensity: number;
  readonly cases: readonly {
    readonly assignment: Readonly<Record<string, number>>;
    readonly probability: number;
    /** Conditional mean of the entries of the Normal observations; by position in `observed`. */
    readonly filled: readonly number[];
    /** Conditional mean and covariance of all latent entries, by position in `entries`. */
    readonly mean: readonly number[];
    readonly covariance: readonly (readonly number[])[];
  }[];
  /** `z/2:1` is entry 1 of z at place 2. */
  readonly entries: readonly string[];
  /** Name and place of each entry of the Normal observations, in the order of the factors. */
  readonly observed: readonly string[];
}

interface Cell {
  readonly key: string;
  readonly width: number;
  readonly isScalar: boolean;
}

export function answerGaussianRow(model: Model, world: World, row: number): GaussianAnswer {
  const latents = model.variables.filter((variable) => variable.role === "latent");
  const isDiscrete = (name: string): boolean => variableOf(model, name).domain.kind !== "real";
  const cells: Cell[] = latents
    .filter(({ name }) => !isDiscrete(name))
    .flatMap((variable) => {
      const shape = variable.domain.kind === "real" ? variable.domain.shape : [];
      const width = shape[0] === undefined ? 1 : sizeOf(world, shape[0]);
      return placesOf(model, world, variable).map((place) => ({
        key: [variable.name, ...place].join("/"),
        width,
        isScalar: shape.length === 0,
      }));
    });
  const discrete = latents
    .filter(({ name }) => isDiscrete(name))
    .flatMap((variable) =>
      placesOf(model, world, variable).map((place) => ({
        key: [variable.name, ...place].join("/"),
        values: variable.domain.kind === "category" ? sizeOf(world, variable.domain.categories) : 2,
      })),
    );
  const found: ({ assignment: Record<string, number> } & ReturnType<typeof givenAssignment>)[] = [];
  const assign = (i: number, assignment: Record<string, number>): void => {
    const latent = discrete[i];
    if (latent === undefined) {
      found.push({ assignment: { ...assignment }, ...givenAssignment(model, world, row, assignment, cells) });
      return;
    }
    for (let value = 0; value < latent.values; value++) assign(i + 1, { ...assignment, [latent.key]: value });
  };
  assign(0, {});
  const most = Math.max(...found.map(({ log }) => log));
  const total = found.reduce((sum, { log }) => sum + Math.exp(log - most), 0);
  return {
    logDensity: most + Math.log(total),
    cases: found.map(({ log, assignment, mean, covariance, filled }) => ({
      assignment,
      mean,
      covariance,
      filled,
      probability: Math.exp(log - most) / total,
    })),
    observed: found[0]!.observed,
    entries: cells.flatMap(({ key, width }) => Array.from({ length: width }, (_, i) => `${key}:${i}`)),
  };
}

/** Latents first, in the order of `cells`, then the entries of the Normal observations. */
function givenAssignment(
  model: Model,
  world: World,
  row: number,
  assignment: Readonly<Record<string, number>>,
  cells: readonly Cell[],
): { log: number; mean: number[]; covariance: number[][]; filled: number[]; observed: string[] } {
  const offset = new Map<string, number>();
  let count = 0;
  for (const { key, width } of cells) {
    offset.set(key, count);
    count += width;
  }
  const mean: number[] = Array<number>(count).fill(0);
  const covariance: number[][] = mean.map(() => Array<number>(count).fill(0));
  const values: number[] = Array<number>(count).fill(NaN);
  const observed: string[] = [];
  const done = new Set<string>();
  const valueOf = (unit: number): Record<string, Value> =>
    Object.fromEntries(
      cells.map(({ key, width, isScalar }) => {
        const at = offset.get(key)!;
        const entries = Array.from({ length: width }, (_, i) => (at + i === unit ? 1 : 0));
        return [key, isScalar ? entries[0]! : entries];
      }),
    );
  let log = 0;
  const pending = model.factors.filter((factor): factor is DensityFactor => factor.kind === "density");
  while (pending.length > 0) {
    const at = pending.findIndex((factor) =>
      Object.values(factor.arguments)
        .flatMap((argument) => [...walkExpression(argument)])
        .every((part) => {
          if (part.kind !== "variable") return true;
          const { role, domain } = variableOf(model, part.name);
          return role !== "latent" || domain.kind !== "real" || done.has(part.name);
        }),
    );
    const [factor] = pending.splice(at, 1);
    if (factor === undefined) throw new Error("oracle: latents read each other in a circle");
    const variable = variableOf(model, factor.child);
    done.add(factor.child);
    for (const place of placesOf(model, world, variable)) {
      const isLatent = variable.role === "latent";
      if (factor.distribution !== "Normal") {
        log += Math.log(factorDensity(model, world, row, factor, place, assignment));
        continue;
      }
      const key = [variable.name, ...place].join("/");
      const shape = variable.domain.kind === "real" ? variable.domain.shape : [];
      const width = shape[0] === undefined ? 1 : sizeOf(world, shape[0]);
      const at = (unit: number, slot: string): Value => {
        const known = { ...assignment, ...valueOf(unit) } as Record<string, number>;
        const scope = { model, world, row, place, axes: variable.axes, assignment: known };
        return evaluate(scope, factor.arguments[slot]!);
      };
      const base = vector(at(-1, "mean"), width);
      const columns = Array.from({ length: count }, (_, unit) =>
        vector(at(unit, "mean"), width).map((v, i) => v - base[i]!),
      );
      const spread =
        factor.arguments["covariance"] === undefined
          ? matrix(squared(at(-1, "sd")), undefined, width)
          : matrix(at(-1, "covariance"), factor.arguments["covariance"].type, width);
      const first = isLatent ? offset.get(key)! : mean.length;
      const seenValues = isLatent ? undefined : read(world, row, variable.name, place, width);
      for (let i = 0; i < width; i++) {
        const position = first + i;
        if (!isLatent) {
          mean.push(0);
          covariance.forEach((line) => line.push(0));
          covariance.push(Array<number>(mean.length).fill(0));
          values.push(seenValues![i]!);
          observed.push(key);
        }
        mean[position] = columns.reduce((sum, column, unit) => sum + column[i]! * mean[unit]!, base[i]!);
      }
      const cross = (i: number, other: number): number =>
        columns.reduce((sum, column, unit) => sum + column[i]! * covariance[unit]![other]!, 0);
      const rows = Array.from({ length: width }, (_, i) => mean.map((_, other) => cross(i, other)));
      for (let i = 0; i < width; i++)
        for (let other = 0; other < mean.length; other++) {
          if (other >= first && other < first + width) continue;
          covariance[first + i]![other] = rows[i]![other]!;
          covariance[other]![first + i] = rows[i]![other]!;
        }
      for (let i = 0; i < width; i++)
        for (let j = 0; j < width; j++)
          covariance[first + i]![first + j] =
            spread[i]![j]! + columns.reduce((sum, column, unit) => sum + column[j]! * rows[i]![unit]!, 0);
    }
  }
  const seen = values.flatMap((value, i) => (Number.isNaN(value) ? [] : [i]));
  const { inverse, determinant } = gaussJordan(seen.map((i) => seen.map((j) => covariance[i]![j]!)));
  const e = seen.map((i) => values[i]! - mean[i]!);
  const solved = inverse.map((line) => line.reduce((sum, v, j) => sum + v * e[j]!, 0));
  const quadratic = e.reduce((sum, v, i) => sum + v * solved[i]!, 0);
  log += -0.5 * (seen.length * Math.log(2 * Math.PI) + Math.log(determinant) + quadratic);
  const gain = (i: number): number[] =>
    inverse.map((line) => line.reduce((sum, v, b) => sum + v * covariance[i]![seen[b]!]!, 0));
  const latent = Array.from({ length: count }, (_, i) => i);
  const gains = mean.map((_, i) => gain(i));
  const given = mean.map((value, i) => gains[i]!.reduce((sum, g, a) => sum + g * e[a]!, value));
  return {
    log,
    mean: given.slice(0, count),
    filled: given.slice(count),
    observed,
    covariance: latent.map((i) =>
      latent.map((j) => covariance[i]![j]! - gains[i]!.reduce((sum, g, a) => sum + g * covariance[seen[a]!]![j]!, 0)),
    ),
  };
}

function squared(value: Value): Value {
  return typeof value === "number" ? value * value : value.map(squared);
}

function read(world: World, row: number, name: string, place: readonly number[], width: number): readonly number[] {
  const value = place.reduce<Value>((inner, i) => (inner as readonly Value[])[i]!, world.rows[row]![name]!);
  return vector(value, width);
}
