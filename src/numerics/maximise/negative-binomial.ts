import { maximiseGammaShape } from "./gamma-shape.js";
import type { Maximiser } from "./maximiser.js";
import { previousOf, smallestPositive, statistic } from "./maximiser.js";

/**
 * mean = sum(w y) / sum(w); shape = that of the Gamma rates, from their expected totals and log totals.
 *
 * The parameter-expanded step: a free factor between rate and count takes up the difference of the two means, so that
 * the mean is exact at once and the shape's update is unchanged. Monotone in the likelihood like EM.
 *
 * @source Liu, Rubin and Wu 1998, "Parameter expansion to accelerate EM: the PX-EM algorithm"
 */
export const maximiseNegativeBinomial: Maximiser = (input) => {
  const count = statistic(input, "count");
  const total = statistic(input, "total");
  const rateTotal = statistic(input, "rateTotal");
  const logRateTotal = statistic(input, "logRateTotal");
  const mean = Float64Array.from(previousOf(input, "mean"));
  const shape = Float64Array.from(previousOf(input, "shape"));
  for (let cell = 0; cell < input.cells; cell++) {
    if (!(count[cell] > 0)) continue;
    mean[cell] = Math.max(total[cell] / count[cell], smallestPositive);
    const best = maximiseGammaShape({ count: count[cell], total: rateTotal[cell], logTotal: logRateTotal[cell] });
    if (best !== undefined) shape[cell] = best.shape;
  }
  return { mean, shape };
};
