import { digamma, logGamma, trigamma } from "../special-functions.js";
import { gammaPrior } from "./gamma.js";
import type { GammaPrior } from "./gamma-shape.js";
import type { Maximiser } from "./maximiser.js";
import { largestShape, previousOf, smallestShape, statistic } from "./maximiser.js";

/** Weighted totals of values that are Beta(alpha, beta), and the priors. */
interface BetaProblem {
  readonly count: number;
  readonly logTotal: number;
  readonly complementLogTotal: number;
  readonly alphaPrior?: GammaPrior | undefined;
  readonly betaPrior?: GammaPrior | undefined;
}

/**
 * alpha and beta from sum(w), sum(w log y), sum(w log(1 - y)) by Newton with step halving: the objective is concave
 * and every accepted step raises it. Gamma priors on either.
 *
 * @source Minka 2000, "Estimating a Dirichlet distribution"
 */
export const maximiseBeta: Maximiser = (input) => {
  const count = statistic(input, "count");
  const logTotal = statistic(input, "logTotal");
  const complementLogTotal = statistic(input, "complementLogTotal");
  const alpha = Float64Array.from(previousOf(input, "alpha"));
  const beta = Float64Array.from(previousOf(input, "beta"));
  for (let cell = 0; cell < input.cells; cell++) {
    if (!(count[cell] > 0)) continue;
    const problem = {
      count: count[cell],
      logTotal: logTotal[cell],
      complementLogTotal: complementLogTotal[cell],
      alphaPrior: gammaPrior(input, "alpha", cell),
      betaPrior: gammaPrior(input, "beta", cell),
    };
    [alpha[cell], beta[cell]] = solve(problem, [alpha[cell], beta[cell]]);
  }
  return { alpha, beta };
};

function solve(problem: BetaProblem, previous: readonly [number, number]): readonly [number, number] {
  let [alpha, beta] = best(problem, [firstGuess(problem), [clamp(previous[0]), clamp(previous[1])], [1, 1]]);
  let value = objective(problem, alpha, beta);
  for (let iteration = 0; iteration < 50; iteration++) {
    const [stepAlpha, stepBeta] = newtonStep(problem, alpha, beta);
    let length = 1;
    let improved = false;
    for (let halving = 0; halving < 40; halving++, length *= 0.5) {
      // In logarithms, so that every trial is positive.
      const trialAlpha = clamp(alpha * Math.exp(length * stepAlpha));
      const trialBeta = clamp(beta * Math.exp(length * stepBeta));
      const trial = objective(problem, trialAlpha, trialBeta);
      if (trial >= value) {
        improved = trialAlpha !== alpha || trialBeta !== beta;
        [alpha, beta, value] = [trialAlpha, trialBeta, trial];
        break;
      }
    }
    if (!improved || Math.max(Math.abs(stepAlpha), Math.abs(stepBeta)) < 1e-13) break;
  }
  return [alpha, beta];
}

/** The guess of the geometric means: exact as both grow. */
function firstGuess({ count, logTotal, complementLogTotal }: BetaProblem): readonly [number, number] {
  const g1 = Math.exp(logTotal / count);
  const g2 = Math.exp(complementLogTotal / count);
  const spread = 2 * Math.max(1 - g1 - g2, 1e-16);
  return [clamp(0.5 + g1 / spread), clamp(0.5 + g2 / spread)];
}

function best(problem: BetaProblem, guesses: readonly (readonly [number, number])[]): readonly [number, number] {
  return guesses.reduce((kept, guess) => (objective(problem, ...guess) > objective(problem, ...kept) ? guess : kept));
}

function objective(problem: BetaProblem, alpha: number, beta: number): number {
  const { count, logTotal, complementLogTotal, alphaPrior, betaPrior } = problem;
  return (
    count * (logGamma(alpha + beta) - logGamma(alpha) - logGamma(beta)) +
    (alpha - 1) * logTotal +
    (beta - 1) * complementLogTotal +
    logPrior(alphaPrior, alpha) +
    logPrior(betaPrior, beta)
  );
}

function logPrior(prior: GammaPrior | undefined, x: number): number {
  return prior === undefined ? 0 : (prior.shape - 1) * Math.log(x) - prior.rate * x;
}

/** Newton's step in (log alpha, log beta); along the gradient where the Hessian there is not negative definite. */
function newtonStep(problem: BetaProblem, alpha: number, beta: number): readonly [number, number] {
  const { count, logTotal, complementLogTotal, alphaPrior, betaPrior } = problem;
  const slope = (x: number, total: number, prior: GammaPrior | undefined): number =>
    x * (count * (digamma(alpha + beta) - digamma(x)) + total) +
    (prior === undefined ? 0 : prior.shape - 1 - prior.rate * x);
  const gradientAlpha = slope(alpha, logTotal, alphaPrior);
  const gradientBeta = slope(beta, complementLogTotal, betaPrior);
  const shared = count * trigamma(alpha + beta);
  // d2/du2 for x = exp(u) is x^2 f'' + x f'.
  const bend = (x: number, gradient: number, prior: GammaPrior | undefined): number =>
    x * x * (shared - count * trigamma(x)) - (prior === undefined ? 0 : prior.shape - 1) + gradient;
  const a = bend(alpha, gradientAlpha, alphaPrior);
  const d = bend(beta, gradientBeta, betaPrior);
  const b = alpha * beta * shared;
  const determinant = a * d - b * b;
  if (a < 0 && determinant > 0) {
    return [
      limited(-(d * gradientAlpha - b * gradientBeta) / determinant),
      limited(-(a * gradientBeta - b * gradientAlpha) / determinant),
    ];
  }
  const size = Math.max(Math.abs(gradientAlpha), Math.abs(gradientBeta));
  return size > 0 ? [gradientAlpha / size, gradientBeta / size] : [0, 0];
}

/** At most a factor of 20 a step. */
function limited(step: number): number {
  return Math.min(3, Math.max(-3, step));
}

function clamp(x: number): number {
  return Number.isFinite(x) ? Math.min(largestShape, Math.max(smallestShape, x)) : 1;
}
