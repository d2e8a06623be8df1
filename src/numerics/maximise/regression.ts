import { updateCoefficients } from "./regression/coefficients.js";
import { viewCovariance } from "./regression/covariance-view.js";
import { updateCovariances } from "./regression/covariances.js";
import { updateDegreesOfFreedom } from "./regression/degrees-of-freedom.js";
import type { RegressionProblem, RegressionSettings, RegressionStatistics } from "./regression/problem.js";

/**
 * One maximisation of a linear regression with Normal (or Student-t) errors, by conditional steps: the coefficients
 * given the previous covariances, then the covariances given the new coefficients, and the degrees of freedom. Each
 * step maximises the expected log density plus log priors, so the whole never lowers it.
 *
 * @returns new values of the coefficients, of the learned covariance, and of the degrees of freedom, by parameter
 * @source Meng and Rubin 1993, "Maximum likelihood estimation via the ECM algorithm"
 */
export function maximiseRegression(
  problem: RegressionProblem,
  statistics: RegressionStatistics,
  previous: Readonly<Record<string, Float64Array>>,
  settings: RegressionSettings = {},
): Record<string, Float64Array> {
  const covariance = viewCovariance(problem, previous);
  const coefficients = updateCoefficients(problem, statistics, covariance, previous, settings);
  return {
    ...coefficients.values,
    ...updateCovariances(problem, statistics, coefficients, previous, settings),
    ...updateDegreesOfFreedom(problem, statistics, previous, settings),
  };
}

export type {
  CovarianceStructure,
  RegressionBlock,
  RegressionCovariance,
  RegressionProblem,
  RegressionSettings,
  RegressionStatistics,
  RegressionWarning,
} from "./regression/problem.js";
