import type { MaximisationInput } from "./maximiser.js";
import { previousOf, priorAt, statistic } from "./maximiser.js";

/**
 * probabilities = N[k] / sum N; with a Dirichlet(alpha) prior (N[k] + alpha[k] - 1)+ / their sum. Where all are 0, the
 * previous values.
 */
export function maximiseCategoryFrequencies(input: MaximisationInput): Float64Array {
  const { cells, width } = input;
  const occurrences = statistic(input, "occurrences");
  const probabilities = Float64Array.from(previousOf(input, "probabilities"));
  for (let cell = 0; cell < cells; cell++) {
    const frequencies = Float64Array.from({ length: width }, (_, k) => {
      // The vector of a cell is the parameter's own shape: the prior has one number, or one per category.
      const prior = priorAt(input, "probabilities", k);
      const excess = prior === undefined ? 0 : prior.argument("concentration") - 1;
      return Math.max(0, occurrences[cell * width + k] + excess);
    });
    const total = frequencies.reduce((sum, value) => sum + value, 0);
    if (!(total > 0)) continue;
    frequencies.forEach((value, k) => (probabilities[cell * width + k] = value / total));
  }
  return probabilities;
}
