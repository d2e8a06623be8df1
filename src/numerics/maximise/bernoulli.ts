import type { Maximiser } from "./maximiser.js";
import { statistic } from "./maximiser.js";
import { maximiseSuccessProbability } from "./success-probability.js";

/** probability = sum(w y) / sum(w), or with a Beta prior. */
export const maximiseBernoulli: Maximiser = (input) => ({
  probability: maximiseSuccessProbability(input, statistic(input, "total"), statistic(input, "count")),
});
