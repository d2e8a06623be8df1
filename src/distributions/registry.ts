import type { DistributionName } from "../ir/distribution-name.js";
import type { Distribution } from "./distribution.js";
import { bernoulli } from "./bernoulli.js";
import { beta } from "./beta.js";
import { binomial } from "./binomial.js";
import { categorical } from "./categorical.js";
import { dirichlet } from "./dirichlet.js";
import { exponential } from "./exponential.js";
import { gamma } from "./gamma.js";
import { invGamma } from "./inv-gamma.js";
import { invWishart } from "./inv-wishart.js";
import { laplace } from "./laplace.js";
import { logNormal } from "./log-normal.js";
import { multinomial } from "./multinomial.js";
import { negativeBinomial } from "./negative-binomial.js";
import { normal } from "./normal.js";
import { poisson } from "./poisson.js";
import { studentT } from "./student-t.js";
import { uniform } from "./uniform.js";
import { vonMises } from "./von-mises.js";
import { wishart } from "./wishart.js";

/** Every family of the language, by name. */
export const distributions: Readonly<Record<DistributionName, Distribution>> = {
  Normal: normal,
  StudentT: studentT,
  Laplace: laplace,
  LogNormal: logNormal,
  Gamma: gamma,
  InvGamma: invGamma,
  Exponential: exponential,
  Beta: beta,
  Uniform: uniform,
  Poisson: poisson,
  NegativeBinomial: negativeBinomial,
  Bernoulli: bernoulli,
  Binomial: binomial,
  Categorical: categorical,
  Multinomial: multinomial,
  Dirichlet: dirichlet,
  VonMises: vonMises,
  Wishart: wishart,
  InvWishart: invWishart,
};
