import { csvRows, csvTable, type CsvColumn } from "../../data/write-csv.js";
import { boundOptions } from "../step-fit-options.js";
import { bindData, trainerData, type DataOptions } from "../bind-data.js";
import { bindBlocks, needsMemory, notInOneDocument, openData, type DataBlocks } from "../data-blocks.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { jsonPieces } from "../json-pieces.js";
import { requireDensity } from "../require-density.js";
import { likelihoodKind } from "../likelihood-kind.js";
import { openModel, type ModelOptions, type OpenModel } from "../open-model.js";
import type { Terminal } from "../terminal.js";
import { learnsByBound, type DensityTrainer } from "../trainer.js";
import { writePieces } from "../write-result.js";

export interface ScoreOptions extends ModelOptions, DataOptions {
  readonly json?: boolean;
  readonly perRow?: boolean;
  readonly samples?: number;
  readonly seed?: number;
}

/** `genc score`: log-density of data, in total, in the mean, and with `--per-row` of every row. */
export async function score(terminal: Terminal, file: string, options: ScoreOptions): Promise<ExitCode> {
  const model = await openModel(terminal, file, options);
  const opened = await openData(terminal, options, "one", needsMemory(model.description));
  if (opened.kind === "blocks") return await scoreBlocks(terminal, opened, model, options);
  const bound = bindData(terminal, opened.table, model.description, model.sizes, options, model.trained);
  const trainer = requireDensity(model.trainer(bound.sizes), "score");
  const { perRow, ...totals } = await scoreOf(trainer, trainerData(bound, model.description), options);
  trainer.dispose();
  if (options.json !== true && options.perRow === true) {
    writePieces(terminal, undefined, csvTable(densityColumns(perRow), perRow.length));
    return exitCode.fine;
  }
  writeTotals(terminal, totals, options, options.perRow === true ? { perRow } : {});
  return exitCode.fine;
}

async function scoreBlocks(
  terminal: Terminal,
  opened: DataBlocks,
  model: OpenModel,
  options: ScoreOptions,
): Promise<ExitCode> {
  if (options.json === true && options.perRow === true) throw notInOneDocument();
  const blocks = await bindBlocks(terminal, opened, model.description, model.sizes, options, model.trained);
  const trainer = requireDensity(model.trainer(blocks.sizes), "score");
  if (options.perRow === true) terminal.out("logDensity\n");
  const totals = { rows: 0, logLikelihood: 0, totalWeight: 0, bound: "exact" };
  for await (const { bound } of blocks.open()) {
    const part = await scoreOf(trainer, trainerData(bound, model.description), options);
    totals.rows += part.rows;
    totals.logLikelihood += part.logLikelihood;
    totals.totalWeight += part.totalWeight;
    totals.bound = part.bound;
    if (options.perRow !== true) continue;
    writePieces(terminal, undefined, csvRows(densityColumns(part.perRow), part.rows));
  }
  trainer.dispose();
  if (options.perRow === true) return exitCode.fine;
  const meanLogLikelihood = totals.logLikelihood / totals.totalWeight;
  writeTotals(terminal, { ...totals, meanLogLikelihood }, options, {});
  return exitCode.fine;
}

interface Totals {
  readonly rows: number;
  readonly logLikelihood: number;
  readonly meanLogLikelihood: number;
  /** What the likelihood is: "exact", or a bound of it. */
  readonly bound: string;
}

async function scoreOf(
  trainer: DensityTrainer,
  data: ReturnType<typeof trainerData>,
  options: ScoreOptions,
): Promise<Totals & { readonly totalWeight: number; readonly perRow: Float64Array }> {
  if (learnsByBound(trainer)) return await trainer.score(data, boundOptions(options));
  return { ...(await trainer.score(data)), bound: likelihoodKind(trainer.description) };
}

/** As text, since a density that is not a number is to be seen. */
function densityColumns(perRow: Float64Array): readonly CsvColumn[] {
  return [{ name: "logDensity", at: (row) => String(perRow[row]) }];
}

function writeTotals(
  terminal: Terminal,
  { rows, logLikelihood, meanLogLikelihood, bound }: Totals,
  options: ScoreOptions,
  each: { readonly perRow?: Float64Array },
): void {
  if (options.json === true) {
    const document = { schema: "genc.score/1", rows, logLikelihood, meanLogLikelihood, bound, ...each };
    writePieces(terminal, undefined, jsonPieces(document));
  } else {
    const what = bound === "elbo" ? "lower bound   " : "log-likelihood";
    terminal.out(`rows            ${rows}\n${what}  ${logLikelihood}\n  mean per row  ${meanLogLikelihood}\n`);
  }
}
