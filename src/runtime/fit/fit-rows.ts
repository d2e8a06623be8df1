import type { ModelDescription, Sizes } from "../description.js";
import type { OpenBatches } from "../data/batches.js";
import { rowsInMemory, selectRows, withoutWeightlessRows } from "../data/blocks.js";
import type { Dataset } from "../data/dataset.js";
import type { LabelDictionary } from "../data/labels.js";
import type { RowSource } from "../data/row-source.js";
import { eachBlock } from "../data/row-source.js";
import { RowStream } from "../data/row-stream.js";
import { labelsOfStream } from "../data/stream-labels.js";
import { DataError, OptionError } from "../errors.js";
import { HostTurns } from "../host-turn.js";
import { RandomStream } from "../../numerics/random.js";
import type { ResolvedFitOptions } from "./fit-options.js";
import type { Survey } from "./survey.js";
import { Surveyor } from "./survey.js";

/** Rows to learn from and rows to test on, and what is known of the former. */
export interface FitRows {
  readonly learned: RowSource;
  readonly heldOut: RowSource | undefined;
  readonly survey: Survey;
  readonly labels: Readonly<Record<string, LabelDictionary>>;
}

/** The rows of a data set in memory. */
export async function fitRowsInMemory(
  description: ModelDescription,
  dataset: Dataset,
  options: ResolvedFitOptions,
  blockRows: number,
): Promise<FitRows> {
  const { learned, heldOut } = split(withoutWeightlessRows(dataset), options);
  const source = rowsInMemory(learned, blockRows);
  const surveyor = new Surveyor(description, source);
  await eachBlock(source, (block) => surveyor.add(block));
  return {
    learned: source,
    heldOut: heldOut === undefined ? undefined : rowsInMemory(heldOut, blockRows),
    survey: surveyor.finish(),
    labels: dataset.labels,
  };
}

/** Rows that are read anew in every pass: one pass here, another before it where labels have to be found. */
export async function fitRowsOfStream(
  description: ModelDescription,
  open: OpenBatches,
  sizes: Sizes,
  options: ResolvedFitOptions,
  blockRows: number,
): Promise<FitRows> {
  const settled = await labelsOfStream(description, open, sizes);
  const stream = new RowStream(description, open, {
    ...settled,
    blockRows,
    isHeldOut: (row) => isHeldOut(options, row),
  });
  let surveyor: Surveyor | undefined;
  const turns = new HostTurns(options.signal);
  for await (const block of stream.pass("learned", (layout) => (surveyor = new Surveyor(description, layout)))) {
    surveyor?.add(block);
    await turns.give();
  }
  if (surveyor === undefined) throw new DataError("empty", `${description.name} has no rows to learn from.`);
  requireBothSides(options, stream.count("learned").rows, stream.count("heldOut").rows);
  return {
    learned: stream.source("learned"),
    heldOut: options.holdout === 0 ? undefined : stream.source("heldOut"),
    survey: surveyor.finish(),
    labels: stream.labels,
  };
}

/** Whether a row is kept for a test: by its number, so that the choice is the same in every pass. */
export function isHeldOut({ seed, holdout }: ResolvedFitOptions, row: number): boolean {
  return holdout > 0 && new RandomStream({ seed, site: "holdout", item: row }).uniform() < holdout;
}

function split(
  dataset: Dataset,
  options: ResolvedFitOptions,
): { readonly learned: Dataset; readonly heldOut: Dataset | undefined } {
  if (options.holdout === 0) return { learned: dataset, heldOut: undefined };
  const heldOutRows = Uint8Array.from({ length: dataset.rows }, (_, row) => (isHeldOut(options, row) ? 1 : 0));
  // A sequence is held out as a whole.
  const { sequences } = dataset;
  for (let sequence = 0; sequences !== undefined && sequence + 1 < sequences.starts.length; sequence++) {
    const own = sequences.order.subarray(sequences.starts[sequence], sequences.starts[sequence + 1]);
    for (const row of own) heldOutRows[row] = heldOutRows[own[0]];
  }
  const learned = selectRows(dataset, (row) => heldOutRows[row] === 0);
  const heldOut = selectRows(dataset, (row) => heldOutRows[row] === 1);
  requireBothSides(options, learned.rows, heldOut.rows);
  return { learned, heldOut };
}

export function requireBothSides({ holdout }: ResolvedFitOptions, learned: number, heldOut: number): void {
  if (holdout === 0 || (learned > 0 && heldOut > 0)) return;
  const found = `${holdout} of ${learned + heldOut} rows`;
  throw new OptionError("holdout", "a fraction that leaves rows on both sides", found);
}
