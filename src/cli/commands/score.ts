import { bindData, trainerData, type DataOptions } from "../bind-data.js";
import { bindBlocks, notInOneDocument, openData, type DataBlocks } from "../data-blocks.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { openModel, type ModelOptions, type OpenModel } from "../open-model.js";
import type { Terminal } from "../terminal.js";

export interface ScoreOptions extends ModelOptions, DataOptions {
  readonly json?: boolean;
  readonly perRow?: boolean;
}

/** `genc score`: log-density of data, in total, in the mean, and with `--per-row` of every row. */
export async function score(terminal: Terminal, file: string, options: ScoreOptions): Promise<ExitCode> {
  const model = await openModel(terminal, file, options);
  const opened = await openData(terminal, options, "one");
  if (opened.kind === "blocks") return await scoreBlocks(terminal, opened, model, options);
  const bound = bindData(terminal, opened.table, model.description, model.sizes, options, model.trained);
  const trainer = model.trainer(bound.sizes);
  const { perRow, ...totals } = await trainer.score(trainerData(bound));
  trainer.dispose();
  if (options.json !== true && options.perRow === true) {
    terminal.out(`logDensity\n${lines(perRow)}`);
    return exitCode.fine;
  }
  writeTotals(terminal, totals, options, options.perRow === true ? { perRow: [...perRow] } : {});
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
  const trainer = model.trainer(blocks.sizes);
  if (options.perRow === true) terminal.out("logDensity\n");
  let rows = 0;
  let logLikelihood = 0;
  let totalWeight = 0;
  for await (const { bound } of blocks.open()) {
    const part = await trainer.score(trainerData(bound));
    rows += part.rows;
    logLikelihood += part.logLikelihood;
    totalWeight += part.totalWeight;
    if (options.perRow === true) terminal.out(lines(part.perRow));
  }
  trainer.dispose();
  if (options.perRow === true) return exitCode.fine;
  writeTotals(terminal, { rows, logLikelihood, meanLogLikelihood: logLikelihood / totalWeight }, options, {});
  return exitCode.fine;
}

function lines(perRow: Float64Array): string {
  return perRow.reduce((text, density) => `${text}${density}\n`, "");
}

function writeTotals(
  terminal: Terminal,
  { rows, logLikelihood, meanLogLikelihood }: { rows: number; logLikelihood: number; meanLogLikelihood: number },
  options: ScoreOptions,
  each: { readonly perRow?: readonly number[] },
): void {
  if (options.json === true) {
    const document = { schema: "genc.score/1", rows, logLikelihood, meanLogLikelihood, bound: "exact", ...each };
    terminal.out(`${JSON.stringify(document)}\n`);
  } else {
    terminal.out(`rows            ${rows}\nlog-likelihood  ${logLikelihood}\n  mean per row  ${meanLogLikelihood}\n`);
  }
}
