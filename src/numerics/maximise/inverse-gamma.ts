import { gammaPrior } from "./gamma.js";
import { maximiseGammaShape } from "./gamma-shape.js";
import type { Maximiser } from "./maximiser.js";
import { previousOf, statistic } from "./maximiser.js";

/** Shape and scale: 1/y is Gamma(shape, rate = scale), so sum(w / y) and -sum(w log y) take the places of its totals. */
export const maximiseInverseGamma: Maximiser = (input) => {
  const count = statistic(input, "count");
  const inverseTotal = statistic(input, "inverseTotal");
  const logTotal = statistic(input, "logTotal");
  const shape = Float64Array.from(previousOf(input, "shape"));
  const scale = Float64Array.from(previousOf(input, "scale"));
  for (let cell = 0; cell < input.cells; cell++) {
    const statistics = { count: count[cell], total: inverseTotal[cell], logTotal: -logTotal[cell] };
    const priors = { shape: gammaPrior(input, "shape", cell), rate: gammaPrior(input, "scale", cell) };
    const best = maximiseGammaShape(statistics, priors);
    if (best === undefined) continue;
    shape[cell] = best.shape;
    scale[cell] = best.rate;
  }
  return { shape, scale };
};
