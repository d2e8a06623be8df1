import { RandomStream } from "../../numerics/random.js";
import type { Tensors, VariableDescription } from "../description.js";
import type { DistinctItems } from "../data/distinct-sample.js";
import type { RowBlock } from "../data/row-source.js";
import type { FeatureMap } from "./features.js";
import { fingerprint } from "./features.js";
import type { WeightedPoints } from "./k-means-plus-plus.js";
import { kMeansPlusPlus, nearestCentre, randomCentres } from "./k-means-plus-plus.js";
import type { SearchedPoints } from "./nearest-centres.js";
import { searchPoints } from "./nearest-centres.js";

export type StartMethod = "kmeans++" | "principal axes" | "random partition" | "random tables";

/** Probability that a start gives to the value of an item's cluster; the others share the rest. */
const CONFIDENCE = 0.9;
/** Items whose clusters are looked for together. */
const ITEMS_AT_ONCE = 4096;

/** A latent variable with a table of values, and how its items are described. */
export interface StartLatent {
  readonly variable: VariableDescription;
  readonly values: number;
  readonly map: FeatureMap;
  /** A parameter lists one increasing number for each value: clusters are numbered along the first feature. */
  readonly ordered: boolean;
  /** A sample of the items, by their values: what is clustered. All items are then assigned. */
  readonly sample: DistinctItems;
}

/** Clusters of the items of a discrete latent, by the nearest centre [K, width] of the stretched features. */
export interface StartPartition {
  readonly latent: StartLatent;
  readonly stretch: Float64Array;
  readonly centres: Float64Array;
}

/** What the starts of one restart cluster; undefined where tables are drawn. */
export function startPartitions(
  latents: readonly StartLatent[],
  method: StartMethod,
  seed: number,
  restart: number,
): readonly (StartPartition | undefined)[] {
  return latents.map((latent, index) => {
    const { name } = latent.variable;
    const stream = new RandomStream({ seed, site: `start.${name}`, item: 1, step: restart });
    // Without anything to cluster on, or where all items are alike, only chance can tell values apart.
    if (method === "random tables" || latent.map.width === 0) return undefined;
    // Several latents must not all find the same clusters: each but the first sees the features stretched at random.
    const stretch = Float64Array.from({ length: latent.map.width }, () =>
      index === 0 && method === "kmeans++" ? 1 : 0.25 + 1.5 * stream.uniform(),
    );
    const points = stretchedPoints(latent, stretch);
    const find = method === "kmeans++" ? kMeansPlusPlus : randomCentres;
    const centres = find(points, latent.values, stream);
    return { latent, stretch, centres: latent.ordered ? inOrder(centres, latent.map.width) : centres };
  });
}

/** Finds the cluster of an item with some features. */
export function clusterFinder({
  latent: { values, map },
  stretch,
  centres,
}: StartPartition): (features: Float64Array) => number {
  // One array for all items: there may be many.
  const stretched = new Float64Array(map.width);
  return (features) => {
    for (let i = 0; i < stretched.length; i++) stretched[i] = features[i] * stretch[i];
    return nearestCentre(stretched, 0, stretched.length, centres, values);
  };
}

/**
 * Tables `start.<latent>` of one restart. Draws are keyed by what the rows hold and not by their place, so that the
 * order of the rows, and whether a row is repeated or has weight 2, make no difference. A block's tables are good until
 * those of the next are asked for.
 */
export function startTables(
  latents: readonly StartLatent[],
  partitions: readonly (StartPartition | undefined)[],
  seed: number,
  restart: number,
): (block: RowBlock) => Tensors {
  const tableMakers = latents.map((latent, index) => {
    const partition = partitions[index];
    return partition === undefined ? randomTables(latent, seed, restart) : partitionTables(partition);
  });
  return (block) =>
    Object.fromEntries(latents.map((latent, i) => [`start.${latent.variable.name}`, tableMakers[i](block)]));
}

/** Centres [K, width] by their first feature. */
function inOrder(centres: Float64Array, width: number): Float64Array {
  const rows = Array.from({ length: centres.length / width }, (_, k) => centres.slice(k * width, (k + 1) * width));
  rows.sort((a, b) => a[0] - b[0]);
  return Float64Array.from(rows.flatMap((row) => [...row]));
}

/** The table [row, item, value] of a block. */
type TableMaker = (block: RowBlock) => Float64Array;

function partitionTables(partition: StartPartition): TableMaker {
  const { map, values } = partition.latent;
  const { itemsPerRow, width } = map;
  const { stretch, centres } = partition;
  const points = new Float64Array(ITEMS_AT_ONCE * width);
  const features = new Float64Array(width);
  let search: SearchedPoints | undefined;
  const clustersOf = (block: RowBlock): Int32Array => {
    const clusters = new Int32Array(block.rows * itemsPerRow);
    for (let first = 0; first < clusters.length; first += ITEMS_AT_ONCE) {
      const count = Math.min(ITEMS_AT_ONCE, clusters.length - first);
      for (let i = 0, at = 0; i < count; i++) {
        const item = (first + i) % itemsPerRow;
        map.write(block.data, (first + i - item) / itemsPerRow, item, features);
        for (let j = 0; j < width; j++) points[at++] = features[j] * stretch[j];
      }
      search ??= searchPoints(points, width, ITEMS_AT_ONCE);
      search.take(points, count);
      clusters.set(search.nearest(centres, values).places, first);
    }
    return clusters;
  };
  // A start goes over the rows at least twice; blocks of rows in memory are the same objects each time.
  const known = new WeakMap<RowBlock, Int32Array>();
  const { sure, rest } = confidence(values);
  // One table for all blocks: memory that is touched for the first time is slow.
  let table = new Float64Array(0);
  return (block) => {
    let clusters = known.get(block);
    if (clusters === undefined) known.set(block, (clusters = clustersOf(block)));
    if (table.length < clusters.length * values) table = new Float64Array(clusters.length * values);
    for (let i = 0, at = 0; i < clusters.length; i++) {
      const first = at;
      for (let value = 0; value < values; value++) table[at++] = rest;
      table[first + clusters[i]] = sure;
    }
    return table.subarray(0, clusters.length * values);
  };
}

function confidence(values: number): { readonly sure: number; readonly rest: number } {
  return values === 1 ? { sure: 1, rest: 1 } : { sure: CONFIDENCE, rest: (1 - CONFIDENCE) / (values - 1) };
}

/** In a cell of so many values, 0.9 for one of them, the rest shared by the others. */
export function fillConfident(table: Float64Array, at: number, values: number, value: number): void {
  const { sure, rest } = confidence(values);
  for (let i = 0; i < values; i++) table[at + i] = rest;
  table[at + value] = sure;
}

function randomTables({ variable, values, map }: StartLatent, seed: number, restart: number): TableMaker {
  const site = `start.${variable.name}.table`;
  const { itemsPerRow } = map;
  const fill = (block: RowBlock, row: number, item: number, cell: Float64Array): void => {
    const key = map.width === 0 ? block.positions[row] * itemsPerRow + item : fingerprint(map, block.data, row, item);
    const stream = new RandomStream({
      seed,
      site: `${site}.${Math.floor(key / 2 ** 32)}`,
      item: key >>> 0,
      step: restart,
    });
    // Uniform on the simplex: exponentials, normalised.
    let total = 0;
    for (let i = 0; i < cell.length; i++) total += cell[i] = -Math.log(stream.uniform());
    for (let i = 0; i < cell.length; i++) cell[i] /= total;
  };
  return (block) => {
    const table = new Float64Array(block.rows * itemsPerRow * values);
    for (let row = 0; row < block.rows; row++) {
      for (let item = 0; item < itemsPerRow; item++) {
        const at = (row * itemsPerRow + item) * values;
        fill(block, row, item, table.subarray(at, at + values));
      }
    }
    return table;
  };
}

function stretchedPoints({ map, sample }: StartLatent, stretch: Float64Array): WeightedPoints {
  const { count, values, weights } = sample;
  const features = new Float64Array(count * map.width);
  for (let i = 0; i < count; i++) {
    const own = features.subarray(i * map.width, (i + 1) * map.width);
    map.writeItem(values, i * map.itemWidth, own);
    for (let j = 0; j < own.length; j++) own[j] *= stretch[j];
  }
  return { width: map.width, features, weights };
}
