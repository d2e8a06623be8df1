import type { Dataset } from "../../data/dataset.js";
import { NoiseTables } from "../noise-tables.js";
import type { ChainElboMethods } from "./chain-elbo-description.js";
import { packSequences } from "./packed-sequences.js";
import type { Numbers, PartRunner } from "./part-runner.js";
import { Tape } from "./tape.js";

/** A tape of some sequences, with their data and noise. */
export function tapeOf(
  description: ChainElboMethods["description"],
  data: Dataset,
  chosen: Uint32Array,
  runner: PartRunner,
  totals: Readonly<Record<string, Numbers>>,
  { seed, step }: { readonly seed: number; readonly step: number },
  given: Readonly<Record<string, Numbers>>,
): Tape {
  const packed = packSequences(sequencesOf(data), chosen);
  const rows = packed.sources.length;
  const columns: Record<string, Numbers> = {};
  for (const [name, values] of Object.entries(data.columns)) {
    const width = data.widths[name];
    const into = runner.make(rows * width);
    for (let row = 0; row < rows; row++) {
      const from = packed.sources[row] * width;
      for (let i = 0; i < width; i++) into[row * width + i] = values[from + i];
    }
    columns[name] = into;
  }
  const tables: Record<string, Numbers> = { ...given, "step.counted": runner.make(rows).fill(1) };
  const noise = new NoiseTables(description, data.sizes, undefined, seed);
  const drawn = Object.fromEntries(
    Object.entries(noise.lengths(rows)).map(([name, length]) => [name, runner.make(length)]),
  );
  noise.fill(drawn, step);
  Object.assign(tables, drawn);
  return new Tape(description, data.sizes, packed, columns, data.widths, tables, runner, totals);
}

export function sequencesOf({ sequences }: Dataset): NonNullable<Dataset["sequences"]> {
  if (sequences === undefined) throw new Error("chain bound: the data are not of sequences");
  return sequences;
}
