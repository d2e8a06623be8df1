import { maximiseCategoryFrequencies } from "./category-frequencies.js";
import type { Maximiser } from "./maximiser.js";

/** probabilities = expected frequencies of the categories, or with a Dirichlet prior. */
export const maximiseCategorical: Maximiser = (input) => ({ probabilities: maximiseCategoryFrequencies(input) });
