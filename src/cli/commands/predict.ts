import { csvRows, csvTable, type CsvColumn } from "../../data/write-csv.js";
import type { NamedTensor } from "../../runtime/named-tensor.js";
import { bindData, trainerData, type DataOptions } from "../bind-data.js";
import { bindBlocks, needsMemory, notInOneDocument, openData, type DataBlocks } from "../data-blocks.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { usageFailure } from "../failure.js";
import { jsonPieces } from "../json-pieces.js";
import { requireDensity } from "../require-density.js";
import { openModel, type ModelOptions, type OpenModel } from "../open-model.js";
import { momentColumns, posteriorColumns, variableColumns } from "../result-columns.js";
import { posterior, type Posterior } from "../posterior.js";
import type { Terminal } from "../terminal.js";
import { openResult, requireFolderOf, writePieces } from "../write-result.js";

export interface PredictOptions extends ModelOptions, DataOptions {
  readonly out?: string;
  readonly json?: boolean;
}

/**
 * `genc predict`: row by row, of every discrete latent the most probable value and the probability of each, of every
 * Gaussian latent the posterior mean and standard deviation.
 */
export async function predict(terminal: Terminal, file: string, options: PredictOptions): Promise<ExitCode> {
  requireFolderOf(options.out);
  const model = await openModel(terminal, file, options);
  const { trained } = model;
  if (!model.description.variables.some(({ role }) => role === "latent")) {
    throw usageFailure(
      `${model.description.name} has no latent variable, so there is nothing to predict.`,
      "genc score gives the density of every row, genc sample draws from the model.",
    );
  }
  const opened = await openData(terminal, options, "one", needsMemory(model.description));
  if (opened.kind === "blocks") return await predictBlocks(terminal, opened, model, options);
  const bound = bindData(terminal, opened.table, model.description, model.sizes, options, trained);
  const trainer = requireDensity(model.trainer(bound.sizes), "predict");
  const answer = await posterior(trainer, trainerData(bound, model.description), options);
  const { probability, mostProbable, means, covariance } = answer;
  trainer.dispose();
  const { rows } = bound;
  if (options.json === true) {
    const documents = (tables: Readonly<Record<string, NamedTensor>>): object =>
      Object.fromEntries(Object.entries(tables).map(([name, { shape, axes, data }]) => [name, { shape, axes, data }]));
    const document = {
      schema: "genc.predict/1",
      rows,
      probability: documents(probability),
      mostProbable,
      ...(Object.keys(means).length === 0 ? {} : { mean: documents(means) }),
      ...(Object.keys(covariance).length === 0 ? {} : { covariance: documents(covariance) }),
    };
    writePieces(terminal, options.out, jsonPieces(document));
    return exitCode.fine;
  }
  writePieces(terminal, options.out, csvTable(posteriorTable(answer), rows));
  return exitCode.fine;
}

async function predictBlocks(
  terminal: Terminal,
  opened: DataBlocks,
  model: OpenModel,
  options: PredictOptions,
): Promise<ExitCode> {
  if (options.json === true) throw notInOneDocument();
  const blocks = await bindBlocks(terminal, opened, model.description, model.sizes, options, model.trained);
  const trainer = requireDensity(model.trainer(blocks.sizes), "predict");
  const result = openResult(terminal, options.out);
  let isFirst = true;
  for await (const { bound } of blocks.open()) {
    const answer = await posterior(trainer, trainerData(bound, model.description), options);
    const columns = posteriorTable(answer);
    for (const piece of isFirst ? csvTable(columns, bound.rows) : csvRows(columns, bound.rows)) result.write(piece);
    isFirst = false;
  }
  result.end();
  trainer.dispose();
  return exitCode.fine;
}

function posteriorTable({ probability, mostProbable, means, covariance }: Posterior): readonly CsvColumn[] {
  return [
    ...Object.entries(probability).flatMap(([name, table]) => posteriorColumns(name, table, mostProbable[name])),
    ...Object.entries(means).flatMap(([name, mean]) =>
      covariance[name] === undefined
        ? variableColumns(name, mean, undefined)
        : momentColumns(name, mean, covariance[name]),
    ),
  ];
}
