import { writeCsv } from "../../data/write-csv.js";
import { bindData, readData, trainerData, type DataOptions } from "../bind-data.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { usageFailure } from "../failure.js";
import { openModel, type ModelOptions } from "../open-model.js";
import { posteriorColumns, variableColumns } from "../result-columns.js";
import type { NamedTensor } from "../../runtime/named-tensor.js";
import { boundOptions } from "../step-fit-options.js";
import type { Terminal } from "../terminal.js";
import { requireDensity } from "../require-density.js";
import { type DensityTrainer, learnsByBound } from "../trainer.js";
import { tensorDocument } from "../train-document.js";
import { requireFolderOf, writeResult } from "../write-result.js";

export interface PredictOptions extends ModelOptions, DataOptions {
  readonly out?: string;
  readonly json?: boolean;
}

/** `genc predict`: of every latent the most probable value and the probability of each, row by row. */
export async function predict(terminal: Terminal, file: string, options: PredictOptions): Promise<ExitCode> {
  requireFolderOf(options.out);
  const { trained, ...model } = await openModel(terminal, file, options);
  if (!model.description.variables.some(({ role }) => role === "latent")) {
    throw usageFailure(
      `${model.description.name} has no latent variable, so there is nothing to predict.`,
      "genc score gives the density of every row, genc sample draws from the model.",
    );
  }
  const bound = bindData(terminal, await readData(terminal, options), model.description, model.sizes, options, trained);
  const trainer = requireDensity(model.trainer(bound.sizes), "predict");
  const { probability, means } = await posterior(trainer, trainerData(bound), options);
  trainer.dispose();
  const { rows } = bound;
  if (options.json === true) {
    const latents = Object.entries(probability).map(([name, table]) => [name, tensorDocument(table)] as const);
    const codes = Object.entries(means).map(([name, table]) => [name, tensorDocument(table)] as const);
    const document = {
      schema: "genc.predict/1",
      rows,
      probability: Object.fromEntries(latents),
      ...(codes.length === 0 ? {} : { mean: Object.fromEntries(codes) }),
    };
    writeResult(terminal, options.out, `${JSON.stringify(document)}\n`);
    return exitCode.fine;
  }
  const columns = [
    ...Object.entries(probability).flatMap(([name, table]) => posteriorColumns(name, table)),
    ...Object.entries(means).flatMap(([name, table]) => variableColumns(name, table, undefined)),
  ];
  const header = columns.map((column) => column.name);
  writeResult(
    terminal,
    options.out,
    writeCsv(
      header,
      Array.from({ length: rows }, (_, row) => columns.map((column) => column.at(row))),
    ),
  );
  return exitCode.fine;
}

/** Probabilities of discrete latents, and means of continuous ones. */
async function posterior(
  trainer: DensityTrainer,
  data: ReturnType<typeof trainerData>,
  options: PredictOptions,
): Promise<{
  readonly probability: Readonly<Record<string, NamedTensor>>;
  readonly means: Readonly<Record<string, NamedTensor>>;
}> {
  if (!learnsByBound(trainer)) return { probability: (await trainer.predict(data)).probability, means: {} };
  const encoded = await trainer.encode(data, boundOptions(options));
  const { probability } = await trainer.predict(data, boundOptions(options));
  return {
    probability,
    means: Object.fromEntries(Object.entries(encoded).filter(([name]) => probability[name] === undefined)),
  };
}
