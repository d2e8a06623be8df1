import {
  add,
  addVectors,
  apply,
  differ,
  dot,
  identity,
  invert,
  type Matrix,
  multiply,
  outer,
  subtract,
  transpose,
  zero,
} from "./small-matrices.js";

/**
 * EM for the noise of a linear Gaussian state space in the moment form of the textbooks: Kalman filter, fixed-interval
 * smoother, lag-one covariances. Slow and plain; it shares no code with what is tested.
 *
 *     x[0] ~ Normal(m0, V0),   x[t] ~ Normal(A x[t-1] + b[t], Q),   y[t] ~ Normal(C x[t] + d, R)
 *
 * @source Shumway and Stoffer 1982, "An approach to time series smoothing and forecasting using the EM algorithm"; 2017,
 * "Time Series Analysis and Its Applications", section 6.3 (initial mean and covariance known)
 */
export interface StateSpace {
  readonly A: Matrix;
  readonly C: Matrix;
  readonly Q: Matrix;
  readonly R: Matrix;
  readonly m0: readonly number[];
  readonly V0: Matrix;
  /** Of every step; the first is not used. */
  readonly b?: readonly (readonly number[])[];
  readonly d?: readonly number[];
}

/** Log-likelihood at the parameters, and the next Q and R: full, or diagonal. A missing step is `null` as a whole. */
export function noiseStep(
  sequences: readonly (readonly (readonly number[] | null)[])[],
  model: StateSpace,
  diagonal: { readonly Q: boolean; readonly R: boolean },
): { readonly logLikelihood: number; readonly Q: Matrix; readonly R: Matrix } {
  const { A, C, Q, R } = model;
  const [D, P] = [A.length, C.length];
  let logLikelihood = 0;
  let [moves, sights] = [0, 0];
  let [sumQ, sumR] = [zero(D, D), zero(P, P)];
  for (const y of sequences) {
    const shift = (t: number): readonly number[] => model.b?.[t] ?? A.map(() => 0);
    const offset = model.d ?? C.map(() => 0);
    const predicted: { m: readonly number[]; V: Matrix }[] = [];
    const filtered: { m: readonly number[]; V: Matrix }[] = [];
    let lastGain: Matrix = zero(D, P);
    for (const [t, seen] of y.entries()) {
      const before = filtered[t - 1];
      const m = before === undefined ? model.m0 : addVectors(apply(A, before.m), shift(t));
      const V = before === undefined ? model.V0 : add(multiply(multiply(A, before.V), transpose(A)), Q);
      predicted.push({ m, V });
      if (seen === null) {
        filtered.push({ m, V });
        lastGain = zero(D, P);
        continue;
      }
      const S = add(multiply(multiply(C, V), transpose(C)), R);
      const { inverse, logDeterminant } = invert(S);
      const e = seen.map((value, i) => value - apply(C, m)[i]! - offset[i]!);
      logLikelihood -= 0.5 * (P * Math.log(2 * Math.PI) + logDeterminant + dot(e, apply(inverse, e)));
      lastGain = multiply(multiply(V, transpose(C)), inverse);
      filtered.push({ m: addVectors(m, apply(lastGain, e)), V: subtract(V, multiply(multiply(lastGain, C), V)) });
    }
    const T = y.length;
    const smoothed = [...filtered];
    const J: Matrix[] = [];
    for (let t = T - 2; t >= 0; t--) {
      J[t] = multiply(multiply(filtered[t]!.V, transpose(A)), invert(predicted[t + 1]!.V).inverse);
      const m = addVectors(filtered[t]!.m, apply(J[t]!, differ(smoothed[t + 1]!.m, predicted[t + 1]!.m)));
      const dV = subtract(smoothed[t + 1]!.V, predicted[t + 1]!.V);
      smoothed[t] = { m, V: add(filtered[t]!.V, multiply(multiply(J[t]!, dV), transpose(J[t]!))) };
    }
    // Covariance of x[t] and x[t-1], by the recursion of (6.55)-(6.56).
    const lagged: Matrix[] = [];
    if (T > 1) lagged[T - 1] = multiply(multiply(subtract(identity(D), multiply(lastGain, C)), A), filtered[T - 2]!.V);
    for (let t = T - 2; t >= 1; t--) {
      const inner = subtract(lagged[t + 1]!, multiply(A, filtered[t]!.V));
      lagged[t] = add(
        multiply(filtered[t]!.V, transpose(J[t - 1]!)),
        multiply(multiply(J[t]!, inner), transpose(J[t - 1]!)),
      );
    }
    for (let t = 1; t < T; t++) {
      const [now, then] = [smoothed[t]!, smoothed[t - 1]!];
      const e = differ(differ(now.m, apply(A, then.m)), shift(t));
      const cross = multiply(A, transpose(lagged[t]!));
      const spread = subtract(add(now.V, multiply(multiply(A, then.V), transpose(A))), add(cross, transpose(cross)));
      sumQ = add(sumQ, add(outer(e, e), spread));
      moves++;
    }
    for (const [t, seen] of y.entries()) {
      if (seen === null) continue;
      const e = differ(differ(seen, apply(C, smoothed[t]!.m)), offset);
      sumR = add(sumR, add(outer(e, e), multiply(multiply(C, smoothed[t]!.V), transpose(C))));
      sights++;
    }
  }
  const scaled = (sum: Matrix, count: number, only: boolean): Matrix =>
    sum.map((row, i) => row.map((value, j) => (only && i !== j ? 0 : value / count)));
  return { logLikelihood, Q: scaled(sumQ, moves, diagonal.Q), R: scaled(sumR, sights, diagonal.R) };
}
