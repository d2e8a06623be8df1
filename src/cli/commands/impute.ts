import { isMissing, textAt } from "../../data/table.js";
import { writeCsv, type CsvCell } from "../../data/write-csv.js";
import { bindData, readData, trainerData, type DataOptions } from "../bind-data.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { openModel, type ModelOptions } from "../open-model.js";
import { requireDensity } from "../require-density.js";
import { variableColumns } from "../result-columns.js";
import type { Terminal } from "../terminal.js";
import { requireFolderOf, writeResult } from "../write-result.js";

export interface ImputeOptions extends ModelOptions, DataOptions {
  readonly out?: string;
}

/** `genc impute`: the data as they came, every missing entry of an optional variable filled with its conditional mean. */
export async function impute(terminal: Terminal, file: string, options: ImputeOptions): Promise<ExitCode> {
  requireFolderOf(options.out);
  const { trained, ...model } = await openModel(terminal, file, options);
  const table = await readData(terminal, options);
  const bound = bindData(terminal, table, model.description, model.sizes, options, trained);
  const trainer = requireDensity(model.trainer(bound.sizes), "impute");
  const imputed = await trainer.impute(trainerData(bound));
  trainer.dispose();

  const filled = new Map(
    Object.entries(imputed).flatMap(([name, tensor]) =>
      variableColumns(name, tensor, bound.mapping).map((column) => [column.name, column] as const),
    ),
  );
  let count = 0;
  const cells = table.columns.map((column) => (row: number): CsvCell => {
    if (!isMissing(column, row)) return textAt(column, row) ?? column.values[row];
    const value = filled.get(column.name)?.at(row);
    if (value !== undefined) count++;
    return value;
  });
  const rows = Array.from({ length: table.rows }, (_, row) => cells.map((cell) => cell(row)));
  writeResult(
    terminal,
    options.out,
    writeCsv(
      table.columns.map((column) => column.name),
      rows,
    ),
  );
  if (options.quiet !== true) terminal.message(`filled: ${count} missing ${count === 1 ? "entry" : "entries"}\n`);
  return exitCode.fine;
}
