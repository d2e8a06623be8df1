/** Gain of one iteration in the mean objective, and whether it was a plain EM step (an accelerated one says nothing). */
export interface Gain {
  readonly value: number;
  readonly plain: boolean;
}

/** Gains below this, times 1 + |mean objective|, are rounding. */
const ROUNDING = 1e-14;

/** So many gains are looked back at: some ten cycles of the acceleration. */
export const REMEMBERED_GAINS = 30;

/**
 * Has EM arrived? Two gains of plain iterations in a row are at most tol (1 + |L|), and so is what would still be
 * gained if gains went on shrinking at the same rate (Aitken):
 *
 *     rate c = g2 / g1,   remaining = g2 c / (1 - c)
 *
 * A small gain alone is no sign: slow EM gains little for a long time. Nor is one fast shrinking: the first steps after an
 * extrapolation put right what it did to the fast directions. So the slowest rate of late is the one that counts. With a
 * tolerance of 0 nothing is the end.
 *
 * @param gains of the last iterations, latest last
 * @param mean objective per weighted row, L
 * @source Böhning et al. 1994, "The distribution of the likelihood ratio for mixtures", section 3
 */
export function hasConverged(gains: readonly Gain[], mean: number, tolerance: number): boolean {
  const last = gains.at(-1);
  const before = gains.at(-2);
  if (tolerance === 0) return false;
  if (last === undefined || before === undefined || !last.plain || !before.plain) return false;
  const scale = 1 + Math.abs(mean);
  const limit = tolerance * scale;
  if (Math.abs(last.value) > limit || Math.abs(before.value) > limit) return false;
  if (Math.abs(last.value) <= ROUNDING * scale) return true;
  const rate = last.value / before.value;
  if (!(rate > 0 && rate < 1)) return false;
  const slowest = Math.max(rate, ...earlierRates(gains));
  return (last.value * slowest) / (1 - slowest) <= limit;
}

function earlierRates(gains: readonly Gain[]): readonly number[] {
  return gains.slice(1, -1).flatMap(({ value, plain }, i) => {
    const rate = value / gains[i].value;
    return plain && gains[i].plain && rate > 0 && rate < 1 ? [rate] : [];
  });
}
