import type { Maximiser } from "./maximiser.js";
import { eachCell, previousOf, priorAt, smallestPositive, statistic } from "./maximiser.js";

/**
 * rate = sum(w y) / sum(w); with a Gamma(a, b) prior (a - 1 + sum(w y)) / (b + sum(w)). Never below 1e-300: a rate of 0
 * would make every later count impossible.
 */
export const maximisePoisson: Maximiser = (input) => {
  const count = statistic(input, "count");
  const total = statistic(input, "total");
  const previous = previousOf(input, "rate");
  return {
    rate: eachCell(input, (cell) => {
      const prior = priorAt(input, "rate", cell);
      const weight = count[cell] + (prior?.argument("rate") ?? 0);
      if (!(weight > 0)) return previous[cell];
      const events = total[cell] + (prior === undefined ? 0 : prior.argument("shape") - 1);
      return Math.max(events / weight, smallestPositive);
    }),
  };
};
