import type { Awaitable, Block, Sizes } from "../description.js";

/** How the rows of a data set are laid out in its blocks. */
export interface RowLayout {
  readonly sizes: Sizes;
  /** Values of one row, by column. */
  readonly widths: Readonly<Record<string, number>>;
  /** The column of the rows' weights; undefined: all are 1. */
  readonly weightColumn: string | undefined;
}

/** Some rows of a source. */
export interface RowBlock extends Block {
  /** Place of each row among all rows of its source, in the user's order. */
  readonly positions: Uint32Array;
  /** Numbers of the rows in what the user gave, where rows were left out before; else those are the positions. */
  readonly numbers: Uint32Array | undefined;
}

/**
 * Rows that are worked on block by block, as often as asked: out of memory, or read anew in every pass.
 *
 * The blocks of every pass are the same, in the same order, so that sums over them are. A block of a source that is read
 * anew is valid until the next one is asked for.
 */
export interface RowSource extends RowLayout {
  readonly rows: number;
  readonly totalWeight: number;
  blocks(): Iterable<RowBlock> | AsyncIterable<RowBlock>;
}

/** Runs over all blocks of a source, one after the other. */
export async function eachBlock(
  source: Pick<RowSource, "blocks">,
  visit: (block: RowBlock) => Awaitable<void>,
): Promise<void> {
  for await (const block of source.blocks()) await visit(block);
}

/** The user's number of a row of a block. */
export function numberOf(block: RowBlock, row: number): number {
  return (block.numbers ?? block.positions)[row];
}

/** The weight of a row of a block. */
export function weightOf({ weightColumn }: RowLayout, block: Block, row: number): number {
  return weightColumn === undefined ? 1 : block.data[weightColumn][row];
}
