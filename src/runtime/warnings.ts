/** Something the user should know of a fit that did not fail. */
export interface FitWarning {
  readonly code: `GEN5${string}`;
  readonly message: string;
}

/** The wording of every warning of a fit; the long texts are in docs/diagnostics/. */
export const warnings = {
  notConverged: (iterations: number, gain: number): FitWarning => ({
    code: "GEN5001",
    message:
      `Not converged after ${iterations} iterations: the last gained ${gain.toExponential(1)} per row. ` +
      "Raise `maxIterations`, or accept a larger `tolerance`.",
  }),
  componentReseeded: (latent: string, value: number, iteration: number): FitWarning => ({
    code: "GEN5002",
    message:
      `Value ${value} of \`${latent}\` had lost all its rows in iteration ${iteration} and was started again ` +
      "at the row that the model explains worst.",
  }),
  covarianceAtRidge: (parameter: string, cell: number | undefined): FitWarning => ({
    code: "GEN5003",
    message:
      `\`${parameter}\`${cellText(cell)} is as narrow as the ridge allows: the data has no spread in some direction. ` +
      "Its log-likelihood depends on the ridge; use fewer components or a simpler covariance.",
  }),
  constantColumn: (variable: string, entries: readonly number[], single: boolean): FitWarning => ({
    code: "GEN5004",
    message: single
      ? `\`${variable}\` is the same in every row: it says nothing about the parameters.`
      : `Entr${entries.length === 1 ? "y" : "ies"} ${entries.join(", ")} of \`${variable}\` ${
          entries.length === 1 ? "is" : "are"
        } the same in every row.`,
  }),
  missingColumn: (variable: string, entries: readonly number[], single: boolean): FitWarning => ({
    code: "GEN5016",
    message: single
      ? `\`${variable}\` is missing in every row: nothing is learned of it from the data.`
      : `Entr${entries.length === 1 ? "y" : "ies"} ${entries.join(", ")} of \`${variable}\` ${
          entries.length === 1 ? "is" : "are"
        } missing in every row: nothing is learned of ${entries.length === 1 ? "it" : "them"} from the data.`,
  }),
  fewRows: (rows: number, parameters: number): FitWarning => ({
    code: "GEN5005",
    message: `${rows} rows for ${parameters} free parameters: the fit will follow chance. Use a smaller model or priors.`,
  }),
  objectiveDiffers: (parts: string): FitWarning => ({
    code: "GEN5006",
    message: `The objective in the trace is the log-likelihood plus ${parts}; \`logLikelihood\` is without.`,
  }),
  objectiveFell: (iteration: number, drop: number): FitWarning => ({
    code: "GEN5007",
    message:
      `The objective fell by ${drop.toExponential(1)} per row in iteration ${iteration}, where EM must not lower it. ` +
      "The best parameters met are returned. Rescaling the data may help.",
  }),
  restartFailed: (restart: number, reason: string): FitWarning => ({
    code: "GEN5008",
    message: `Restart ${restart} was given up: ${reason}`,
  }),
  estimatedLogLikelihood: (): FitWarning => ({
    code: "GEN5018",
    message:
      "The rows could be read once only: the log-likelihood is the sum over batches, each at the parameters that it was " +
      "met with, and the final parameters are likely to be better.",
  }),
  interrupted: (iterations: number): FitWarning => ({
    code: "GEN5009",
    message: `Interrupted after ${iterations} iterations; these are the best parameters so far.`,
  }),
  ridgeWithoutEffect: (): FitWarning => ({
    code: "GEN5010",
    message: "`ridge` has no effect: the model learns no covariance in closed form.",
  }),
  emptyComponents: (latent: string, values: readonly number[]): FitWarning => ({
    code: "GEN5011",
    message:
      `Value${values.length === 1 ? "" : "s"} ${values.join(", ")} of \`${latent}\` ${values.length === 1 ? "is" : "are"} ` +
      "left with hardly any rows. A smaller number of values may do.",
  }),
  equalComponents: (size: string, first: number, second: number): FitWarning => ({
    code: "GEN5012",
    message: `Components ${first} and ${second} of ${size} are the same: ${size} may be larger than the data supports.`,
  }),
  moreComponentsThanRows: (latent: string, values: number, rows: number): FitWarning => ({
    code: "GEN5013",
    message: `\`${latent}\` has ${values} values, but there are only ${rows} rows to tell them apart.`,
  }),
  undeterminedCoefficients: (detail: string): FitWarning => ({
    code: "GEN5014",
    message: `Regressors are collinear: ${detail}. The smallest change of the coefficients was taken.`,
  }),
  varianceNearZero: (parameter: string, cell: number | undefined): FitWarning => ({
    code: "GEN5019",
    message:
      `\`${parameter}\`${cellText(cell)} has gone towards 0: Gaussian latents reproduce a column, or have no spread of their ` +
      "own. Use fewer of them, or a prior on the variance.",
  }),
  collapsedDraws: (covered: number, groups: number, spread: number): FitWarning => ({
    code: "GEN5020",
    message:
      `The draws have collapsed: they reach ${covered} of ${groups} groups of the data, and lie ${spread.toPrecision(2)} ` +
      "times as far from each other as the data do. Try `loss: wasserstein, gp: 10`, more `critic_steps`, a smaller rate " +
      "of the generator, or more noise.",
  }),
  deadCritic: (): FitWarning => ({
    code: "GEN5021",
    message:
      "The critic is dead: it gives data and draws the same value, and the generator learns nothing from it. Try `lrelu` " +
      "in place of `relu`, a smaller rate, or another seed.",
  }),
  certainCritic: (): FitWarning => ({
    code: "GEN5022",
    message:
      "The critic tells all draws from the data and is sure of it: what it gives the generator to learn from is next to " +
      "nothing. Try `r1: 1` or `spectral: 1`, a smaller `critic_rate`, or `loss: wasserstein, gp: 10`.",
  }),
  singularCovariance: (detail: string): FitWarning => ({
    code: "GEN5015",
    message: `A covariance was kept as it was in an iteration: ${detail}. A larger ridge avoids this.`,
  }),
} as const;

function cellText(cell: number | undefined): string {
  return cell === undefined ? "" : ` of component ${cell}`;
}
