import { boundOptions } from "../step-fit-options.js";
import { bindData, readData, trainerData, type DataOptions } from "../bind-data.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { openModel, type ModelOptions } from "../open-model.js";
import type { Terminal } from "../terminal.js";
import { learnsByBound } from "../trainer.js";

export interface ScoreOptions extends ModelOptions, DataOptions {
  readonly json?: boolean;
  readonly perRow?: boolean;
  readonly samples?: number;
  readonly seed?: number;
}

/** `genc score`: log-density of data, in total, in the mean, and with `--per-row` of every row. */
export async function score(terminal: Terminal, file: string, options: ScoreOptions): Promise<ExitCode> {
  const { trained, ...model } = await openModel(terminal, file, options);
  const bound = bindData(terminal, await readData(terminal, options), model.description, model.sizes, options, trained);
  const trainer = model.trainer(bound.sizes);
  const scored = learnsByBound(trainer)
    ? await trainer.score(trainerData(bound, model.description), boundOptions(options))
    : { ...(await trainer.score(trainerData(bound, model.description))), bound: model.description.approximation ?? "exact" };
  const { rows, logLikelihood, meanLogLikelihood, perRow } = scored;
  trainer.dispose();
  if (options.json === true) {
    const each = options.perRow === true ? { perRow: [...perRow] } : {};
    terminal.out(
      `${JSON.stringify({ schema: "genc.score/1", rows, logLikelihood, meanLogLikelihood, bound: scored.bound, ...each })}\n`,
    );
  } else if (options.perRow === true) {
    terminal.out(perRow.reduce((text, density) => `${text}${density}\n`, "logDensity\n"));
  } else {
    const what = scored.bound === "elbo" ? "lower bound   " : "log-likelihood";
    terminal.out(`rows            ${rows}\n${what}  ${logLikelihood}\n  mean per row  ${meanLogLikelihood}\n`);
  }
  return exitCode.fine;
}
