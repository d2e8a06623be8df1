/** Where the accelerated iteration stands; plain data, so that a checkpoint can hold it. */
export interface SquaremState {
  /**
   * first: the next step is the plain step from `origin` · second: then the extrapolation · settle: a plain step from
   * the extrapolated point.
   */
  readonly phase: "first" | "second" | "settle";
  /** Unconstrained coordinates of the point from which the cycle began; in phase "second". */
  readonly origin?: readonly number[];
  /** Longest step tried; grows while long steps work. */
  readonly longest: number;
}

export const initialSquarem: SquaremState = { phase: "first", longest: 4 };
const STEP_FACTOR = 4;

/**
 * Extrapolates two EM steps, x0 -> x1 -> x2, in unconstrained coordinates:
 *
 *     r = x1 - x0,   v = (x2 - x1) - r,   a = |r| / |v|,   x = x0 + 2 a r + a^2 v
 *
 * With a = 1 that is x2 itself; a is kept between 1 and `longest`.
 *
 * @returns the point and its step length; undefined where the steps vanish or are not finite
 * @source Varadhan and Roland 2008, "Simple and globally convergent methods for accelerating the convergence of any EM
 * algorithm", scheme S3
 */
export function extrapolate(
  x0: ArrayLike<number>,
  x1: Float64Array,
  x2: Float64Array,
  longest: number,
): { readonly point: Float64Array; readonly step: number } | undefined {
  let rr = 0;
  let vv = 0;
  for (let i = 0; i < x1.length; i++) {
    const r = x1[i] - x0[i];
    const v = x2[i] - x1[i] - r;
    rr += r * r;
    vv += v * v;
  }
  if (!(rr > 0) || !(vv > 0) || !Number.isFinite(rr + vv)) return undefined;
  const step = Math.min(longest, Math.max(1, Math.sqrt(rr / vv)));
  const point = new Float64Array(x1.length);
  for (let i = 0; i < point.length; i++) {
    const r = x1[i] - x0[i];
    const v = x2[i] - x1[i] - r;
    point[i] = x0[i] + 2 * step * r + step * step * v;
  }
  return { point, step };
}

/** The bound on the step after an extrapolation: wider after a success at the bound, narrower after a failure. */
export function nextLongest(longest: number, step: number, accepted: boolean): number {
  if (!accepted) return Math.max(1, longest / STEP_FACTOR);
  return step >= longest ? longest * STEP_FACTOR : longest;
}
