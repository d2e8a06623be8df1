import type { Tensors } from "../description.js";
import { weightOf, type RowBlock, type RowLayout } from "../data/row-source.js";
import { RandomStream } from "../../numerics/random.js";
import type { BlockRunner, Evaluation } from "./evaluation.js";
import type { StartLatent } from "./start-tables.js";
import { fillConfident } from "./start-tables.js";

/** A value counts as empty below this part of an equal share of the rows. */
const EMPTY_SHARE = 1e-3;
/** Times that a run may start a component again. */
export const MOST_RESEEDS = 3;

export interface EmptyComponent {
  readonly latent: StartLatent;
  readonly value: number;
}

/** When a run looks for empty components, which costs one pass: in these iterations, and when it has converged. */
export function isCheckIteration(iteration: number): boolean {
  return iteration === 1 || iteration === 5 || (iteration % 10 === 0 && Number.isInteger(Math.log2(iteration / 10)));
}

/** Values of latents whose expected number of (weighted) items has all but vanished. */
export async function emptyComponents(
  runner: BlockRunner,
  evaluation: Pick<Evaluation, "parameters" | "statistics" | "posteriors">,
  latents: readonly StartLatent[],
): Promise<readonly EmptyComponent[]> {
  if (latents.length === 0) return [];
  const counts = countsOf(evaluation.statistics, latents) ?? (await countItems(runner, evaluation, latents));
  const empty: EmptyComponent[] = [];
  latents.forEach((latent, index) => {
    const share = (runner.source.totalWeight * latent.map.itemsPerRow) / latent.values;
    counts[index].forEach((count, value) => {
      if (count < EMPTY_SHARE * share) empty.push({ latent, value });
    });
  });
  return empty;
}

/** Of the statistics, if they say it for all latents. */
function countsOf(statistics: Tensors, latents: readonly StartLatent[]): readonly Float64Array[] | undefined {
  const counts = latents.map(({ variable, values }) => {
    const total = new Float64Array(values);
    for (const name of variable.occurrences ?? []) {
      statistics[name]?.forEach((count, i) => (total[i % values] += count));
    }
    return total;
  });
  const isKnown = latents.every(({ variable }) => variable.occurrences?.every((name) => name in statistics) === true);
  return isKnown ? counts : undefined;
}

/** In a pass over the rows. */
async function countItems(
  runner: BlockRunner,
  { parameters, posteriors }: Pick<Evaluation, "parameters" | "posteriors">,
  latents: readonly StartLatent[],
): Promise<readonly Float64Array[]> {
  const counts = latents.map(({ values }) => new Float64Array(values));
  let position = 0;
  for await (const block of runner.source.blocks()) {
    const tables = posteriors?.[position++];
    const posterior = await runner.posterior(parameters, tables === undefined ? block : { ...block, tables });
    latents.forEach((latent, index) => {
      const table = posterior[latent.variable.name];
      const rowWidth = table.length / block.rows;
      for (let row = 0; row < block.rows; row++) {
        const weight = weightOf(runner.source, block, row);
        for (let i = 0; i < rowWidth; i++) counts[index][i % latent.values] += table[row * rowWidth + i] * weight;
      }
    });
  }
  return counts;
}

/**
 * Start tables that give an empty component the rows around the one that the model explains worst, and all others their
 * posterior.
 *
 * @param usedRows rows that earlier components were started at; the chosen one is added
 */
export async function reseedTables(
  runner: BlockRunner,
  parameters: Tensors,
  { latent, value }: EmptyComponent,
  usedRows: number[],
): Promise<(block: RowBlock) => Promise<Tensors>> {
  const worst = await worstRow(runner, parameters, usedRows);
  usedRows.push(worst.position);
  const { map, values } = latent;
  const target = new Float64Array(map.width);
  map.write(worst.data, 0, furthestItem(latent, worst.data), target);
  const near = nearestShare(latent, target, runner.source.weightColumn !== undefined);
  const features = new Float64Array(map.width);
  const isNear = (block: RowBlock, row: number, item: number): boolean => {
    map.write(block.data, row, item, features);
    const distance = squaredDistance(features, target);
    if (distance !== near.distance) return distance < near.distance;
    if (near.share >= 1) return true;
    const place = block.positions[row] * map.itemsPerRow + item;
    return new RandomStream({ seed: 0, site: "reseed", item: place }).uniform() < near.share;
  };
  return async (block) => {
    const posterior = await runner.posterior(parameters, block);
    const tables = Object.fromEntries(
      Object.entries(posterior).map(([name, table]) => [`start.${name}`, table] as const),
    );
    const table = tables[`start.${latent.variable.name}`];
    for (let row = 0; row < block.rows; row++) {
      for (let item = 0; item < map.itemsPerRow; item++) {
        if (!isNear(block, row, item)) continue;
        fillConfident(table, (row * map.itemsPerRow + item) * values, values, value);
      }
    }
    return tables;
  };
}

interface CopiedRow {
  readonly position: number;
  readonly data: Tensors;
}

/** The row with the least density, of equals the first, that no component was started at yet; if there is none, any. */
async function worstRow(runner: BlockRunner, parameters: Tensors, usedRows: readonly number[]): Promise<CopiedRow> {
  let worst: CopiedRow | undefined;
  let any: CopiedRow | undefined;
  let least = Infinity;
  await runner.eachLogDensity(parameters, (block, logDensity) => {
    let found: number | undefined;
    let position = worst?.position ?? Infinity;
    for (let row = 0; row < block.rows; row++) {
      const here = block.positions[row];
      const density = logDensity[row];
      if (usedRows.includes(here)) continue;
      if (found !== undefined || worst !== undefined) {
        if (density > least || (density === least && here > position)) continue;
      }
      found = row;
      position = here;
      least = density;
    }
    if (found !== undefined) worst = copiedRow(runner.source, block, found);
    any ??= copiedRow(runner.source, block, 0);
  });
  return worst ?? any ?? { position: 0, data: {} };
}

function copiedRow({ widths }: RowLayout, block: RowBlock, row: number): CopiedRow {
  const data: Record<string, Float64Array> = {};
  for (const [name, values] of Object.entries(block.data)) {
    data[name] = values.slice(row * widths[name], (row + 1) * widths[name]);
  }
  return { position: block.positions[row], data };
}

/**
 * The squared distance within which the items nearest to a point lie: half of an equal share of all, so that the new
 * component has a spread of its own; and the part of those at just that distance that belong to them. Told from sampled
 * items, which are all where they are few.
 */
function nearestShare(
  { map, values, sample }: StartLatent,
  target: Float64Array,
  isWeighted: boolean,
): { readonly distance: number; readonly share: number } {
  const features = new Float64Array(map.width);
  const distances = new Float64Array(sample.count);
  for (let i = 0; i < sample.count; i++) {
    map.writeItem(sample.values, i * map.itemWidth, features);
    distances[i] = squaredDistance(features, target);
  }
  const order = Uint32Array.from(distances.keys()).sort((a, b) => distances[a] - distances[b]);
  const part = sample.weights.reduce((total, weight) => total + weight, 0) / (2 * values);
  const wanted = isWeighted ? part : Math.ceil(part);
  let nearer = 0;
  let at = 0;
  while (at < order.length) {
    const distance = distances[order[at]];
    let here = 0;
    for (; at < order.length && distances[order[at]] === distance; at++) here += sample.weights[order[at]];
    if (nearer + here >= wanted) return { distance, share: (wanted - nearer) / here };
    nearer += here;
  }
  return { distance: 0, share: 1 / (2 * values) };
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}

/** Of a row's items the one furthest from the average. */
function furthestItem({ map }: StartLatent, data: Tensors): number {
  const features = new Float64Array(map.width);
  let furthest = 0;
  let most = -1;
  for (let item = 0; item < map.itemsPerRow; item++) {
    map.write(data, 0, item, features);
    const distance = features.reduce((sum, feature) => sum + feature * feature, 0);
    if (distance > most) {
      most = distance;
      furthest = item;
    }
  }
  return furthest;
}
