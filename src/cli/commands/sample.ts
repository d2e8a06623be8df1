import { csvTable } from "../../data/write-csv.js";
import { bindData, readData, trainerData } from "../bind-data.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { usageFailure } from "../failure.js";
import { openModel, type ModelOptions, type OpenModel } from "../open-model.js";
import { variableColumns } from "../result-columns.js";
import type { Terminal } from "../terminal.js";
import { requireFolderOf, writePieces } from "../write-result.js";

export interface SampleOptions extends ModelOptions {
  readonly n: number;
  readonly steps?: number;
  readonly sequence?: string;
  readonly seed: number;
  readonly data: readonly string[];
  readonly map: Readonly<Record<string, readonly string[]>>;
  readonly latents?: boolean;
  readonly out?: string;
}

/** `genc sample`: draws of the observed variables, with `--latents` of the latent ones too. */
export async function sample(terminal: Terminal, file: string, options: SampleOptions): Promise<ExitCode> {
  requireFolderOf(options.out);
  const model = await openModel(terminal, file, options);
  const { sequences } = model.description;
  if (sequences === undefined && options.steps !== undefined)
    throw usageFailure(`${model.description.name} has no chain, so --steps has no meaning.`);
  const given = await givenVariables(terminal, model, options);
  if (sequences !== undefined && options.steps === undefined && given.values === undefined)
    throw usageFailure("How long is a sequence? Say --steps T: -n counts sequences.");
  const trainer = model.trainer(given.sizes);
  const drawn = await trainer.sample(options.n, {
    seed: options.seed,
    ...(options.steps === undefined ? {} : { steps: options.steps }),
    ...(given.values === undefined ? {} : { given: given.values }),
  });
  trainer.dispose();
  const { variables } = model.description;
  const shown = variables.filter(({ role }) => role === "observed" || (options.latents === true && role === "latent"));
  const columns = shown.flatMap(({ name }) => variableColumns(name, drawn[name], model.trained));
  const count = Object.values(drawn)[0]?.shape[0] ?? 0;
  const numbers = given.numbers ?? ((row: number) => Math.floor(row / (options.steps ?? 1)));
  const numbered = sequences?.plate === undefined || options.n === 1 ? [] : [{ name: sequences.plate, at: numbers }];
  writePieces(terminal, options.out, csvTable([...numbered, ...columns], count));
  return exitCode.fine;
}

/** A model with given variables draws what belongs to them: as many rows as `--data` has. */
async function givenVariables(
  terminal: Terminal,
  { description, sizes, trained }: OpenModel,
  options: SampleOptions,
): Promise<{
  readonly sizes: Readonly<Record<string, number>>;
  readonly values?: ReturnType<typeof trainerData>;
  /** Number of the sequence of a row. */
  readonly numbers?: (row: number) => number;
}> {
  const given = description.variables.filter(({ role }) => role === "given");
  const known = Object.fromEntries([...sizes.settled].map(([name, { value }]) => [name, value]));
  if (given.length === 0) return { sizes: known };
  if (options.data.length === 0) {
    throw usageFailure(
      `The model is given ${given.map(({ name }) => name).join(", ")}: say the values with --data FILE.`,
    );
  }
  const table = await readData(terminal, options);
  if (description.sequences !== undefined) {
    const bound = bindData(terminal, table, { ...description, variables: given }, sizes, options, trained);
    const values = trainerData(bound, description);
    const numbers = (row: number): number => bound.sequences?.findIndex(({ rows }) => rows.includes(row)) ?? 0;
    return { sizes: { ...known, ...bound.sizes }, values, numbers };
  }
  if (table.rows !== options.n)
    throw usageFailure(
      `-n ${options.n}: the given variables in --data have ${table.rows} rows, and each row makes one draw.`,
      `Say -n ${table.rows}, or give as many rows as draws.`,
    );
  const bound = bindData(terminal, table, { ...description, variables: given }, sizes, options, trained);
  return { sizes: { ...known, ...bound.sizes }, values: trainerData(bound, description) };
}
