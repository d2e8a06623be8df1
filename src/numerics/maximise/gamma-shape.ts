import { rootOfDecreasing } from "../root.js";
import { logMinusDigamma, trigamma } from "../special-functions.js";
import { largestShape, smallestPositive, smallestShape } from "./maximiser.js";

/** Weighted totals of values that are Gamma(shape, rate). */
export interface GammaStatistics {
  readonly count: number;
  readonly total: number;
  readonly logTotal: number;
}

/** A Gamma(shape, rate) prior on a shape or a rate. */
export interface GammaPrior {
  readonly shape: number;
  readonly rate: number;
}

/**
 * Maximises count (shape log rate - logGamma shape) + (shape - 1) logTotal - rate total + log priors.
 *
 * The rate is (A - 1 + count shape) / (B + total) for any shape, with a Gamma(A, B) prior on the rate or A = 1, B = 0;
 * put back, the shape is the root of a decreasing function of one variable.
 *
 * @returns undefined where neither the data nor the priors determine the values
 * @source Minka 2002, "Estimating a Gamma distribution"
 */
export function maximiseGammaShape(
  statistics: GammaStatistics,
  priors: { readonly shape?: GammaPrior | undefined; readonly rate?: GammaPrior | undefined } = {},
): { readonly shape: number; readonly rate: number } | undefined {
  const { count, total, logTotal } = statistics;
  const rateExcess = (priors.rate?.shape ?? 1) - 1;
  const exposure = total + (priors.rate?.rate ?? 0);
  const shapeExcess = (priors.shape?.shape ?? 1) - 1;
  const shapePenalty = priors.shape?.rate ?? 0;
  const rateAt = (shape: number): number => Math.max((rateExcess + count * shape) / exposure, smallestPositive);

  if (!(count > 0)) {
    if (priors.shape === undefined || priors.rate === undefined) return undefined;
    return { shape: clampShape(shapeExcess / shapePenalty), rate: rateAt(0) };
  }
  if (!(exposure > 0)) return undefined;

  const slope = (shape: number): { value: number; derivative: number } => {
    // log rate - digamma(shape), arranged so that the two large logarithms cancel before they are subtracted.
    const ratio = (count + rateExcess / shape) / exposure;
    const value =
      count * (logMinusDigamma(shape) + Math.log(Math.max(ratio, smallestPositive))) +
      logTotal +
      shapeExcess / shape -
      shapePenalty;
    const derivative =
      (count * count) / Math.max(rateExcess + count * shape, smallestPositive) -
      count * trigamma(shape) -
      shapeExcess / (shape * shape);
    return { value, derivative };
  };
  const lower = Math.max(smallestShape, rateExcess < 0 ? (-rateExcess / count) * (1 + 1e-9) : 0);
  const spread = Math.log(total / count) - logTotal / count;
  const shape = rootOfDecreasing(slope, lower, largestShape, 0.5 / spread);
  return { shape, rate: rateAt(shape) };
}

function clampShape(shape: number): number {
  return Math.min(largestShape, Math.max(smallestShape, shape));
}
