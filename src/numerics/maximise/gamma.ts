import type { GammaPrior } from "./gamma-shape.js";
import { maximiseGammaShape } from "./gamma-shape.js";
import type { MaximisationInput, Maximiser } from "./maximiser.js";
import { previousOf, priorAt, statistic } from "./maximiser.js";

/** Shape and rate from sum(w), sum(w y), sum(w log y); Gamma priors on either. */
export const maximiseGamma: Maximiser = (input) => {
  const count = statistic(input, "count");
  const total = statistic(input, "total");
  const logTotal = statistic(input, "logTotal");
  const shape = Float64Array.from(previousOf(input, "shape"));
  const rate = Float64Array.from(previousOf(input, "rate"));
  for (let cell = 0; cell < input.cells; cell++) {
    const statistics = { count: count[cell], total: total[cell], logTotal: logTotal[cell] };
    const priors = { shape: gammaPrior(input, "shape", cell), rate: gammaPrior(input, "rate", cell) };
    const best = maximiseGammaShape(statistics, priors);
    if (best === undefined) continue;
    shape[cell] = best.shape;
    rate[cell] = best.rate;
  }
  return { shape, rate };
};

/** The Gamma prior of a slot in a cell. */
export function gammaPrior(input: MaximisationInput, slot: string, cell: number): GammaPrior | undefined {
  const prior = priorAt(input, slot, cell);
  return prior === undefined ? undefined : { shape: prior.argument("shape"), rate: prior.argument("rate") };
}
