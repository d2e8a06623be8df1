import { RandomStream } from "../../numerics/random.js";
import type { Tensors, VariableDescription } from "../description.js";
import type { DistinctItems } from "../data/distinct-sample.js";
import type { RowBlock } from "../data/row-source.js";
import type { FeatureMap } from "./features.js";
import { fingerprint } from "./features.js";
import type { StartMethod } from "./start-tables.js";

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
  /** A sample of the items, by their values. */
  readonly sample: DistinctItems;
}

/** Steps of orthogonal iteration, and how many items it looks at. */
const STEPS = 60;
const MOST_ITEMS = 4000;

/**
 * Tables `start.<latent>` of one restart: scores along principal axes of the standardised features, of variance 1.
 * Restarts stretch the features at random, or project at random; entries beyond the features are standard normal.
 */
export function startFactorTables(
  factors: readonly StartFactor[],
  method: StartMethod,
  seed: number,
  restart: number,
): (block: RowBlock) => Tensors {
  const axesOf = factors.map((factor) => principalAxes(factor, method, seed, restart));
  return (block) => {
    const tables: Record<string, Float64Array> = {};
    factors.forEach((factor, index) => {
      const { map, width, variable, scale } = factor;
      const axes = axesOf[index];
      const features = new Float64Array(map.width);
      const table = new Float64Array(block.rows * map.itemsPerRow * width);
      for (let row = 0; row < block.rows; row++) {
        for (let item = 0; item < map.itemsPerRow; item++) {
          map.write(block.data, row, item, features);
          for (let l = 0; l < width; l++) {
            const axis = axes[l];
            const score =
              axis === undefined
                ? chance(factor, block, row, item, l, seed, restart)
                : axis.reduce((sum, weight, j) => sum + weight * features[j], 0);
            table[(row * map.itemsPerRow + item) * width + l] = scale * score;
          }
        }
      }
      tables[`start.${variable.name}`] = table;
    });
    return tables;
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

/** Weights of the features for each entry of a latent, such that the score has variance 1. */
function principalAxes(
  { variable, map, width, firstAxis, sample }: StartFactor,
  method: StartMethod,
  seed: number,
  restart: number,
): readonly (readonly number[] | undefined)[] {
  const D = map.width;
  const count = Math.min(D, firstAxis + width);
  if (D === 0 || count <= firstAxis) return [];
  const stream = new RandomStream({ seed, site: `start.${variable.name}`, item: 1, step: restart });
  const { values, weights } = sample;
  const n = Math.min(sample.count, MOST_ITEMS);
  const stretch = Array.from({ length: D }, () =>
    method === "kmeans++" || method === "principal axes" ? 1 : 0.25 + 1.5 * stream.uniform(),
  );
  const points = Array.from({ length: n }, (_, i) => {
    const features = new Float64Array(D);
    map.writeItem(values, i * map.itemWidth, features);
    return features.map((value, j) => value * stretch[j]);
  });
  let total = 0;
  for (let i = 0; i < n; i++) total += weights[i];
  const mean = new Float64Array(D);
  points.forEach((point, i) => point.forEach((value, j) => (mean[j] += (weights[i] * value) / total)));
  for (const point of points) for (let j = 0; j < D; j++) point[j] -= mean[j];
  let basis = Array.from({ length: count }, () => Float64Array.from({ length: D }, () => stream.normal()));
  orthogonalise(basis);
  const variances = new Float64Array(count);
  for (let step = 0; step < (method === "random tables" ? 1 : STEPS); step++) {
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
    if (method !== "random tables") {
      orthogonalise(next);
      basis = next;
    }
  }
  return Array.from({ length: width }, (_, l) => {
    const axis = basis[firstAxis + l];
    const variance = variances[firstAxis + l];
    if (axis === undefined || !(variance > 1e-12)) return undefined;
    // An axis along which all features grow together points that way.
    const sign = axis.reduce((sum, value, j) => sum + value * stretch[j], 0) < 0 ? -1 : 1;
    return Array.from(axis, (value, j) => (sign * value * stretch[j]) / Math.sqrt(variance));
  });
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
