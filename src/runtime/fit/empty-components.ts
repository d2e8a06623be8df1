import type { Tensors } from "../description.js";
import type { PartitionBlock } from "../data/blocks.js";
import type { BlockRunner } from "./evaluation.js";
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
  parameters: Tensors,
  latents: readonly StartLatent[],
): Promise<readonly EmptyComponent[]> {
  if (latents.length === 0) return [];
  const counts = latents.map(({ values }) => new Float64Array(values));
  const { weights } = runner.dataset;
  for (const block of runner.partition.blocks) {
    const posterior = await runner.posterior(parameters, block);
    latents.forEach((latent, index) => {
      const table = posterior[latent.variable.name];
      const rowWidth = table.length / block.rows;
      for (let i = 0; i < table.length; i++) {
        const row = runner.partition.order[block.begin + Math.floor(i / rowWidth)];
        counts[index][i % latent.values] += table[i] * (weights === undefined ? 1 : weights[row]);
      }
    });
  }
  const empty: EmptyComponent[] = [];
  latents.forEach((latent, index) => {
    const share = (runner.dataset.totalWeight * latent.map.itemsPerRow) / latent.values;
    counts[index].forEach((count, value) => {
      if (count < EMPTY_SHARE * share) empty.push({ latent, value });
    });
  });
  return empty;
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
): Promise<(block: PartitionBlock) => Promise<Tensors>> {
  const logDensity = await runner.logDensity(parameters);
  let worst = -1;
  logDensity.forEach((density, row) => {
    if (!usedRows.includes(row) && (worst === -1 || density < logDensity[worst])) worst = row;
  });
  if (worst === -1) worst = 0;
  usedRows.push(worst);
  const { itemsPerRow } = latent.map;
  const taken = itemsAround(latent, runner.dataset.rows, worst);
  return async (block) => {
    const posterior = await runner.posterior(parameters, block);
    const tables = Object.fromEntries(
      Object.entries(posterior).map(([name, table]) => [`start.${name}`, table] as const),
    );
    const table = tables[`start.${latent.variable.name}`];
    for (let row = 0; row < block.rows; row++) {
      for (let item = 0; item < itemsPerRow; item++) {
        if (!taken.has(runner.partition.order[block.begin + row] * itemsPerRow + item)) continue;
        const at = (row * itemsPerRow + item) * latent.values;
        fillConfident(table.subarray(at, at + latent.values), value);
      }
    }
    return tables;
  };
}

/** The items nearest to those of a row: half of an equal share, so that the new component has a spread of its own. */
function itemsAround(latent: StartLatent, rows: number, centre: number): ReadonlySet<number> {
  const { map, values } = latent;
  const items = rows * map.itemsPerRow;
  const wanted = Math.max(1, Math.ceil(items / (2 * values)));
  const target = new Float64Array(map.width);
  map.write(centre, furthestItem(latent, centre), target);
  const features = new Float64Array(map.width);
  const distances = new Float64Array(items);
  for (let i = 0; i < items; i++) {
    map.write(Math.floor(i / map.itemsPerRow), i % map.itemsPerRow, features);
    for (let j = 0; j < features.length; j++) distances[i] += (features[j] - target[j]) ** 2;
  }
  const order = Uint32Array.from(distances.keys()).sort((a, b) => distances[a] - distances[b] || a - b);
  return new Set(order.subarray(0, wanted));
}

/** Of a row's items the one furthest from the average. */
function furthestItem({ map }: StartLatent, row: number): number {
  const features = new Float64Array(map.width);
  let furthest = 0;
  let most = -1;
  for (let item = 0; item < map.itemsPerRow; item++) {
    map.write(row, item, features);
    const distance = features.reduce((sum, feature) => sum + feature * feature, 0);
    if (distance > most) {
      most = distance;
      furthest = item;
    }
  }
  return furthest;
}
