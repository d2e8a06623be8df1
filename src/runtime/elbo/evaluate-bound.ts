import type { Block, Tensors } from "../description.js";
import type { Dataset } from "../data/dataset.js";
import { HostTurns } from "../host-turn.js";
import type { ElboMethods } from "./elbo-description.js";
import { resampleRow, rowKey } from "./grey-values.js";
import { NoiseTables } from "./noise-tables.js";

/** Rows of a block of a query. */
const blockRows = 512;

export interface EvaluationOptions {
  readonly seed: number;
  /** "resample": grey values become bits once, by the seed. */
  readonly binarize?: "resample" | "expected" | "threshold" | undefined;
}

/** Blocks of a data set with the noise that a function reads. */
export function* queryBlocks(
  methods: ElboMethods,
  data: Dataset,
  readBy: string,
  { seed, binarize }: EvaluationOptions,
  draw = 0,
): Generator<Block> {
  const { variables } = methods.description;
  const noise = new NoiseTables(methods.description, data.sizes, readBy, seed);
  for (let firstRow = 0; firstRow < data.rows; firstRow += blockRows) {
    const rows = Math.min(blockRows, data.rows - firstRow);
    const columns: Record<string, Float64Array> = {};
    for (const [name, values] of Object.entries(data.columns)) {
      const width = data.widths[name];
      const part = values.subarray(firstRow * width, (firstRow + rows) * width);
      const isGrey = variables.some((variable) => variable.name === name && variable.domain === "binary");
      if (binarize !== "resample" || !isGrey) {
        columns[name] = part;
        continue;
      }
      const bits = new Float64Array(part.length);
      for (let row = 0; row < rows; row++) {
        const number = data.rowNumbers?.[firstRow + row] ?? firstRow + row;
        resampleRow(part, row * width, width, bits, row * width, rowKey(seed, number, evaluationEpoch));
      }
      columns[name] = bits;
    }
    const tables = Object.fromEntries(
      Object.entries(noise.lengths(rows)).map(([name, length]) => [name, new Float64Array(length)]),
    );
    noise.fill(tables, draw * blocksPerDraw + firstRow / blockRows);
    yield { rows, firstRow, data: columns, tables, complete: false };
  }
}

/** Bits of a query are apart from those of every epoch. */
const evaluationEpoch = 2 ** 31;
const blocksPerDraw = 2 ** 20;

/** The mean bound over rows, with one draw for each, and its divergence. */
export async function evaluateBound(
  methods: ElboMethods,
  data: Dataset,
  parameters: Tensors,
  options: EvaluationOptions,
): Promise<{ readonly bound: number; readonly divergence: number }> {
  const turns = new HostTurns();
  let bound = 0;
  let divergence = 0;
  for (const block of queryBlocks(methods, data, "bound", options)) {
    const into = { bound: new Float64Array(block.rows), divergence: new Float64Array(block.rows) };
    await methods.boundOf(data.sizes, parameters, block, into);
    for (let row = 0; row < block.rows; row++) {
      const weight = data.weights?.[block.firstRow + row] ?? 1;
      bound += weight * into.bound[row];
      divergence += weight * into.divergence[row];
    }
    await turns.give();
  }
  return { bound: bound / data.totalWeight, divergence: divergence / data.totalWeight };
}

/** log of the mean of `draws` importance weights, row by row: a bound that rises to log p(x) with the draws. */
export async function importanceBound(
  methods: ElboMethods,
  data: Dataset,
  parameters: Tensors,
  draws: number,
  options: EvaluationOptions,
): Promise<Float64Array> {
  const turns = new HostTurns();
  const largest = new Float64Array(data.rows).fill(-Infinity);
  const sums = new Float64Array(data.rows);
  for (let draw = 0; draw < draws; draw++) {
    for (const block of queryBlocks(methods, data, "logWeight", options, draw)) {
      const into = { logWeight: new Float64Array(block.rows) };
      await methods.logWeightOf(data.sizes, parameters, block, into);
      for (let row = 0; row < block.rows; row++) {
        const at = block.firstRow + row;
        const weight = into.logWeight[row];
        if (weight === -Infinity) continue;
        if (weight > largest[at]) {
          sums[at] = sums[at] * Math.exp(largest[at] - weight) + 1;
          largest[at] = weight;
        } else sums[at] += Math.exp(weight - largest[at]);
      }
      await turns.give();
    }
  }
  return largest.map((value, row) => (sums[row] === 0 ? -Infinity : value + Math.log(sums[row] / draws)));
}
