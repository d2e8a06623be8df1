import { RandomStream } from "../../numerics/random.js";
import type { Tensors, VariableDescription } from "../description.js";
import type { DistinctItems } from "../data/distinct-sample.js";
import type { RowBlock } from "../data/row-source.js";
import type { FeatureMap } from "./features.js";
import { fingerprint } from "./features.js";
import type { EntryMoments } from "../data/variance.js";
import type { StartMethod, StartPartition } from "./start-tables.js";
import { clusterFinder } from "./start-tables.js";

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
  /** What shows the latent itself: the start is its value, that of its column where it is missing. */
  readonly seenAs?: { readonly variable: string; readonly moments: EntryMoments };
  /** A sample of the items, by their values. */
  readonly sample: DistinctItems;
}

/** Steps of orthogonal iteration, and how many items it looks at. */
const STEPS = 60;
const MOST_ITEMS = 4000;

/** Share of chance in a start whose scores would else say everything of the features. */
const CHANCE = 0.3;

/**
 * Tables `start.<latent>` of one restart: scores along principal axes of the standardised features, of variance 1;
 * within the clusters that a discrete latent of the same place starts from. Restarts stretch the features at random, or
 * project at random; entries beyond the features are standard normal.
 */
export function startFactorTables(
  factors: readonly StartFactor[],
  partitions: readonly (StartPartition | undefined)[],
  method: StartMethod,
  seed: number,
  restart: number,
): (block: RowBlock) => Tensors {
  const scores = factors.map((factor) => {
    const place = factor.variable.plateNames.join("/");
    const partition = partitions.find((one) => one?.latent.variable.plateNames.join("/") === place);
    return scoresOf(factor, partition, method, seed, restart);
  });
  const tablesOf = (block: RowBlock): Tensors => {
    const tables: Record<string, Float64Array> = {};
    factors.forEach((factor, index) => {
      const { map, width, variable } = factor;
      const table = new Float64Array(block.rows * map.itemsPerRow * width);
      for (let row = 0; row < block.rows; row++) {
        for (let item = 0; item < map.itemsPerRow; item++) {
          const at = (row * map.itemsPerRow + item) * width;
          scores[index](block, row, item, table.subarray(at, at + width));
        }
      }
      tables[`start.${variable.name}`] = table;
    });
    return tables;
  };
  // A start goes over the rows at least twice; blocks of rows in memory are the same objects each time.
  const known = new WeakMap<RowBlock, Tensors>();
  return (block) => {
    const tables = known.get(block) ?? tablesOf(block);
    known.set(block, tables);
    return tables;
  };
}

/** Writes the scores of one item. */
type Scorer = (block: RowBlock, row: number, item: number, into: Float64Array) => void;

function scoresOf(
  factor: StartFactor,
  partition: StartPartition | undefined,
  method: StartMethod,
  seed: number,
  restart: number,
): Scorer {
  const { map, width, scale, firstAxis, seenAs } = factor;
  if (seenAs !== undefined) return seenScores(factor, seenAs, seed, restart);
  const groupOf = partition === undefined ? () => 0 : clusterFinder(partition);
  const parts = Array.from({ length: partition?.latent.values ?? 1 }, (_, group) =>
    principalAxes(factor, (features) => groupOf(features) === group, method, seed, restart),
  );
  const share = firstAxis + width >= map.width ? CHANCE : 0;
  const features = new Float64Array(map.width);
  return (block, row, item, into) => {
    map.write(block.data, row, item, features);
    const { mean, axes } = parts[groupOf(features)];
    for (let l = 0; l < width; l++) {
      const axis = axes[l];
      const known = axis?.reduce((sum, weight, j) => sum + weight * (features[j] - mean[j]), 0);
      const random = known === undefined || share > 0 ? chance(factor, block, row, item, l, seed, restart) : 0;
      into[l] = scale * (known === undefined ? random : Math.sqrt(1 - share) * known + Math.sqrt(share) * random);
    }
  };
}

/** What is seen, moved by chance in all but the first restart. */
function seenScores(
  factor: StartFactor,
  { variable, moments: { mean, variance } }: NonNullable<StartFactor["seenAs"]>,
  seed: number,
  restart: number,
): Scorer {
  const { width, map } = factor;
  return (block, row, item, into) => {
    const at = (row * map.itemsPerRow + item) * width;
    for (let l = 0; l < width; l++) {
      const seen = block.data[variable][at + l];
      const random = restart === 0 ? 0 : CHANCE * chance(factor, block, row, item, l, seed, restart);
      into[l] = (Number.isNaN(seen) ? mean[l] : seen) + Math.sqrt(variance[l]) * random;
    }
  };
}

/** A standard normal draw keyed by what the item holds. */
function chance(
  { variable: { name }, map }: StartFactor,
  block: RowBlock,
  row: number,
  item: number,
  entry: number,
  seed: number,
  restart: number,
): number {
  const key = map.width === 0 ? block.positions[row] * map.itemsPerRow + item : fingerprint(map, block.data, row, item);
  const site = `start.${name}.${entry}.${Math.floor(key / 2 ** 32)}`;
  return new RandomStream({ seed, site, item: key >>> 0, step: restart }).normal();
}

interface PrincipalAxes {
  readonly mean: Float64Array;
  /** For each entry of a latent, weights of the features such that the score has variance 1; undefined: none is left. */
  readonly axes: readonly (readonly number[] | undefined)[];
}

function principalAxes(
  { variable, map, width, firstAxis, sample }: StartFactor,
  isMember: (features: Float64Array) => boolean,
  method: StartMethod,
  seed: number,
  restart: number,
): PrincipalAxes {
  const D = map.width;
  const mean = new Float64Array(D);
  const count = Math.min(D, firstAxis + width);
  if (D === 0 || count <= firstAxis) return { mean, axes: [] };
  const stream = new RandomStream({ seed, site: `start.${variable.name}`, item: 1, step: restart });
  const stretch = Array.from({ length: D }, () =>
    method === "kmeans++" || method === "principal axes" ? 1 : 0.25 + 1.5 * stream.uniform(),
  );
  const points: Float64Array[] = [];
  const weights: number[] = [];
  for (let i = 0; i < sample.count && points.length < MOST_ITEMS; i++) {
    const features = new Float64Array(D);
    map.writeItem(sample.values, i * map.itemWidth, features);
    if (!isMember(features)) continue;
    points.push(features);
    weights.push(sample.weights[i]);
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  points.forEach((point, i) => point.forEach((value, j) => (mean[j] += (weights[i] * value) / total)));
  for (const point of points) for (let j = 0; j < D; j++) point[j] = (point[j] - mean[j]) * stretch[j];
  let basis = Array.from({ length: count }, () => Float64Array.from({ length: D }, () => stream.normal()));
  orthogonalise(basis);
  const variances = new Float64Array(count);
  const steps = method === "random tables" ? 1 : STEPS;
  for (let step = 1; step <= steps; step++) {
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
    if (step === steps) break;
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
