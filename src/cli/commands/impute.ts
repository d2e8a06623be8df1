import { isMissing, textAt } from "../../data/table.js";
import { csvRows, csvTable, type CsvCell, type CsvColumn } from "../../data/write-csv.js";
import { bindData, trainerData, type DataOptions } from "../bind-data.js";
import { bindBlocks, needsMemory, openData, type BoundBlock } from "../data-blocks.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { requireDensity } from "../require-density.js";
import { openModel, type ModelOptions } from "../open-model.js";
import type { ModelDescription } from "../../runtime/description.js";
import { variableColumns } from "../result-columns.js";
import type { Terminal } from "../terminal.js";
import type { DensityTrainer } from "../trainer.js";
import { openResult, requireFolderOf, writePieces } from "../write-result.js";

export interface ImputeOptions extends ModelOptions, DataOptions {
  readonly out?: string;
}

/** `genc impute`: the data as they came, every missing entry of an optional variable filled with its conditional mean. */
export async function impute(terminal: Terminal, file: string, options: ImputeOptions): Promise<ExitCode> {
  requireFolderOf(options.out);
  const model = await openModel(terminal, file, options);
  const opened = await openData(terminal, options, "one", needsMemory(model.description));
  let count = 0;
  if (opened.kind === "table") {
    const bound = bindData(terminal, opened.table, model.description, model.sizes, options, model.trained);
    const trainer = requireDensity(model.trainer(bound.sizes), "impute");
    const filled = await fill(trainer, model.description, { table: opened.table, bound });
    trainer.dispose();
    writePieces(terminal, options.out, csvTable(filled.columns, filled.rows));
    count = filled.count();
  } else {
    const blocks = await bindBlocks(terminal, opened, model.description, model.sizes, options, model.trained, true);
    const trainer = requireDensity(model.trainer(blocks.sizes), "impute");
    const result = openResult(terminal, options.out);
    let isFirst = true;
    for await (const block of blocks.open()) {
      const filled = await fill(trainer, model.description, block);
      const { columns, rows } = filled;
      for (const piece of isFirst ? csvTable(columns, rows) : csvRows(columns, rows)) result.write(piece);
      isFirst = false;
      count += filled.count();
    }
    result.end();
    trainer.dispose();
  }
  if (options.quiet !== true) terminal.message(`filled: ${count} missing ${count === 1 ? "entry" : "entries"}\n`);
  return exitCode.fine;
}

interface FilledTable {
  readonly columns: readonly CsvColumn[];
  readonly rows: number;
  /** Entries that were missing and have been written. */
  count(): number;
}

async function fill(
  trainer: DensityTrainer,
  description: ModelDescription,
  { table, bound }: BoundBlock,
): Promise<FilledTable> {
  const imputed = await trainer.impute(trainerData(bound, description));
  const filled = new Map(
    Object.entries(imputed).flatMap(([name, tensor]) =>
      variableColumns(name, tensor, bound.mapping).map((column) => [column.name, column] as const),
    ),
  );
  let count = 0;
  const columns = table.columns.map((column) => ({
    name: column.name,
    at(row: number): CsvCell {
      if (!isMissing(column, row)) return textAt(column, row) ?? column.values[row];
      const value = filled.get(column.name)?.at(row);
      if (value !== undefined) count++;
      return value;
    },
  }));
  return { columns, rows: table.rows, count: () => count };
}
