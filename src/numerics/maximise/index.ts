import { maximiseBernoulli } from "./bernoulli.js";
import { maximiseBeta } from "./beta.js";
import { maximiseBinomial } from "./binomial.js";
import { maximiseCategorical } from "./categorical.js";
import { maximiseExponential } from "./exponential.js";
import { maximiseGamma } from "./gamma.js";
import { maximiseInverseGamma } from "./inverse-gamma.js";
import type { Maximiser } from "./maximiser.js";
import { maximiseMultinomial } from "./multinomial.js";
import { maximiseNegativeBinomial } from "./negative-binomial.js";
import { maximisePoisson } from "./poisson.js";
import { maximiseVonMises } from "./von-mises.js";

/** Names of the closed-form updates, as `ClosedMaximisation.rule` writes them. */
export type RuleName =
  | "bernoulli"
  | "beta"
  | "binomial"
  | "categorical"
  | "exponential"
  | "gamma"
  | "inverse-gamma"
  | "multinomial"
  | "negative-binomial"
  | "poisson"
  | "von-mises";

/** Every closed-form update of a family with sufficient statistics. */
export const maximisers: Readonly<Record<RuleName, Maximiser>> = {
  bernoulli: maximiseBernoulli,
  beta: maximiseBeta,
  binomial: maximiseBinomial,
  categorical: maximiseCategorical,
  exponential: maximiseExponential,
  gamma: maximiseGamma,
  "inverse-gamma": maximiseInverseGamma,
  multinomial: maximiseMultinomial,
  "negative-binomial": maximiseNegativeBinomial,
  poisson: maximisePoisson,
  "von-mises": maximiseVonMises,
};

export type { MaximisationInput, Maximiser, PriorArguments } from "./maximiser.js";
