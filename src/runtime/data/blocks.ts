import type { Tensors } from "../description.js";
import type { Dataset } from "./dataset.js";
import type { RowBlock, RowLayout, RowSource } from "./row-source.js";
import type { Sequences } from "./sequences.js";
import { keptSequences } from "./sequences.js";

/** Most rows of a block that is no kernel's: float32 sums stay exact enough. */
export const MAXIMUM_BLOCK_ROWS = 4096;

/** How a data set in memory is laid out. */
export function layoutOf({ sizes, widths, weights, columns }: Dataset): RowLayout {
  const weightColumn = Object.keys(columns).find((name) => columns[name] === weights);
  return { sizes, widths, weightColumn };
}

/**
 * A data set in memory as blocks without missing entries, then blocks with some, each half in the user's order. They are
 * views of the same memory in every pass.
 */
export function rowsInMemory(dataset: Dataset, blockRows = MAXIMUM_BLOCK_ROWS): RowSource {
  const blocks = partitionRows(dataset, blockRows);
  return { ...layoutOf(dataset), rows: dataset.rows, totalWeight: dataset.totalWeight, blocks: () => blocks };
}

/** Cuts a data set into blocks without missing entries and blocks with some. */
export function partitionRows(dataset: Dataset, blockRows = MAXIMUM_BLOCK_ROWS): readonly RowBlock[] {
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
  const numbers = dataset.rowNumbers === undefined ? undefined : gatherNumbers(dataset.rowNumbers, order);
  const blocks: RowBlock[] = [];
  const cut = (begin: number, end: number, isComplete: boolean): void => {
    for (let start = begin; start < end; start += blockRows) {
      const stop = Math.min(end, start + blockRows);
      const data: Record<string, Float64Array> = {};
      for (const [name, values] of Object.entries(columns)) {
        data[name] = values.subarray(start * dataset.widths[name], stop * dataset.widths[name]);
      }
      blocks.push({
        rows: stop - start,
        firstRow: order[start],
        data,
        tables: {},
        complete: isComplete,
        positions: order.subarray(start, stop),
        numbers: numbers?.subarray(start, stop),
      });
    }
  };
  cut(0, complete, true);
  cut(complete, rows, false);
  return blocks;
}

function gatherNumbers(numbers: Uint32Array, order: Uint32Array): Uint32Array {
  return order.map((row) => numbers[row]);
}

/** Blocks of whole sequences, complete sequences first; a sequence is never cut. */
function partitionSequences(dataset: Dataset, { order, starts }: Sequences, blockRows: number): readonly RowBlock[] {
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
  const rowNumbers = dataset.rowNumbers === undefined ? undefined : gatherNumbers(dataset.rowNumbers, places);
  return blocks.map(({ begin, end, complete, ...block }) => ({
    rows: end - begin,
    firstRow: begin,
    positions: places.subarray(begin, end),
    numbers: rowNumbers?.subarray(begin, end),
    data: Object.fromEntries(
      Object.entries(columns).map(([name, values]) => [
        name,
        values.subarray(begin * dataset.widths[name], end * dataset.widths[name]),
      ]),
    ),
    tables: {},
    complete,
    starts: Int32Array.from(block.starts),
  }));
}

function gatherRows(values: Float64Array, order: Uint32Array, width: number): Float64Array {
  const gathered = new Float64Array(order.length * width);
  for (let i = 0; i < order.length; i++) {
    const from = order[i] * width;
    for (let j = 0; j < width; j++) gathered[i * width + j] = values[from + j];
  }
  return gathered;
}

/** Puts per-row results of a block back to the user's order. */
export function scatterRows({ rows, positions }: RowBlock, from: Float64Array, to: Float64Array): void {
  const width = rows === 0 ? 0 : from.length / rows;
  for (let row = 0; row < rows; row++) {
    const target = positions[row] * width;
    for (let j = 0; j < width; j++) to[target + j] = from[row * width + j];
  }
}

/** The place of a block's first row, where its rows follow each other in the user's order. */
export function firstOfConsecutive({ rows, positions }: RowBlock): number | undefined {
  for (let row = 1; row < rows; row++) if (positions[row] !== positions[0] + row) return undefined;
  return rows === 0 ? undefined : positions[0];
}

/** The same data without the rows of weight zero: they must not have any influence, not even on a start. */
export function withoutWeightlessRows(dataset: Dataset): Dataset {
  const { weights } = dataset;
  return weights === undefined ? dataset : selectRows(dataset, (row) => weights[row] > 0);
}

/** The rows for which `keep` holds, in order. */
export function selectRows(dataset: Dataset, keep: (row: number) => boolean): Dataset {
  const all = new Uint32Array(dataset.rows);
  let count = 0;
  for (let row = 0; row < dataset.rows; row++) if (keep(row)) all[count++] = row;
  if (count === dataset.rows) return dataset;
  const order = all.slice(0, count);
  const columns: Record<string, Float64Array> = {};
  for (const [name, values] of Object.entries(dataset.columns)) {
    columns[name] = gatherRows(values, order, dataset.widths[name]);
  }
  const { weightColumn } = layoutOf(dataset);
  const weights = weightColumn === undefined ? undefined : columns[weightColumn];
  return {
    ...dataset,
    rows: order.length,
    rowNumbers: order.map((row) => dataset.rowNumbers?.[row] ?? row),
    columns,
    incomplete: Uint8Array.from(order, (row) => dataset.incomplete[row]),
    weights,
    totalWeight: weights === undefined ? order.length : weights.reduce((a, b) => a + b, 0),
    ...(dataset.sequences === undefined ? {} : { sequences: keptSequences(dataset.sequences, placesOf(order)) }),
  };
}

/** Where each of some rows stands among them. */
function placesOf(order: Uint32Array): ReadonlyMap<number, number> {
  return new Map(Array.from(order, (row, place) => [row, place]));
}

/** Zeros for the outputs of a generated function. */
export function zeros(shapes: Readonly<Record<string, number>>): Tensors {
  return Object.fromEntries(Object.entries(shapes).map(([name, length]) => [name, new Float64Array(length)]));
}
