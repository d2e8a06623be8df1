import { RandomStream } from "../../numerics/random.js";
import type { ModelDescription, Tensors, VariableDescription } from "../description.js";
import type { PartitionBlock } from "../data/blocks.js";
import type { Dataset } from "../data/dataset.js";
import { extentText, extentValue } from "../extents.js";
import type { FeatureMap } from "./features.js";
import { featureMap } from "./features.js";
import type { WeightedPoints } from "./k-means-plus-plus.js";
import { kMeansPlusPlus, nearestCentre, randomCentres } from "./k-means-plus-plus.js";

export type StartMethod = "kmeans++" | "principal axes" | "random partition" | "random tables";

/** Probability that a start gives to the value of an item's cluster; the others share the rest. */
const CONFIDENCE = 0.9;
/** Points that are clustered; all items are then assigned. */
const MOST_POINTS = 20_000;

/** A latent variable with a table of values, and how its items are described. */
export interface StartLatent {
  readonly variable: VariableDescription;
  readonly values: number;
  readonly map: FeatureMap;
  /** A parameter lists one increasing number for each value: clusters are numbered along the first feature. */
  readonly ordered: boolean;
  /** Items that differ; found when first asked for, the same for all restarts. */
  distinct(): DistinctItems;
}

/** Items that differ, with the weight of all that are alike, in an order that depends on their values only. */
export interface DistinctItems {
  readonly rows: Uint32Array;
  readonly items: Uint32Array;
  readonly weights: Float64Array;
}

/** The latents that starts can be given for. */
export function startLatents(description: ModelDescription, dataset: Dataset): readonly StartLatent[] {
  const latents: StartLatent[] = [];
  for (const variable of description.variables) {
    if (variable.role !== "latent" || (variable.domain !== "category" && variable.domain !== "binary")) continue;
    const values = variable.domain === "binary" ? 2 : (extentValue(variable.categories ?? 1, dataset.sizes) ?? 1);
    const map = featureMap(description, variable, dataset);
    let distinct: DistinctItems | undefined;
    const ordered = description.parameters.some(
      ({ domain, shape }) =>
        domain === "ordered" &&
        variable.categories !== undefined &&
        extentText(shape[shape.length - 1]) === extentText(variable.categories),
    );
    latents.push({ variable, values, map, ordered, distinct: () => (distinct ??= distinctItems(map, dataset)) });
  }
  return latents;
}

/**
 * How the cell of each latent is filled in one restart. Draws are keyed by what the rows hold and not by their place, so
 * that the order of the rows, and whether a row is repeated or has weight 2, make no difference.
 */
export function startFillers(
  latents: readonly StartLatent[],
  method: StartMethod,
  seed: number,
  restart: number,
): readonly CellFiller[] {
  return latents.map((latent, index) => {
    const { name } = latent.variable;
    const stream = new RandomStream({ seed, site: `start.${name}`, item: 1, step: restart });
    // Without anything to cluster on, or where all items are alike, only chance can tell values apart.
    if (method === "random tables" || latent.map.width === 0) return randomTables(latent, seed, restart);
    // Several latents must not all find the same clusters: each but the first sees the features stretched at random.
    const stretch = Float64Array.from({ length: latent.map.width }, () =>
      index === 0 && method === "kmeans++" ? 1 : 0.25 + 1.5 * stream.uniform(),
    );
    const points = stretchedPoints(latent, stretch);
    const find = method === "kmeans++" ? kMeansPlusPlus : randomCentres;
    const centres = find(points, latent.values, stream);
    return partitionTables(latent, stretch, latent.ordered ? inOrder(centres, latent.map.width) : centres);
  });
}

/** Tables `start.<latent>` of a block, cell by cell. */
export function tablesOf(
  latents: readonly StartLatent[],
  order: Uint32Array,
  fillers: readonly CellFiller[],
): (block: PartitionBlock) => Tensors {
  return (block) => {
    const tables: Record<string, Float64Array> = {};
    latents.forEach((latent, index) => {
      const { itemsPerRow } = latent.map;
      const table = new Float64Array(block.rows * itemsPerRow * latent.values);
      for (let row = 0; row < block.rows; row++) {
        for (let item = 0; item < itemsPerRow; item++) {
          const at = (row * itemsPerRow + item) * latent.values;
          fillers[index](order[block.begin + row], item, table.subarray(at, at + latent.values));
        }
      }
      tables[`start.${latent.variable.name}`] = table;
    });
    return tables;
  };
}

/** Centres [K, width] by their first feature. */
function inOrder(centres: Float64Array, width: number): Float64Array {
  const rows = Array.from({ length: centres.length / width }, (_, k) => centres.slice(k * width, (k + 1) * width));
  rows.sort((a, b) => a[0] - b[0]);
  return Float64Array.from(rows.flatMap((row) => [...row]));
}

/** Writes the probabilities of one item. */
export type CellFiller = (row: number, item: number, cell: Float64Array) => void;

function partitionTables(latent: StartLatent, stretch: Float64Array, centres: Float64Array): CellFiller {
  const features = new Float64Array(latent.map.width);
  return (row, item, cell) => {
    latent.map.write(row, item, features);
    for (let i = 0; i < features.length; i++) features[i] *= stretch[i];
    fillConfident(cell, nearestCentre(features, centres, latent.values));
  };
}

/** 0.9 for one value, the rest shared by the others. */
export function fillConfident(cell: Float64Array, value: number): void {
  if (cell.length === 1) {
    cell[0] = 1;
    return;
  }
  cell.fill((1 - CONFIDENCE) / (cell.length - 1));
  cell[value] = CONFIDENCE;
}

function randomTables(latent: StartLatent, seed: number, restart: number): CellFiller {
  const site = `start.${latent.variable.name}.table`;
  return (row, item, cell) => {
    const key = latent.map.width === 0 ? row * latent.map.itemsPerRow + item : latent.map.fingerprint(row, item);
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
}

export function distinctItems(map: FeatureMap, dataset: Dataset): DistinctItems {
  const found = new Map<number, { row: number; item: number; weight: number }>();
  for (let row = 0; row < dataset.rows; row++) {
    const weight = dataset.weights === undefined ? 1 : dataset.weights[row];
    for (let item = 0; item < map.itemsPerRow; item++) {
      const key = map.fingerprint(row, item);
      const known = found.get(key);
      if (known === undefined) found.set(key, { row, item, weight });
      else known.weight += weight;
    }
  }
  // Fingerprints are as good as random: the smallest are a sample.
  const chosen = [...found].sort(([a], [b]) => a - b).slice(0, MOST_POINTS);
  return {
    rows: Uint32Array.from(chosen, ([, { row }]) => row),
    items: Uint32Array.from(chosen, ([, { item }]) => item),
    weights: Float64Array.from(chosen, ([, { weight }]) => weight),
  };
}

function stretchedPoints({ map, distinct }: StartLatent, stretch: Float64Array): WeightedPoints {
  const { rows, items, weights } = distinct();
  const features = new Float64Array(rows.length * map.width);
  for (let i = 0; i < rows.length; i++) {
    const own = features.subarray(i * map.width, (i + 1) * map.width);
    map.write(rows[i], items[i], own);
    for (let j = 0; j < own.length; j++) own[j] *= stretch[j];
  }
  return { width: map.width, features, weights };
}
