/** Every family of the language. A new one is a line here, a file in `src/distributions/`, a line in its registry. */
export const distributionNames = [
  "Normal",
  "StudentT",
  "Laplace",
  "LogNormal",
  "Gamma",
  "InvGamma",
  "Exponential",
  "Beta",
  "Uniform",
  "Poisson",
  "NegativeBinomial",
  "Bernoulli",
  "Binomial",
  "Categorical",
  "Multinomial",
  "Dirichlet",
  "VonMises",
  "Wishart",
  "InvWishart",
] as const;

export type DistributionName = (typeof distributionNames)[number];
