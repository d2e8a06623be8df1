import { erf, logGamma } from "./special-functions.js";

/** Members of a mixture of one number; weights add up to 1. */
export interface MixtureMember {
  readonly weight: number;
  readonly mean: number;
}

/** Deviations beyond which a normal has no weight that a double could show. */
const FAR = 40;

/**
 * The value below which a part of a mixture of normals lies: sum_i w_i Phi((q - m_i) / s_i) = portion. Bisection, with
 * Newton's step where it stays in the bracket.
 *
 * @param members `deviation` 0: all of the member's weight is at its mean
 * @param portion between 0 and 1
 */
export function normalMixtureQuantile(
  members: readonly (MixtureMember & { readonly deviation: number })[],
  portion: number,
): number {
  let [below, above] = [Infinity, -Infinity];
  for (const { weight, mean, deviation } of members) {
    if (weight <= 0) continue;
    below = Math.min(below, mean - FAR * deviation);
    above = Math.max(above, mean + FAR * deviation);
  }
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  let at = 0.5 * (below + above);
  for (let iteration = 0; iteration < 200 && below < above; iteration++) {
    let [mass, density] = [0, 0];
    for (const { weight, mean, deviation } of members) {
      if (deviation > 0) {
        const z = (at - mean) / deviation;
        mass += weight * 0.5 * (1 + erf(z / Math.SQRT2));
        density += (weight * Math.exp(-0.5 * z * z)) / (deviation * Math.sqrt(2 * Math.PI));
      } else if (at >= mean) mass += weight;
    }
    const excess = mass / total - portion;
    if (excess < 0) below = at;
    else above = at;
    const newton = at - (excess * total) / density;
    const next = newton > below && newton < above ? newton : 0.5 * (below + above);
    if (Math.abs(next - at) <= 1e-15 * Math.abs(next)) return next;
    at = next;
  }
  return at;
}

/** The least count that at least a part of a mixture of Poisson distributions does not exceed. */
export function poissonMixtureQuantile(members: readonly MixtureMember[], portion: number): number {
  const positive = members.filter(({ weight }) => weight > 0);
  const total = positive.reduce((sum, { weight }) => sum + weight, 0);
  const least = Math.min(...positive.map(({ mean }) => mean));
  // Below this there is less than a double could show.
  let count = Math.max(0, Math.floor(least - FAR * Math.sqrt(least) - 1));
  let mass = 0;
  for (;;) {
    for (const { weight, mean } of positive) {
      const log = mean > 0 ? count * Math.log(mean) - mean - logGamma(count + 1) : count === 0 ? 0 : -Infinity;
      mass += (weight / total) * Math.exp(log);
    }
    // Rounding may keep the sum of all below a portion close to 1.
    if (mass >= portion || mass >= 1 - 1e-12) return count;
    count++;
  }
}
