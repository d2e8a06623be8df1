import { writeCsv } from "../../data/write-csv.js";
import { bindData, readData, trainerData, type DataOptions } from "../bind-data.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { usageFailure } from "../failure.js";
import { openModel, type ModelOptions } from "../open-model.js";
import type { NamedTensor } from "../../runtime/named-tensor.js";
import { momentColumns, posteriorColumns } from "../result-columns.js";
import type { Terminal } from "../terminal.js";
import { tensorDocument } from "../train-document.js";
import { requireFolderOf, writeResult } from "../write-result.js";

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
  const { trained, ...model } = await openModel(terminal, file, options);
  if (!model.description.variables.some(({ role }) => role === "latent")) {
    throw usageFailure(
      `${model.description.name} has no latent variable, so there is nothing to predict.`,
      "genc score gives the density of every row, genc sample draws from the model.",
    );
  }
  const bound = bindData(terminal, await readData(terminal, options), model.description, model.sizes, options, trained);
  const trainer = model.trainer(bound.sizes);
  const { probability, covariance = {}, ...values } = await trainer.predict(trainerData(bound, model.description));
  const means = Object.entries(values as Readonly<Record<string, unknown>>).flatMap(([name, mean]) =>
    covariance[name] === undefined ? [] : [[name, mean as NamedTensor] as const],
  );
  trainer.dispose();
  const { rows } = bound;
  if (options.json === true) {
    const documents = (tables: readonly (readonly [string, NamedTensor])[]): object =>
      Object.fromEntries(tables.map(([name, table]) => [name, tensorDocument(table)]));
    const chosen = Object.keys(probability).map((name) => [name, [...valuesOf(values, name)]] as const);
    const document = {
      schema: "genc.predict/1",
      rows,
      probability: documents(Object.entries(probability)),
      mostProbable: Object.fromEntries(chosen),
      ...(means.length === 0 ? {} : { mean: documents(means), covariance: documents(Object.entries(covariance)) }),
    };
    writeResult(terminal, options.out, `${JSON.stringify(document)}\n`);
    return exitCode.fine;
  }
  const columns = [
    ...Object.entries(probability).flatMap(([name, table]) => posteriorColumns(name, table, valuesOf(values, name))),
    ...means.flatMap(([name, mean]) => momentColumns(name, mean, covariance[name])),
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

/** Most probable values of a latent: along a chain those of the most probable sequence. */
function valuesOf(answer: Readonly<Record<string, unknown>>, name: string): Int32Array {
  const values = answer[name];
  if (!(values instanceof Int32Array)) throw new Error(`predict: no values of ${name}`);
  return values;
}
