/**
 * Root of a decreasing function between two positive bounds: Newton in the logarithm of the argument, with bisection
 * where Newton leaves the bracket or is slow. Where there is no sign change, the bound nearer to the root.
 *
 * @param evaluate value and derivative at x
 * @param start first guess; ignored outside the bounds
 * @source Press et al. 2007, section 9.4 (rtsafe)
 */
export function rootOfDecreasing(
  evaluate: (x: number) => { readonly value: number; readonly derivative: number },
  lower: number,
  upper: number,
  start: number,
  iterations = 100,
): number {
  if (!(evaluate(lower).value > 0)) return lower;
  if (!(evaluate(upper).value < 0)) return upper;
  let below = Math.log(lower);
  let above = Math.log(upper);
  let at = start > lower && start < upper ? Math.log(start) : 0.5 * (below + above);
  let lastStep = above - below;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const x = Math.exp(at);
    const { value, derivative } = evaluate(x);
    if (value === 0) return x;
    if (value > 0) below = at;
    else above = at;
    const step = -value / (derivative * x);
    const useNewton = at + step > below && at + step < above && Math.abs(step) < 0.5 * Math.abs(lastStep);
    const next = useNewton ? at + step : 0.5 * (below + above);
    lastStep = next - at;
    if (Math.abs(lastStep) <= 4e-16 * Math.max(1, Math.abs(at))) return Math.exp(next);
    at = next;
  }
  return Math.exp(at);
}
