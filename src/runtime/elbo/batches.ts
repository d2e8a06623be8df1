import type { ParameterDescription, VariableDescription } from "../description.js";
import type { Dataset } from "../data/dataset.js";
import { entryMoments } from "../data/variance.js";
import { OptionError } from "../errors.js";
import { boundShape, product } from "../extents.js";
import { RandomStream } from "../../numerics/random.js";
import { resampleRow, rowKey } from "./grey-values.js";
import type { DataMoments } from "./initial-parameters.js";
import type { BatchBuffers } from "./learner.js";
import type { ResolvedStepOptions } from "./step-options.js";

/** A spread of the decoder is kept above this part of the data's variance: below it the bound rewards single points. */
const spreadFloor = 1e-4;

/** Copies the rows of a batch to where the learner reads them. */
export class BatchWriter {
  private readonly resampled: ReadonlySet<string>;

  constructor(
    private readonly data: Dataset,
    variables: readonly VariableDescription[],
    private readonly options: Pick<ResolvedStepOptions, "binarize" | "seed">,
  ) {
    this.resampled = new Set(
      options.binarize === "resample"
        ? variables.filter(({ domain, role }) => domain === "binary" && role !== "latent").map(({ name }) => name)
        : [],
    );
  }

  write(rows: Uint32Array, epoch: number, buffers: BatchBuffers): void {
    for (const [name, into] of Object.entries(buffers.data)) {
      const width = this.data.widths[name];
      const values = this.data.columns[name];
      const isResampled = this.resampled.has(name);
      for (let i = 0; i < rows.length; i++) {
        const from = rows[i] * width;
        if (isResampled) {
          const row = this.data.rowNumbers?.[rows[i]] ?? rows[i];
          resampleRow(values, from, width, into, i * width, rowKey(this.options.seed, row, epoch));
        } else {
          // Numbers of another type: `set` takes several times as long.
          const to = i * width;
          for (let j = 0; j < width; j++) into[to + j] = values[from + j];
        }
      }
    }
  }
}

export function heldOutRows(rows: number, fraction: number, seed: number): Uint8Array {
  const held = new Uint8Array(rows);
  if (fraction === 0) return held;
  const count = Math.round(fraction * rows);
  if (count < 1 || count >= rows)
    throw new OptionError("holdout", "a part that leaves rows on both sides", `${fraction} of ${rows} rows`);
  const order = shuffledRows(rows, seed, 0, "holdout");
  for (let i = 0; i < count; i++) held[order[i]] = 1;
  return held;
}

/** @source Fisher and Yates; Durstenfeld 1964 */
export function shuffledRows(rows: number, seed: number, epoch: number, site = "shuffle"): Uint32Array {
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  const stream = new RandomStream({ seed, site, step: epoch });
  for (let i = rows - 1; i > 0; i--) {
    const j = Math.floor(stream.uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

export function warmth(epoch: number, warmup: number): number {
  return warmup === 0 ? 1 : Math.min(1, epoch / warmup);
}

export function rateAt(
  { learningRate, schedule }: Pick<ResolvedStepOptions, "learningRate" | "schedule">,
  progress: number,
): number {
  switch (schedule) {
    case "constant":
      return learningRate;
    case "cosine":
      return learningRate * 0.5 * (1 + Math.cos(Math.PI * progress));
    case "linear":
      return learningRate * (1 - progress);
  }
}

export function dataMoments(variables: readonly VariableDescription[], data: Dataset): DataMoments {
  const moments: Record<string, { mean: Float64Array; variance: Float64Array }> = {};
  for (const variable of variables) {
    if (variable.role !== "observed" || variable.domain !== "real") continue;
    const event = product(boundShape(variable.event, data.sizes));
    moments[variable.name] = entryMoments(data.columns[variable.name], event, data.widths[variable.name], data.weights);
  }
  return moments;
}

export function spreadFloors(
  parameters: readonly ParameterDescription[],
  moments: DataMoments,
): Readonly<Record<string, Float64Array>> {
  const floors: Record<string, Float64Array> = {};
  for (const { name, startScale, domain } of parameters) {
    const known = startScale === undefined ? undefined : moments[startScale.variable];
    if (known === undefined || startScale?.as === "location" || domain === "covariance.full") continue;
    if (domain === "covariance.lowRank") continue;
    const least = known.variance.map((variance) =>
      startScale?.as === "deviation" ? Math.sqrt(spreadFloor * variance) : spreadFloor * variance,
    );
    floors[name] = domain === "covariance.diagonal" ? least : Float64Array.of(Math.min(...least));
  }
  return floors;
}
