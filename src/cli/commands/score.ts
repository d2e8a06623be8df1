import { bindData, readData, trainerData, type DataOptions } from "../bind-data.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { openModel, type ModelOptions } from "../open-model.js";
import type { Terminal } from "../terminal.js";

export interface ScoreOptions extends ModelOptions, DataOptions {
  readonly json?: boolean;
  readonly perRow?: boolean;
}

/** `genc score`: log-density of data, in total, in the mean, and with `--per-row` of every row. */
export async function score(terminal: Terminal, file: string, options: ScoreOptions): Promise<ExitCode> {
  const { trained, ...model } = await openModel(terminal, file, options);
  const bound = bindData(terminal, await readData(terminal, options), model.description, model.sizes, options, trained);
  const trainer = model.trainer(bound.sizes);
  const { rows, logLikelihood, meanLogLikelihood, perRow } = await trainer.score(trainerData(bound, model.description));
  trainer.dispose();
  if (options.json === true) {
    const each = options.perRow === true ? { perRow: [...perRow] } : {};
    terminal.out(
      `${JSON.stringify({ schema: "genc.score/1", rows, logLikelihood, meanLogLikelihood, bound: "exact", ...each })}\n`,
    );
  } else if (options.perRow === true) {
    terminal.out(perRow.reduce((text, density) => `${text}${density}\n`, "logDensity\n"));
  } else {
    terminal.out(`rows            ${rows}\nlog-likelihood  ${logLikelihood}\n  mean per row  ${meanLogLikelihood}\n`);
  }
  return exitCode.fine;
}
