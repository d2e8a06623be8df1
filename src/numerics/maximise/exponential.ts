import type { Maximiser } from "./maximiser.js";
import { eachCell, previousOf, priorAt, smallestPositive, statistic } from "./maximiser.js";

/** rate = sum(w) / sum(w y); with a Gamma(a, b) prior (a - 1 + sum(w)) / (b + sum(w y)). */
export const maximiseExponential: Maximiser = (input) => {
  const count = statistic(input, "count");
  const total = statistic(input, "total");
  const previous = previousOf(input, "rate");
  return {
    rate: eachCell(input, (cell) => {
      const prior = priorAt(input, "rate", cell);
      const events = count[cell] + (prior === undefined ? 0 : prior.argument("shape") - 1);
      const exposure = total[cell] + (prior?.argument("rate") ?? 0);
      if (prior === undefined && !(count[cell] > 0)) return previous[cell];
      if (!(exposure > 0)) return previous[cell];
      return Math.max(events / exposure, smallestPositive);
    }),
  };
};
