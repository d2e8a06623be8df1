import type { ModelDescription } from "../runtime/description.js";

/** What a trainer's log-likelihood is: "exact", "elbo" where it is a lower bound, or the approximation that was asked for. */
export function likelihoodKind({ approximation, variational }: ModelDescription): string {
  return variational === undefined ? (approximation ?? "exact") : "elbo";
}
