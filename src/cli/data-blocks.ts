import { totalmem } from "node:os";
import type { BindRequest, BoundData, ColumnMapping } from "../data/bindable.js";
import { bindColumns } from "../data/bind-columns.js";
import { chooseReading } from "../data/choose-reading.js";
import { concatenateTables } from "../data/concatenate-tables.js";
import { findDataFiles, STANDARD_INPUT } from "../data/data-files.js";
import { needsSurvey, surveyLabels } from "../data/survey-labels.js";
import type { Table } from "../data/table.js";
import { csvBlocks, TableStream } from "../data/table-stream.js";
import { noRows } from "../diagnostics/catalogue/data.js";
import type { DataOutcome } from "../diagnostics/data-diagnostic.js";
import type { Program } from "../ir/program.js";
import type { ModelDescription } from "../runtime/description.js";
import { bindRequest, mappingText, readData, trainerData, type DataOptions } from "./bind-data.js";
import { CommandFailure, dataFailure, usageFailure } from "./failure.js";
import type { KnownSizes } from "./known-sizes.js";
import type { Terminal } from "./terminal.js";

/** Data that are held in memory, or the rows of which come block by block. */
export type OpenedData = { readonly kind: "table"; readonly table: Table } | DataBlocks;

export interface DataBlocks {
  readonly kind: "blocks";
  /** @param wanted columns that are needed; others may be there or not */
  readonly open: (wanted?: ReadonlySet<string>) => AsyncIterable<Table>;
  /** Standard input: after the first blocks there is no second time. */
  readonly isOnce: boolean;
}

/** Rows of standard input that are waited for before it counts as large: in characters. */
const SMALL_INPUT = 64 << 20;

/**
 * Opens the files of `--data`, and says how they are read.
 *
 * @param passes how often the command goes through the rows: what cannot be read again has to be held in memory for many
 * @param held why the model needs all rows in memory; undefined: it does not
 */
export async function openData(
  terminal: Terminal,
  options: DataOptions,
  passes: "one" | "many",
  held: string | undefined,
): Promise<OpenedData> {
  const { data, stream: wish } = options;
  if (held !== undefined) {
    if (wish === true) say(terminal, options, `the data are held in memory: ${held}`);
    return { kind: "table", table: await readData(terminal, options) };
  }
  if (data.includes(STANDARD_INPUT)) {
    if (passes === "one" && data.length === 1 && wish !== false) return await openInput(terminal, wish === true);
    if (wish === true) say(terminal, options, "standard input can be read once only: it is held in memory");
    return { kind: "table", table: await readData(terminal, options) };
  }
  if (data.length === 0) throw usageFailure("There is no --data.");
  const files = findDataFiles(data);
  // The reader of whole files has more to say of those that cannot be read.
  if (files.kind === "refused") return { kind: "table", table: await readData(terminal, options) };
  const memory = Math.min(totalmem(), process.constrainedMemory?.() || Infinity);
  const { inBlocks, why } = chooseReading(files.value, wish, memory);
  if (!inBlocks) {
    if (wish === true) say(terminal, options, `the data are held in memory: ${why}`);
    return { kind: "table", table: await readData(terminal, options) };
  }
  say(terminal, options, `the data are read in blocks${passes === "many" ? ", anew in every pass" : ""}: ${why}`);
  const tables = new TableStream(files.value);
  return { kind: "blocks", isOnce: false, open: (wanted) => ready(tables.open(wanted)) };
}

/** Standard input is held in memory if it is small. */
async function openInput(terminal: Terminal, wish: boolean): Promise<OpenedData> {
  const blocks = ready(csvBlocks("standard input", terminal.input()))[Symbol.asyncIterator]();
  const first: Table[] = [];
  let cells = 0;
  for (;;) {
    const next = await blocks.next();
    if (next.done === true) {
      if (wish) break;
      const table = concatenateTables(first);
      if (table.rows === 0) throw dataFailure(noRows({ file: "standard input" }, {}));
      return { kind: "table", table };
    }
    first.push(next.value);
    cells += next.value.rows * next.value.columns.length;
    if (wish || 8 * cells > SMALL_INPUT) break;
  }
  return {
    kind: "blocks",
    isOnce: true,
    async *open() {
      yield* first;
      for (let next = await blocks.next(); next.done !== true; next = await blocks.next()) yield next.value;
    },
  };
}

async function* ready(outcomes: AsyncIterable<DataOutcome<Table>>): AsyncGenerator<Table, void, undefined> {
  for await (const outcome of outcomes) {
    if (outcome.kind === "refused") throw new CommandFailure({ kind: "data", diagnostics: outcome.diagnostics });
    yield outcome.value;
  }
}

/** Why a model is not given its rows in blocks. */
export function needsMemory(description: ModelDescription, algorithm: Program["algorithm"] = "em"): string | undefined {
  if (description.sequences !== undefined) return "sequences are gone through whole";
  return algorithm === "em" ? undefined : "batches are drawn from all rows";
}

/** Data bound block by block. */
export interface BoundBlocks {
  readonly sizes: Readonly<Record<string, number>>;
  readonly mapping: ColumnMapping;
  readonly isOnce: boolean;
  readonly open: () => AsyncGenerator<BoundBlock, void, undefined>;
}

export interface BoundBlock {
  readonly table: Table;
  readonly bound: BoundData;
}

/**
 * The first block settles columns and sizes; where labels or grey levels count, all rows are gone through for them.
 *
 * @param everyColumn whether the tables are needed with the columns that feed no variable
 */
export async function bindBlocks(
  terminal: Terminal,
  { open, isOnce }: DataBlocks,
  description: ModelDescription,
  sizes: KnownSizes,
  options: DataOptions,
  trained?: ColumnMapping,
  everyColumn = false,
): Promise<BoundBlocks> {
  const request = bindRequest(description, sizes, options, trained);
  let whole: BindRequest["whole"] = { labels: {}, levels: {} };
  if (needsSurvey(request)) {
    if (isOnce) {
      throw usageFailure(
        "Labels have to be looked for in all rows first, and standard input can be read once only.",
        "Give a file, a model that `genc train --save` wrote, or --no-stream.",
      );
    }
    const survey = await surveyLabels(request, open());
    if (survey.kind === "refused") throw dataFailure(...survey.diagnostics);
    whole = survey.value;
  }
  for await (const table of open()) {
    const first = bound({ ...request, table, whole });
    if (options.quiet !== true) terminal.message(mappingText(first, table, description, "in blocks"));
    const settled = new Map(
      Object.entries(first.sizes).map(([name, value]) => [name, { value, by: "the first rows" }] as const),
    );
    const wanted = everyColumn ? undefined : new Set(Object.values(first.mapping.columns).flat());
    const later = { ...request, sizes: settled, trained: first.mapping, whole };
    return {
      sizes: first.sizes,
      mapping: first.mapping,
      isOnce,
      async *open() {
        for await (const each of open(wanted)) yield { table: each, bound: bound({ ...later, table: each }) };
      },
    };
  }
  throw new Error("data without rows are refused before");
}

function bound(request: BindRequest): BoundData {
  const outcome = bindColumns(request);
  if (outcome.kind === "refused") throw new CommandFailure({ kind: "data", diagnostics: outcome.diagnostics });
  return outcome.value;
}

type Batches = AsyncGenerator<ReturnType<typeof trainerData>>;

/** Batches in the form that a trainer takes, anew whenever it asks; of standard input, once. */
export function trainerBatches(
  { open, isOnce }: BoundBlocks,
  description: ModelDescription,
): Batches | (() => Batches) {
  const batches = async function* (): Batches {
    for await (const block of open()) yield trainerData(block.bound, description);
  };
  return isOnce ? batches() : batches;
}

function say(terminal: Terminal, { quiet }: DataOptions, text: string): void {
  if (quiet !== true) terminal.message(`${text}\n`);
}

/** A document of all rows would have to be held in memory. */
export function notInOneDocument(): CommandFailure {
  return usageFailure(
    "--json writes one document of all rows, and data of this size are read in blocks.",
    "Leave --json out, or hold the data in memory: --no-stream.",
  );
}
