import type { MaximisationInput } from "./maximiser.js";
import { eachCell, previousOf, priorAt } from "./maximiser.js";

/**
 * successes / trials; with a Beta(a, b) prior (a - 1 + successes) / (a + b - 2 + trials), kept in [0, 1]. Exactly 0
 * and 1 are allowed: impossible data then have density 0.
 */
export function maximiseSuccessProbability(
  input: MaximisationInput,
  successes: Float64Array,
  trials: Float64Array,
): Float64Array {
  const previous = previousOf(input, "probability");
  return eachCell(input, (cell) => {
    const prior = priorAt(input, "probability", cell);
    const yes = Math.max(0, successes[cell] + (prior === undefined ? 0 : prior.argument("alpha") - 1));
    const no = Math.max(0, trials[cell] - successes[cell] + (prior === undefined ? 0 : prior.argument("beta") - 1));
    return yes + no > 0 ? yes / (yes + no) : previous[cell];
  });
}
