import { RandomStream } from "../../numerics/random.js";
import type { ModelDescription, Tensors, VariableDescription } from "../description.js";
import type { PartitionBlock } from "../data/blocks.js";
import type { EntryMoments } from "../data/variance.js";
import type { Dataset } from "../data/dataset.js";
import { boundShape, product } from "../extents.js";
import type { FeatureMap } from "./features.js";
import { featureMap } from "./features.js";
import type { CellFiller, DistinctItems, StartLatent, StartMethod } from "./start-tables.js";
import { distinctItems } from "./start-tables.js";

/** A Gaussian latent, and what its start is a linear function of. */
export interface StartFactor {
  readonly variable: VariableDescription;
  /** Entries of one item. */
  readonly width: number;
  readonly map: FeatureMap;
  /** Which principal axis of its features is its first entry's: latents with the same features share them out. */
  readonly firstAxis: number;
  /** What a score of variance 1 is multiplied by: the data's own scale where the model learns the latent's. */
  readonly scale: number;
  /** Items that differ; found when first asked for, the same for all restarts. */
  distinct(): DistinctItems;
}

/** Steps of orthogonal iteration, and how many items it looks at. */
const STEPS = 60;
const MOST_ITEMS = 4000;

/** The Gaussian latents of a model. */
export function startFactors(
  description: ModelDescription,
  dataset: Dataset,
  moments: Readonly<Record<string, EntryMoments>>,
): readonly StartFactor[] {
  const taken = new Map<string, number>();
  return description.variables.flatMap((variable) => {
    if (variable.role !== "latent" || variable.domain !== "real") return [];
    const width = product(boundShape(variable.event, dataset.sizes));
    const place = variable.plateNames.join("/");
    const firstAxis = taken.get(place) ?? 0;
    taken.set(place, firstAxis + width);
    const variances = description.variables.flatMap(({ role, domain, name }) =>
      role === "observed" && domain === "real" ? [...(moments[name]?.variance ?? [])] : [],
    );
    const pooled = variances.reduce((sum, value) => sum + value, 0) / Math.max(1, variances.length);
    const scale = variable.learnsScale === true && pooled > 0 ? Math.sqrt(pooled) : 1;
    const map = featureMap(description, variable, dataset);
    let distinct: DistinctItems | undefined;
    return [{ variable, width, map, firstAxis, scale, distinct: () => (distinct ??= distinctItems(map, dataset)) }];
  });
}

/** A discrete latent and how its start tells groups apart. */
export interface StartGroups {
  readonly latent: StartLatent;
  readonly fill: CellFiller;
}

/** Share of chance in a start whose scores would else say everything of the features. */
const CHANCE = 0.3;

/**
 * Tables `start.<latent>` of one restart: scores along principal axes of the standardised features, of variance 1;
 * within the groups that the start of a discrete latent of the same place makes. Restarts stretch the features at
 * random, or project at random; entries beyond the features are standard normal.
 */
export function startFactorTables(
  factors: readonly StartFactor[],
  groups: readonly StartGroups[],
  order: Uint32Array,
  method: StartMethod,
  seed: number,
  restart: number,
): (block: PartitionBlock) => Tensors {
  const scores = factors.map((factor) => {
    const within = groups.find(({ latent }) => isAround(latent.variable, factor.variable));
    return scoresOf(factor, groupOf(within, factor), method, seed, restart);
  });
  return (block) => {
    const tables: Record<string, Float64Array> = {};
    factors.forEach((factor, index) => {
      const { map, width, variable } = factor;
      const table = new Float64Array(block.rows * map.itemsPerRow * width);
      for (let row = 0; row < block.rows; row++) {
        for (let item = 0; item < map.itemsPerRow; item++) {
          const at = (row * map.itemsPerRow + item) * width;
          scores[index](order[block.begin + row], item, table.subarray(at, at + width));
        }
      }
      tables[`start.${variable.name}`] = table;
    });
    return tables;
  };
}

/** Is the one variable in all plates of the other? */
function isAround(outer: VariableDescription, inner: VariableDescription): boolean {
  return outer.plateNames.every((name, i) => inner.plateNames[i] === name);
}

interface Grouping {
  readonly count: number;
  of(row: number, item: number): number;
}

function groupOf(groups: StartGroups | undefined, { map }: StartFactor): Grouping {
  if (groups === undefined) return { count: 1, of: () => 0 };
  const { latent, fill } = groups;
  const cell = new Float64Array(latent.values);
  const perItem = map.itemsPerRow / latent.map.itemsPerRow;
  return {
    count: latent.values,
    of(row, item) {
      fill(row, Math.floor(item / perItem), cell);
      return cell.indexOf(Math.max(...cell));
    },
  };
}

/** Writes the scores of one item. */
type Scorer = (row: number, item: number, into: Float64Array) => void;

function scoresOf(factor: StartFactor, grouping: Grouping, method: StartMethod, seed: number, restart: number): Scorer {
  const { map, width, variable, scale, firstAxis } = factor;
  const parts = Array.from({ length: grouping.count }, (_, group) =>
    principalAxes(factor, (row, item) => grouping.of(row, item) === group, method, seed, restart),
  );
  const share = firstAxis + width >= map.width && map.width > 0 ? CHANCE : 0;
  const features = new Float64Array(map.width);
  return (row, item, into) => {
    map.write(row, item, features);
    const { mean, axes } = parts[grouping.of(row, item)];
    for (let l = 0; l < width; l++) {
      const axis = axes[l];
      const known = axis?.reduce((sum, weight, j) => sum + weight * (features[j] - mean[j]), 0);
      const random = (): number => chance(variable.name, map, row, item, l, seed, restart);
      const score =
        known === undefined
          ? random()
          : share === 0
            ? known
            : Math.sqrt(1 - share) * known + Math.sqrt(share) * random();
      into[l] = scale * score;
    }
  };
}

/** A standard normal draw keyed by what the item holds. */
function chance(
  name: string,
  map: FeatureMap,
  row: number,
  item: number,
  entry: number,
  seed: number,
  restart: number,
): number {
  const key = map.width === 0 ? row * map.itemsPerRow + item : map.fingerprint(row, item);
  const site = `start.${name}.${entry}.${Math.floor(key / 2 ** 32)}`;
  return new RandomStream({ seed, site, item: key >>> 0, step: restart }).normal();
}

interface PrincipalAxes {
  readonly mean: Float64Array;
  /** For each entry of a latent, weights of the features such that the score has variance 1; undefined: none is left. */
  readonly axes: readonly (readonly number[] | undefined)[];
}

function principalAxes(
  factor: StartFactor,
  isMember: (row: number, item: number) => boolean,
  method: StartMethod,
  seed: number,
  restart: number,
): PrincipalAxes {
  const { variable, map, width, firstAxis } = factor;
  const D = map.width;
  const mean = new Float64Array(D);
  const count = Math.min(D, firstAxis + width);
  if (D === 0 || count <= firstAxis) return { mean, axes: [] };
  const stream = new RandomStream({ seed, site: `start.${variable.name}`, item: 1, step: restart });
  const stretch = Array.from({ length: D }, () =>
    method === "kmeans++" || method === "principal axes" ? 1 : 0.25 + 1.5 * stream.uniform(),
  );
  const distinct = factor.distinct();
  const points: Float64Array[] = [];
  const weights: number[] = [];
  for (let i = 0; i < distinct.rows.length && points.length < MOST_ITEMS; i++) {
    if (!isMember(distinct.rows[i], distinct.items[i])) continue;
    const features = new Float64Array(D);
    map.write(distinct.rows[i], distinct.items[i], features);
    points.push(features);
    weights.push(distinct.weights[i]);
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  points.forEach((point, i) => point.forEach((value, j) => (mean[j] += (weights[i] * value) / total)));
  for (const point of points) for (let j = 0; j < D; j++) point[j] = (point[j] - mean[j]) * stretch[j];
  let basis = Array.from({ length: count }, () => Float64Array.from({ length: D }, () => stream.normal()));
  orthogonalise(basis);
  const variances = new Float64Array(count);
  const steps = method === "random tables" ? 1 : STEPS;
  for (let step = 0; step < steps; step++) {
    const next = basis.map(() => new Float64Array(D));
    variances.fill(0);
    points.forEach((point, i) => {
      basis.forEach((axis, l) => {
        let score = 0;
        for (let j = 0; j < D; j++) score += axis[j] * point[j];
        const weighted = (weights[i] / total) * score;
        variances[l] += weighted * score;
        for (let j = 0; j < D; j++) next[l][j] += weighted * point[j];
      });
    });
    if (step === steps - 1) break;
    orthogonalise(next);
    basis = next;
  }
  const axes = Array.from({ length: width }, (_, l) => {
    const axis = basis[firstAxis + l];
    const variance = variances[firstAxis + l];
    if (axis === undefined || !(variance > 1e-12)) return undefined;
    // An axis along which all features grow together points that way.
    const sign = axis.reduce((sum, value, j) => sum + value * stretch[j], 0) < 0 ? -1 : 1;
    return Array.from(axis, (value, j) => (sign * value * stretch[j]) / Math.sqrt(variance));
  });
  return { mean, axes };
}

/** Gram-Schmidt, twice for accuracy; a vector that depends on earlier ones becomes 0. */
function orthogonalise(vectors: readonly Float64Array[]): void {
  vectors.forEach((vector, l) => {
    const before = Math.hypot(...vector);
    for (let pass = 0; pass < 2; pass++) {
      for (const earlier of vectors.slice(0, l)) {
        let dot = 0;
        for (let j = 0; j < vector.length; j++) dot += vector[j] * earlier[j];
        for (let j = 0; j < vector.length; j++) vector[j] -= dot * earlier[j];
      }
    }
    const norm = Math.hypot(...vector);
    const scale = norm > 1e-10 * before ? 1 / norm : 0;
    for (let j = 0; j < vector.length; j++) vector[j] *= scale;
  });
}
