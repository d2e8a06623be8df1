import { writeCsv } from "../../data/write-csv.js";
import type { NamedTensor } from "../../runtime/named-tensor.js";
import { bindData, readData, trainerData, type DataOptions } from "../bind-data.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { usageFailure } from "../failure.js";
import { requireDensity } from "../require-density.js";
import { openModel, type ModelOptions } from "../open-model.js";
import type { Terminal } from "../terminal.js";
import { tensorDocument } from "../train-document.js";
import { learnsByBound } from "../trainer.js";
import { requireFolderOf, writeResult } from "../write-result.js";

export interface ForecastOptions extends ModelOptions, DataOptions {
  readonly steps: number;
  readonly draws: number;
  readonly level: number;
  readonly seed: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** `genc forecast`: mean and interval of what is observed, probabilities of the discrete latents, step after step. */
export async function forecast(terminal: Terminal, file: string, options: ForecastOptions): Promise<ExitCode> {
  requireFolderOf(options.out);
  const { trained, ...model } = await openModel(terminal, file, options);
  const { sequences, name } = model.description;
  if (sequences === undefined)
    throw usageFailure(`${name} has no chain, so nothing comes after its rows.`, "genc sample draws new rows.");
  const bound = bindData(terminal, await readData(terminal, options), model.description, model.sizes, options, trained);
  const trainer = requireDensity(model.trainer(bound.sizes), "forecast");
  if (learnsByBound(trainer) && !("forecast" in trainer))
    throw usageFailure(`${name} is learned by a bound, which has no forecasts.`);
  const { steps, draws, level, seed } = options;
  const answer = await trainer.forecast(trainerData(bound, model.description), { steps, draws, level, seed });
  trainer.dispose();
  if (answer.simulated.length > 0 && options.quiet !== true)
    terminal.message(`simulated by ${answer.draws} draws: ${answer.simulated.join(", ")}\n`);
  if (options.json === true) {
    const documents = (tensors: Readonly<Record<string, NamedTensor>>): object =>
      Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [key, tensorDocument(tensor)]));
    const { mean, deviation, lower, upper, covariance, probability, state, simulated } = answer;
    const document = {
      schema: "genc.forecast/1",
      steps,
      draws: answer.draws,
      level,
      simulated,
      ...(bound.sequences === undefined ? {} : { sequences: bound.sequences.map(({ label }) => label ?? null) }),
      mean: documents(mean),
      deviation: documents(deviation),
      lower: documents(lower),
      upper: documents(upper),
      covariance: documents(covariance),
      probability: documents(probability),
      state: { mean: documents(state.mean), covariance: documents(state.covariance) },
    };
    writeResult(terminal, options.out, `${JSON.stringify(document)}\n`);
    return exitCode.fine;
  }
  const columns = [
    ...Object.entries(answer.mean).flatMap(([key, mean]) =>
      entriesOf(key, mean).flatMap(({ label, at }) => [
        { name: label, at: (row: number) => at(mean, row) },
        { name: `${label}_lower`, at: (row: number) => at(answer.lower[key], row) },
        { name: `${label}_upper`, at: (row: number) => at(answer.upper[key], row) },
        { name: `${label}_sd`, at: (row: number) => at(answer.deviation[key], row) },
      ]),
    ),
    ...Object.entries(answer.probability).flatMap(([key, table]) =>
      entriesOf(`${key}_`, table).map(({ label, at }) => ({ name: label, at: (row: number) => at(table, row) })),
    ),
  ];
  const [first] = [...Object.values(answer.mean), ...Object.values(answer.probability)];
  const count = first?.shape[0] ?? 1;
  const named = sequences.plate === undefined || count === 1 ? [] : [sequences.plate];
  const labelOf = (sequence: number): string | number => bound.sequences?.[sequence]?.label ?? sequence;
  const rows = Array.from({ length: count * steps }, (_, row) => [
    ...named.map(() => labelOf(Math.floor(row / steps))),
    (row % steps) + 1,
    ...columns.map((column) => column.at(row)),
  ]);
  writeResult(terminal, options.out, writeCsv([...named, "step", ...columns.map((column) => column.name)], rows));
  return exitCode.fine;
}

/** The entries of a row, as columns: `y`, or `y0`, `y1`, …. */
function entriesOf(
  name: string,
  { shape }: NamedTensor,
): readonly { readonly label: string; readonly at: (tensor: NamedTensor, row: number) => number }[] {
  const own = shape.slice(2);
  const width = own.reduce((product, extent) => product * extent, 1);
  return Array.from({ length: width }, (_, i) => ({
    label: own.length === 0 ? name : `${name}${i}`,
    at: (tensor: NamedTensor, row: number) => tensor.data[row * width + i],
  }));
}
