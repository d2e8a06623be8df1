import { maximiseCategoryFrequencies } from "./category-frequencies.js";
import type { Maximiser } from "./maximiser.js";

/** probabilities = expected frequencies over all trials, or with a Dirichlet prior. */
export const maximiseMultinomial: Maximiser = (input) => ({ probabilities: maximiseCategoryFrequencies(input) });
