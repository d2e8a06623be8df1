import type { Block, Tensors } from "../description.js";
import type { Dataset } from "./dataset.js";
import type { Sequences } from "./sequences.js";
import { keptSequences } from "./sequences.js";

/** Most rows that a block may have: what a tile of a kernel keeps in cache, and float32 sums stay exact enough. */
export const MAXIMUM_BLOCK_ROWS = 4096;

/** Rows of a data set in the order in which they are worked on: complete rows first, each half in the user's order. */
export interface Partition {
  readonly blocks: readonly PartitionBlock[];
  /** order[i] = the user's row that is the i-th worked on. */
  readonly order: Uint32Array;
}

export interface PartitionBlock extends Block {
  /** Place of its first row in `order`. */
  readonly begin: number;
}

/** Cuts a data set into blocks without missing entries and blocks with some. */
export function partitionRows(dataset: Dataset, blockRows = MAXIMUM_BLOCK_ROWS): Partition {
  if (dataset.sequences !== undefined) return partitionSequences(dataset, dataset.sequences, blockRows);
  const { rows, incomplete } = dataset;
  const order = new Uint32Array(rows);
  let complete = 0;
  for (let row = 0; row < rows; row++) if (incomplete[row] === 0) order[complete++] = row;
  let place = complete;
  for (let row = 0; row < rows; row++) if (incomplete[row] !== 0) order[place++] = row;
  const sorted = complete === rows || complete === 0;
  const columns: Record<string, Float64Array> = {};
  for (const [name, values] of Object.entries(dataset.columns)) {
    columns[name] = sorted ? values : gatherRows(values, order, dataset.widths[name]);
  }
  const blocks: PartitionBlock[] = [];
  const cut = (begin: number, end: number, isComplete: boolean): void => {
    for (let start = begin; start < end; start += blockRows) {
      const stop = Math.min(end, start + blockRows);
      const data: Record<string, Float64Array> = {};
      for (const [name, values] of Object.entries(columns)) {
        data[name] = values.subarray(start * dataset.widths[name], stop * dataset.widths[name]);
      }
      blocks.push({ rows: stop - start, begin: start, firstRow: order[start], data, tables: {}, complete: isComplete });
    }
  };
  cut(0, complete, true);
  cut(complete, rows, false);
  return { blocks, order };
}

/** Blocks of whole sequences, complete sequences first; a sequence is never cut. */
function partitionSequences(dataset: Dataset, { order, starts }: Sequences, blockRows: number): Partition {
  const count = starts.length - 1;
  const isComplete = Array.from({ length: count }, (_, sequence) =>
    order.subarray(starts[sequence], starts[sequence + 1]).every((row) => dataset.incomplete[row] === 0),
  );
  const numbers = Array.from({ length: count }, (_, sequence) => sequence);
  const sorted = [...numbers.filter((n) => isComplete[n]), ...numbers.filter((n) => !isComplete[n])];
  const places = new Uint32Array(order.length);
  const blocks: { begin: number; end: number; starts: number[]; complete: boolean }[] = [];
  let place = 0;
  for (const sequence of sorted) {
    const length = starts[sequence + 1] - starts[sequence];
    const last = blocks.at(-1);
    let block = last;
    if (last === undefined || last.complete !== isComplete[sequence] || last.end - last.begin + length > blockRows) {
      block = { begin: place, end: place, starts: [0], complete: isComplete[sequence] };
      blocks.push(block);
    }
    places.set(order.subarray(starts[sequence], starts[sequence + 1]), place);
    place += length;
    if (block === undefined) continue;
    block.end = place;
    block.starts.push(place - block.begin);
  }
  const inOrder = places.every((row, at) => row === at);
  const columns = Object.fromEntries(
    Object.entries(dataset.columns).map(([name, values]) => [
      name,
      inOrder ? values : gatherRows(values, places, dataset.widths[name]),
    ]),
  );
  return {
    order: places,
    blocks: blocks.map(({ begin, end, complete, ...block }) => ({
      rows: end - begin,
      begin,
      firstRow: begin,
      data: Object.fromEntries(
        Object.entries(columns).map(([name, values]) => [
          name,
          values.subarray(begin * dataset.widths[name], end * dataset.widths[name]),
        ]),
      ),
      tables: {},
      complete,
      starts: Int32Array.from(block.starts),
    })),
  };
}

function gatherRows(values: Float64Array, order: Uint32Array, width: number): Float64Array {
  const gathered = new Float64Array(values.length);
  for (let i = 0; i < order.length; i++) {
    const from = order[i] * width;
    for (let j = 0; j < width; j++) gathered[i * width + j] = values[from + j];
  }
  return gathered;
}

/** Puts per-row results of a block back to the user's order. */
export function scatterRows(block: PartitionBlock, order: Uint32Array, from: Float64Array, to: Float64Array): void {
  const width = block.rows === 0 ? 0 : from.length / block.rows;
  for (let row = 0; row < block.rows; row++) {
    const target = order[block.begin + row] * width;
    for (let j = 0; j < width; j++) to[target + j] = from[row * width + j];
  }
}

/** The same data without the rows of weight zero: they must not have any influence, not even on a start. */
export function withoutWeightlessRows(dataset: Dataset): Dataset {
  const { weights } = dataset;
  return weights === undefined ? dataset : selectRows(dataset, (row) => weights[row] > 0);
}

/** The rows for which `keep` holds, in order. */
export function selectRows(dataset: Dataset, keep: (row: number) => boolean): Dataset {
  const kept: number[] = [];
  for (let row = 0; row < dataset.rows; row++) if (keep(row)) kept.push(row);
  if (kept.length === dataset.rows) return dataset;
  const order = Uint32Array.from(kept);
  const numbers = new Map(kept.map((row, number) => [row, number]));
  const gather = (values: Float64Array, width: number): Float64Array => {
    const gathered = new Float64Array(order.length * width);
    for (let i = 0; i < order.length; i++) {
      gathered.set(values.subarray(order[i] * width, (order[i] + 1) * width), i * width);
    }
    return gathered;
  };
  const columns: Record<string, Float64Array> = {};
  for (const [name, values] of Object.entries(dataset.columns)) columns[name] = gather(values, dataset.widths[name]);
  const weights = dataset.weights === undefined ? undefined : gather(dataset.weights, 1);
  return {
    ...dataset,
    rows: order.length,
    rowNumbers: order.map((row) => dataset.rowNumbers?.[row] ?? row),
    columns,
    incomplete: Uint8Array.from(kept, (row) => dataset.incomplete[row]),
    weights,
    totalWeight: weights === undefined ? order.length : weights.reduce((a, b) => a + b, 0),
    ...(dataset.sequences === undefined ? {} : { sequences: keptSequences(dataset.sequences, numbers) }),
  };
}

/** Zeros for the outputs of a generated function. */
export function zeros(shapes: Readonly<Record<string, number>>): Tensors {
  return Object.fromEntries(Object.entries(shapes).map(([name, length]) => [name, new Float64Array(length)]));
}
