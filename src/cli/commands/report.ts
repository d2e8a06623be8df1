import { bindData, readData, type DataOptions } from "../bind-data.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { openModel, type ModelOptions } from "../open-model.js";
import { reportContent } from "../report-content.js";
import { reportPage } from "../../report/page.js";
import type { Terminal } from "../terminal.js";
import { requireFolderOf, writeFileOrFail } from "../write-result.js";

export interface ReportOptions extends ModelOptions, DataOptions {
  readonly output: string;
  readonly seed: number;
}

/** `genc report`: a model and data on one self-contained page. */
export async function report(terminal: Terminal, file: string, options: ReportOptions): Promise<ExitCode> {
  requireFolderOf(options.output);
  const model = await openModel(terminal, file, options);
  const table = await readData(terminal, options);
  const bound = bindData(terminal, table, model.description, model.sizes, options, model.trained);
  const trainer = model.trainer(bound.sizes);
  const { seed, binarize } = options;
  const content = await reportContent({ model, trainer, bound, seed, ...(binarize === undefined ? {} : { binarize }) });
  trainer.dispose();
  writeFileOrFail(options.output, reportPage(content));
  if (options.quiet !== true) terminal.message(`saved: ${options.output}\n`);
  return exitCode.fine;
}
