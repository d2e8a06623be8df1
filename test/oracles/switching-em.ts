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
  scaled,
  subtract,
  transpose,
  zero,
} from "./small-matrices.js";

/**
 * Learning of a switching state space by the textbooks, in moment form; it shares no code with what is tested.
 *
 *     k[t] ~ transition[k[t-1]],   x[t] ~ Normal(A[k] x[t-1] + b[k], Q[k]),   y[t] ~ Normal(C x[t], R)
 */
export interface Switching {
  readonly initial: readonly number[];
  readonly transition: Matrix;
  readonly A: readonly Matrix[];
  readonly b: Matrix;
  readonly Q: readonly Matrix[];
  readonly C: Matrix;
  readonly R: Matrix;
  /** Known. */
  readonly m0: readonly number[];
  readonly V0: Matrix;
}

interface Moments {
  readonly m: readonly number[];
  readonly V: Matrix;
}

/** Sums of what the updates read. */
class Statistics {
  readonly first: number[];
  readonly moves: number[][];
  private readonly regimes: { n: number; zz: Matrix; xz: Matrix; xx: Matrix }[];
  private readonly seen: { n: number; xx: Matrix; yx: Matrix; yy: Matrix };

  constructor(K: number, D: number, P: number) {
    this.first = Array.from({ length: K }, () => 0);
    this.moves = Array.from({ length: K }, () => Array.from({ length: K }, () => 0));
    this.regimes = this.first.map(() => ({ n: 0, zz: zero(D + 1, D + 1), xz: zero(D, D + 1), xx: zero(D, D) }));
    this.seen = { n: 0, xx: zero(D, D), yx: zero(P, D), yy: zero(P, P) };
  }

  /** x[t] in regime k, x[t-1] before it. @param cross Cov(x[t], x[t-1]) */
  move(k: number, weight: number, now: Moments, then: Moments, cross: Matrix): void {
    const sums = this.regimes[k]!;
    const mean = [...then.m, 1];
    const spread = mean.map((_, i) => mean.map((__, j) => then.V[i]?.[j] ?? 0));
    sums.n += weight;
    sums.zz = add(sums.zz, scaled(add(outer(mean, mean), spread), weight));
    sums.xz = add(
      sums.xz,
      scaled(
        add(
          outer(now.m, mean),
          cross.map((row) => [...row, 0]),
        ),
        weight,
      ),
    );
    sums.xx = add(sums.xx, scaled(add(outer(now.m, now.m), now.V), weight));
  }

  see(y: readonly number[], weight: number, { m, V }: Moments): void {
    this.seen.n += weight;
    this.seen.xx = add(this.seen.xx, scaled(add(outer(m, m), V), weight));
    this.seen.yx = add(this.seen.yx, scaled(outer(y, m), weight));
    this.seen.yy = add(this.seen.yy, scaled(outer(y, y), weight));
  }

  maximise(model: Switching): Switching {
    const fits = this.regimes.map(({ n, zz, xz, xx }) => {
      const B = multiply(xz, invert(zz).inverse);
      return { B, Q: symmetric(scaled(subtract(xx, multiply(B, transpose(xz))), 1 / n)) };
    });
    const C = multiply(this.seen.yx, invert(this.seen.xx).inverse);
    const R = symmetric(scaled(subtract(this.seen.yy, multiply(C, transpose(this.seen.yx))), 1 / this.seen.n));
    const share = (counts: readonly number[]): readonly number[] => {
      const total = counts.reduce((a, b) => a + b, 0);
      return counts.map((count) => count / total);
    };
    return {
      ...model,
      initial: share(this.first),
      transition: this.moves.map(share),
      A: fits.map(({ B }) => B.map((row) => row.slice(0, -1))),
      b: fits.map(({ B }) => B.map((row) => row.at(-1)!)),
      Q: fits.map(({ Q }) => Q),
      C,
      R,
    };
  }
}

const symmetric = (M: Matrix): Matrix => scaled(add(M, transpose(M)), 0.5);

function predicted({ A, b, Q }: Switching, k: number, { m, V }: Moments): Moments {
  return {
    m: addVectors(apply(A[k]!, m), b[k]!),
    V: add(multiply(multiply(A[k]!, V), transpose(A[k]!)), Q[k]!),
  };
}

/** Kalman's update, and the log density of what is seen. */
function updated({ C, R }: Switching, { m, V }: Moments, y: readonly number[]): Moments & { readonly log: number } {
  const { inverse, logDeterminant } = invert(add(multiply(multiply(C, V), transpose(C)), R));
  const e = differ(y, apply(C, m));
  const gain = multiply(multiply(V, transpose(C)), inverse);
  const keep = subtract(identity(m.length), multiply(gain, C));
  return {
    m: addVectors(m, apply(gain, e)),
    V: add(multiply(multiply(keep, V), transpose(keep)), multiply(multiply(gain, R), transpose(gain))),
    log: -0.5 * (y.length * Math.log(2 * Math.PI) + logDeterminant + dot(e, apply(inverse, e))),
  };
}

/** One step back: moments of x[t] given all, from those of x[t+1]; and Cov(x[t+1], x[t]). */
function smoothed({ A }: Switching, k: number, filtered: Moments, ahead: Moments, next: Moments) {
  const J = multiply(multiply(filtered.V, transpose(A[k]!)), invert(ahead.V).inverse);
  return {
    m: addVectors(filtered.m, apply(J, differ(next.m, ahead.m))),
    V: add(filtered.V, multiply(multiply(J, subtract(next.V, ahead.V)), transpose(J))),
    cross: multiply(next.V, transpose(J)),
  };
}

/** Exact EM: every path of regimes is followed. */
export function exactStep(sequences: readonly Matrix[], model: Switching) {
  const K = model.initial.length;
  const statistics = new Statistics(K, model.m0.length, model.C.length);
  let logLikelihood = 0;
  for (const y of sequences) {
    const logs: number[] = [];
    const visit = (followed: (path: readonly number[], steps: readonly Step[], log: number) => void): void => {
      const go = (path: readonly number[], steps: readonly Step[], log: number): void => {
        const t = path.length;
        if (t === y.length) return followed(path, steps, log);
        for (let k = 0; k < K; k++) {
          const prior = t === 0 ? model.initial[k]! : model.transition[path[t - 1]!]![k]!;
          const ahead = t === 0 ? { m: model.m0, V: model.V0 } : predicted(model, k, steps[t - 1]!.filtered);
          const filtered = updated(model, ahead, y[t]!);
          go([...path, k], [...steps, { ahead, filtered }], log + Math.log(prior) + filtered.log);
        }
      };
      go([], [], 0);
    };
    visit((_, __, log) => logs.push(log));
    const most = Math.max(...logs);
    const total = most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0));
    logLikelihood += total;
    visit((path, steps, log) => {
      const weight = Math.exp(log - total);
      if (weight < 1e-14) return;
      statistics.first[path[0]!]! += weight;
      let next: Moments = steps.at(-1)!.filtered;
      statistics.see(y.at(-1)!, weight, next);
      for (let t = y.length - 2; t >= 0; t--) {
        const k = path[t + 1]!;
        const back = smoothed(model, k, steps[t]!.filtered, steps[t + 1]!.ahead, next);
        statistics.moves[path[t]!]![k]! += weight;
        statistics.move(k, weight, next, back, back.cross);
        statistics.see(y[t]!, weight, back);
        next = back;
      }
    });
  }
  return { logLikelihood, next: () => statistics.maximise(model) };
}

interface Step {
  readonly ahead: Moments;
  readonly filtered: Moments;
}

/**
 * EM with Kim's filter and smoother: one Gaussian is kept for each regime.
 *
 * @source Kim 1994, "Dynamic linear models with Markov-switching", sections 2 and 3
 */
export function kimStep(sequences: readonly Matrix[], model: Switching) {
  const K = model.initial.length;
  const all = Array.from({ length: K }, (_, k) => k);
  const statistics = new Statistics(K, model.m0.length, model.C.length);
  let logLikelihood = 0;
  for (const y of sequences) {
    /** Of each step: probability and moments by regime; and what was predicted, [j][k]. */
    const steps: { p: number[]; states: Moments[]; ahead: Moments[][] }[] = [];
    for (const [t, seen] of y.entries()) {
      const before = steps.at(-1);
      const ahead = before === undefined ? [] : all.map((j) => all.map((k) => predicted(model, k, before.states[j]!)));
      const branches = (before === undefined ? [0] : all).map((j) =>
        all.map((k) => {
          const from = before === undefined ? { m: model.m0, V: model.V0 } : ahead[j]![k]!;
          const prior = before === undefined ? model.initial[k]! : before.p[j]! * model.transition[j]![k]!;
          const after = updated(model, from, seen);
          return { after, log: Math.log(prior) + after.log };
        }),
      );
      const most = Math.max(...branches.flat().map(({ log }) => log));
      const weights = branches.map((row) => row.map(({ log }) => Math.exp(log - most)));
      const total = weights.flat().reduce((a, b) => a + b, 0);
      logLikelihood += most + Math.log(total);
      const p = all.map((k) => weights.reduce((sum, row) => sum + row[k]!, 0) / total);
      const states = all.map((k) => {
        const own = weights.map((row) => row[k]!);
        return merged(
          branches.map((row) => row[k]!.after),
          own,
        );
      });
      steps.push({ p, states, ahead: t === 0 ? [] : ahead });
    }
    const last = steps.at(-1)!;
    let next: readonly Moments[] = last.states;
    let probability: readonly number[] = last.p;
    for (const k of all) statistics.see(y.at(-1)!, probability[k]!, next[k]!);
    for (let t = y.length - 2; t >= 0; t--) {
      const { p, states } = steps[t]!;
      const { ahead } = steps[t + 1]!;
      const into = all.map((k) => all.reduce((sum, j) => sum + p[j]! * model.transition[j]![k]!, 0));
      const pairs = all.map((j) =>
        all.map((k) => {
          const weight = (probability[k]! * p[j]! * model.transition[j]![k]!) / into[k]!;
          const back = smoothed(model, k, states[j]!, ahead[j]![k]!, next[k]!);
          statistics.moves[j]![k]! += weight;
          statistics.move(k, weight, next[k]!, back, back.cross);
          return { weight, back };
        }),
      );
      next = pairs.map((row) =>
        merged(
          row.map(({ back }) => back),
          row.map(({ weight }) => weight),
        ),
      );
      probability = pairs.map((row) => row.reduce((sum, { weight }) => sum + weight, 0));
      for (const k of all) statistics.see(y[t]!, probability[k]!, next[k]!);
    }
    for (const k of all) statistics.first[k]! += probability[k]!;
  }
  return { logLikelihood, next: () => statistics.maximise(model) };
}

/** The Gaussian of the same mean and covariance as a mixture. */
function merged(members: readonly Moments[], weights: readonly number[]): Moments {
  const total = weights.reduce((a, b) => a + b, 0);
  const part = total > 0 ? weights.map((weight) => weight / total) : weights.map(() => 1 / weights.length);
  const m = members.reduce<readonly number[]>(
    (sum, one, i) =>
      addVectors(
        sum,
        one.m.map((value) => value * part[i]!),
      ),
    members[0]!.m.map(() => 0),
  );
  const V = members
    .map((one, i) => scaled(add(one.V, outer(differ(one.m, m), differ(one.m, m))), part[i]!))
    .reduce(add);
  return { m, V };
}
