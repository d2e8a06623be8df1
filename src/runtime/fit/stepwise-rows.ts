import type { ModelDescription, Sizes } from "../description.js";
import type { OpenBatches } from "../data/batches.js";
import type { Dataset } from "../data/dataset.js";
import type { LabelDictionary } from "../data/labels.js";
import type { RowBlock, RowLayout, RowSource } from "../data/row-source.js";
import { weightOf } from "../data/row-source.js";
import type { SideCount } from "../data/row-stream.js";
import { RowStream } from "../data/row-stream.js";
import { labelsOfStream } from "../data/stream-labels.js";
import { DataError } from "../errors.js";
import type { ResolvedFitOptions } from "./fit-options.js";
import type { FitRows } from "./fit-rows.js";
import { fitRowsInMemory, isHeldOut, requireBothSides } from "./fit-rows.js";
import { Surveyor } from "./survey.js";

/** Rows that stepwise EM goes through. */
export interface StepwiseRows {
  /** Rows that a start is made from: all that are in memory, or the first of those that are read. */
  readonly leading: FitRows;
  readonly labels: Readonly<Record<string, LabelDictionary>>;
  /** One pass over the rows to learn from. */
  pass(): Iterable<RowBlock> | AsyncIterable<RowBlock>;
  /** All rows to learn from; undefined until the end of a first pass over rows that are read. */
  count(): SideCount | undefined;
  /** The rows once more, after a first pass; undefined where they cannot be read again. */
  again(): { readonly learned: RowSource; readonly heldOut: RowSource | undefined } | undefined;
}

/** So many rows tell enough for a start. */
const LEADING_ROWS = 20_000;

export async function stepwiseRowsInMemory(
  description: ModelDescription,
  dataset: Dataset,
  options: ResolvedFitOptions,
  blockRows: number,
): Promise<StepwiseRows> {
  const rows = await fitRowsInMemory(description, dataset, options, blockRows);
  return {
    leading: rows,
    labels: rows.labels,
    pass: () => rows.learned.blocks(),
    count: () => rows.learned,
    again: () => rows,
  };
}

/**
 * Rows that are read: the first once more than the others, for a start.
 *
 * @param isOnce whether they can be read once only; the first are then kept in memory meanwhile
 */
export async function stepwiseRowsOfStream(
  description: ModelDescription,
  given: OpenBatches,
  isOnce: boolean,
  sizes: Sizes,
  options: ResolvedFitOptions,
  blockRows: number,
): Promise<StepwiseRows> {
  const open = isOnce ? replayed(given) : given;
  const settled = await labelsOfStream(description, open, sizes);
  const stream = new RowStream(description, open, {
    ...settled,
    blockRows,
    isHeldOut: (row) => isHeldOut(options, row),
  });
  const leading = await readLeading(description, stream);
  let passes = 0;
  return {
    leading,
    labels: stream.labels,
    async *pass() {
      yield* stream.pass("learned");
      passes++;
      requireBothSides(options, stream.count("learned").rows, stream.count("heldOut").rows);
    },
    count: () => (passes === 0 ? undefined : stream.count("learned")),
    again() {
      if (isOnce || passes === 0) return undefined;
      return {
        learned: stream.source("learned"),
        heldOut: options.holdout === 0 ? undefined : stream.source("heldOut"),
      };
    },
  };
}

async function readLeading(description: ModelDescription, stream: RowStream): Promise<FitRows> {
  const blocks: RowBlock[] = [];
  let layout: RowLayout | undefined;
  let rows = 0;
  for await (const block of stream.pass("learned", (found) => (layout = found))) {
    blocks.push(copied(block));
    rows += block.rows;
    if (rows >= LEADING_ROWS) break;
  }
  if (layout === undefined) throw new DataError("empty", `${description.name} has no rows to learn from.`);
  const known = layout;
  const surveyor = new Surveyor(description, known);
  let totalWeight = 0;
  for (const block of blocks) {
    surveyor.add(block);
    for (let row = 0; row < block.rows; row++) totalWeight += weightOf(known, block, row);
  }
  const learned = { ...known, rows, totalWeight, blocks: () => blocks };
  return { learned, heldOut: undefined, survey: surveyor.finish(), labels: stream.labels };
}

function copied(block: RowBlock): RowBlock {
  const data = Object.fromEntries(Object.entries(block.data).map(([name, values]) => [name, values.slice()]));
  return { ...block, data, positions: block.positions.slice(), numbers: block.numbers?.slice() };
}

/** Batches that can be gone through once, begun again from those that were kept; after the second time it goes on. */
function replayed(open: OpenBatches): OpenBatches {
  const kept: unknown[] = [];
  let iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  let times = 0;
  return async function* () {
    const time = times++;
    if (iterator === undefined) {
      const batches = open();
      iterator = Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
    }
    yield* kept;
    if (time > 0) kept.length = 0;
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) return;
      if (time === 0) kept.push(next.value);
      yield next.value;
    }
  };
}
