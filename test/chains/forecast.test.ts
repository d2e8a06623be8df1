import { describe, expect, test } from "vitest";
import { trainerOf } from "../support/trainers.js";

/** Forecasts against paths listed one by one, each with the Gaussian that the textbooks give it. */

describe("of a level", () => {
  const level = `model Level {
    param q: Positive
    param r: Positive
    param m0: Real
    param v0: Positive
    each s { chain t {
      latent x: Real ~ Normal(x[t-1], q) init Normal(m0, v0)
      observe y: Real ~ Normal(x, r)
    } }
  }`;

  test("stay where it is, ever less sure", async () => {
    const trainer = new (await trainerOf(level))({});
    const [q, r] = [2, 5];
    trainer.setParameters({ q, r, m0: 1, v0: 3 });
    const y = [2, 4, 3, 7];
    let [mean, variance] = [1, 3];
    for (const [i, value] of y.entries()) {
      if (i > 0) variance += q;
      const gain = variance / (variance + r);
      mean += gain * (value - mean);
      variance *= 1 - gain;
    }
    const forecast = await trainer.forecast({ y } as never, { steps: 3 });
    expect(forecast.simulated).toEqual([]);
    expect(forecast.draws).toBe(0);
    for (let step = 0; step < 3; step++) {
      const spread = Math.sqrt(variance + (step + 1) * q + r);
      expect(forecast.mean["y"]!.data[step]!).toBeCloseTo(mean, 12);
      expect(forecast.deviation["y"]!.data[step]!).toBeCloseTo(spread, 12);
      // 90 % of a normal lie within 1.6448536269514722 deviations.
      expect(forecast.lower["y"]!.data[step]!).toBeCloseTo(mean - 1.6448536269514722 * spread, 10);
      expect(forecast.upper["y"]!.data[step]!).toBeCloseTo(mean + 1.6448536269514722 * spread, 10);
      expect(forecast.state.mean["x"]!.data[step]!).toBeCloseTo(mean, 12);
      expect(forecast.state.covariance["x"]!.data[step]!).toBeCloseTo(spread ** 2 - r, 11);
    }
  });
});

const P = [
  [0.9, 0.1],
  [0.3, 0.7],
];

describe("of a hidden Markov model", () => {
  const rates = [2, 9];
  const colours = [
    [0.5, 0.3, 0.2],
    [0.1, 0.1, 0.8],
  ];
  const text = `model Spells {
    size K, C
    param p0: Simplex[K]
    param P[K]: Simplex[K]
    param rate[K]: Positive
    param colour[K]: Simplex[C]
    param chance[K]: Unit
    each s { chain t {
      latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(p0)
      observe count: Count ~ Poisson(rate[k])
      observe shade: Category[C] ~ Categorical(colour[k])
      observe rains: Binary ~ Bernoulli(chance[k])
    } }
  }`;

  test("regimes move on by their transitions, and what is seen is their mixture", async () => {
    const trainer = new (await trainerOf(text))({});
    trainer.setParameters({ p0: [0.6, 0.4], P, rate: rates, colour: colours, chance: [0.2, 0.9] } as never);
    const data = { count: [3, 8, 1], shade: [0, 2, 1], rains: [0, 1, 0] };
    let state = [0.6, 0.4];
    const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
    const mass = (n: number, rate: number): number => (rate ** n * Math.exp(-rate)) / factorial(n);
    const moved = (from: readonly number[]): number[] =>
      [0, 1].map((to) => from[0]! * P[0]![to]! + from[1]! * P[1]![to]!);
    for (let t = 0; t < 3; t++) {
      if (t > 0) state = moved(state);
      const seen = state.map(
        (p, k) =>
          p *
          mass(data.count[t]!, rates[k]!) *
          colours[k]![data.shade[t]!]! *
          (data.rains[t] === 1 ? [0.2, 0.9][k]! : [0.8, 0.1][k]!),
      );
      state = seen.map((p) => p / (seen[0]! + seen[1]!));
    }
    const forecast = await trainer.forecast(data as never, { steps: 4, level: 0.8 });
    expect(forecast.simulated).toEqual([]);
    for (let step = 0; step < 4; step++) {
      state = moved(state);
      const at = (table: string, k: number, values: number): number =>
        forecast.probability[table]!.data[step * values + k]!;
      const mean = state[0]! * 2 + state[1]! * 9;
      const square = state[0]! * (2 + 4) + state[1]! * (9 + 81);
      for (const k of [0, 1]) expect(at("k", k, 2)).toBeCloseTo(state[k]!, 12);
      for (const c of [0, 1, 2])
        expect(at("shade", c, 3)).toBeCloseTo(state[0]! * colours[0]![c]! + state[1]! * colours[1]![c]!, 12);
      expect(forecast.mean["count"]!.data[step]).toBeCloseTo(mean, 12);
      expect(forecast.deviation["count"]!.data[step]).toBeCloseTo(Math.sqrt(square - mean ** 2), 11);
      expect(forecast.mean["rains"]!.data[step]).toBeCloseTo(state[0]! * 0.2 + state[1]! * 0.9, 12);
      const below = (count: number): number => {
        let sum = 0;
        for (let n = 0; n <= count; n++) sum += state[0]! * mass(n, 2) + state[1]! * mass(n, 9);
        return sum;
      };
      for (const [bound, portion] of [
        [forecast.lower, 0.1],
        [forecast.upper, 0.9],
      ] as const) {
        const count = bound["count"]!.data[step]!;
        expect(below(count)).toBeGreaterThanOrEqual(portion);
        expect(below(count - 1)).toBeLessThan(portion);
      }
    }
    expect(forecast.mean["shade"]).toBeUndefined();
  });
});

type Matrix = readonly (readonly number[])[];
const transpose = (M: Matrix): Matrix => M[0]!.map((_, j) => M.map((row) => row[j]!));
const times = (A: Matrix, B: Matrix): Matrix =>
  A.map((row) => transpose(B).map((column) => row.reduce((sum, value, i) => sum + value * column[i]!, 0)));
const plus = (A: Matrix, B: Matrix): Matrix => A.map((row, i) => row.map((value, j) => value + B[i]![j]!));
const minus = (A: Matrix, B: Matrix): Matrix => A.map((row, i) => row.map((value, j) => value - B[i]![j]!));
const vector = (values: readonly number[]): Matrix => values.map((value) => [value]);
const inverse2 = ([[a, b], [c, d]]: Matrix): { readonly inverse: Matrix; readonly determinant: number } => {
  const determinant = a! * d! - b! * c!;
  return {
    determinant,
    inverse: [
      [d! / determinant, -b! / determinant],
      [-c! / determinant, a! / determinant],
    ],
  };
};

/** By the series of its integral. */
function below(z: number): number {
  let [term, sum] = [z, z];
  for (let n = 1; n < 200; n++) {
    term *= (z * z) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI);
}

const regimes = {
  A: [
    [
      [0.9, 0.3],
      [-0.2, 0.8],
    ],
    [
      [0.5, -0.4],
      [0.3, 0.6],
    ],
  ],
  b: [
    [0.1, -0.3],
    [1.5, 0.4],
  ],
  Q: [
    [
      [0.4, 0.1],
      [0.1, 0.3],
    ],
    [
      [1.2, -0.2],
      [-0.2, 0.9],
    ],
  ],
  C: [
    [1, 0.2],
    [-0.3, 0.8],
  ],
  R: [
    [0.5, 0.1],
    [0.1, 0.7],
  ],
  m0: [0.2, -0.1],
  V0: [
    [1, 0.2],
    [0.2, 1.5],
  ],
  p0: [0.6, 0.4],
};

/** Every history of regimes with its weight, and the moments of what is seen so many steps after the last row. */
function listed(y: Matrix, ahead: number, weightOf: (path: readonly number[]) => number) {
  const { A, b, Q, C, R, m0, V0 } = regimes;
  const steps = y.length + ahead;
  const paths = Array.from({ length: 2 ** steps }, (_, i) => Array.from({ length: steps }, (__, t) => (i >> t) & 1));
  const members = paths.map((path) => {
    let [m, V, log]: [Matrix, Matrix, number] = [vector(m0), V0, Math.log(weightOf(path))];
    for (const [t, k] of path.entries()) {
      if (t > 0) [m, V] = [plus(times(A[k]!, m), vector(b[k]!)), plus(times(times(A[k]!, V), transpose(A[k]!)), Q[k]!)];
      if (t >= y.length) continue;
      const S = plus(times(times(C, V), transpose(C)), R);
      const { inverse, determinant } = inverse2(S);
      const e = minus(vector(y[t]!), times(C, m));
      const gain = times(times(V, transpose(C)), inverse);
      log -= 0.5 * (Math.log(determinant) + times(times(transpose(e), inverse), e)[0]![0]!);
      [m, V] = [plus(m, times(gain, e)), minus(V, times(times(gain, C), V))];
    }
    return { path, log, mean: times(C, m).flat(), covariance: plus(times(times(C, V), transpose(C)), R) };
  });
  const most = Math.max(...members.map(({ log }) => log));
  const total = members.reduce((sum, { log }) => sum + Math.exp(log - most), 0);
  return members.map((member) => ({ ...member, weight: Math.exp(member.log - most) / total }));
}

const text = (transitions: string, initial: string, learn: string, before = ""): string => `model Jumps {
  size K, D, Q
  ${initial === "" ? "" : "param p0: Simplex[K]"}
  ${transitions.includes("P[") ? "param P[K]: Simplex[K]" : ""}
  param A[K]: Matrix[D, D]
  param b[K]: Vector[D]
  param V[K]: Cov[D]
  param C: Matrix[Q, D]
  param R: Cov[Q]
  param m0: Vector[D]
  param V0: Cov[D]
  each s {
    ${before}
    chain t {
      ${transitions}
      latent x: Vector[D] ~ Normal(A[k] * x[t-1] + b[k], V[k]) init Normal(m0, V0)
      observe y: Vector[Q] ~ Normal(C * x, R)
    }
  }
  ${learn}
}`;

describe.each([
  [
    "regimes that follow each other",
    text(
      "latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(p0)",
      "p0",
      "learn em { approx: collapse(4) }",
    ),
    (path: readonly number[]) => path.reduce((p, k, t) => p * (t === 0 ? regimes.p0[k]! : P[path[t - 1]!]![k]!), 1),
    true,
  ],
  [
    "a regime for each sequence",
    text("", "p0", "", "latent k: Category[K] ~ Categorical(p0)"),
    (path: readonly number[]) => (path.every((k) => k === path[0]) ? regimes.p0[path[0]!]! : 0),
    false,
  ],
] as const)("%s", (_, source, weightOf, isSwitching) => {
  test("as when every history is listed", async () => {
    const trainer = new (await trainerOf(source))({});
    const { A, b, Q, C, R, m0, V0, p0 } = regimes;
    trainer.setParameters({ p0, ...(isSwitching ? { P } : {}), A, b, V: Q, C, R, m0, V0 } as never);
    const y = [
      [0.5, -1],
      [1.5, 0.3],
      [0.2, 2.1],
    ];
    const steps = 2;
    const forecast = await trainer.forecast({ y } as never, { steps, level: 0.9 });
    expect(forecast.simulated).toEqual([]);
    for (let step = 0; step < steps; step++) {
      const members = listed(y, step + 1, weightOf);
      const average = (of: (member: (typeof members)[number]) => number): number =>
        members.reduce((sum, member) => sum + member.weight * of(member), 0);
      const mean = [0, 1].map((i) => average((one) => one.mean[i]!));
      for (const i of [0, 1]) {
        expect(forecast.mean["y"]!.data[step * 2 + i]).toBeCloseTo(mean[i]!, 9);
        for (const j of [0, 1]) {
          const want = average((one) => one.covariance[i]![j]! + (one.mean[i]! - mean[i]!) * (one.mean[j]! - mean[j]!));
          expect(forecast.covariance["y"]!.data[step * 4 + i * 2 + j]).toBeCloseTo(want, 9);
        }
        for (const [bound, portion] of [
          [forecast.lower, 0.05],
          [forecast.upper, 0.95],
        ] as const) {
          // One Gaussian stands for several histories later on: of the same moments.
          if (isSwitching && step > 0) continue;
          const q = bound["y"]!.data[step * 2 + i]!;
          const mass = average((one) => below((q - one.mean[i]!) / Math.sqrt(one.covariance[i]![i]!)));
          expect(mass).toBeCloseTo(portion, 9);
        }
      }
      for (const k of [0, 1]) {
        const want = average(({ path }) => (path.at(-1) === k ? 1 : 0));
        expect(forecast.probability["k"]!.data[step * 2 + k]).toBeCloseTo(want, 9);
      }
    }
  });
});

describe("what cannot be computed", () => {
  test("is drawn, and said so", async () => {
    const trainer = new (await trainerOf(`model Echo {
        param a: Real
        param v: Positive
        each s { chain t {
          observe y: Real ~ Normal(a * y[t-1], v) init Normal(0, 1)
        } }
      }`))({});
    trainer.setParameters({ a: 0.8, v: 0.5 });
    const draws = 20_000;
    const {
      simulated,
      mean,
      deviation,
      draws: drawn,
    } = await trainer.forecast({ y: [1, 3] } as never, { steps: 2, draws });
    expect(simulated).toEqual(["y"]);
    expect(drawn).toBe(draws);
    const error = 5 / Math.sqrt(draws);
    expect(Math.abs(mean["y"]!.data[0]! - 2.4)).toBeLessThan(error);
    expect(Math.abs(mean["y"]!.data[1]! - 1.92)).toBeLessThan(error);
    expect(Math.abs(deviation["y"]!.data[1]! - Math.sqrt(0.5 * 1.64))).toBeLessThan(error);
  });
});

test("several sequences, and a latent of every step with no memory", async () => {
  const trainer = new (await trainerOf(`model Mixed {
      size K, M
      param p0: Simplex[K]
      param P[K]: Simplex[K]
      param w[K]: Simplex[M]
      param m[K, M]: Real
      param v: Positive
      each s { chain t {
        latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(p0)
        latent z: Category[M] ~ Categorical(w[k])
        observe y: Real ~ Normal(m[k, z], v)
      } }
    }`))({});
  const w = [
    [0.5, 0.5],
    [0.1, 0.9],
  ];
  const m = [
    [0, 4],
    [-3, 9],
  ];
  trainer.setParameters({ p0: [0.5, 0.5], P, w, m, v: 1 } as never);
  const sequences = [[0.2, 3.8, 0.1], [8.7]];
  const data = { y: sequences.flat(), s: sequences.flatMap((y, i) => y.map(() => i)) };
  const { mean, probability } = await trainer.forecast(data as never, { steps: 1 });
  for (const [s, y] of sequences.entries()) {
    let state = [0.5, 0.5];
    for (const [t, value] of y.entries()) {
      if (t > 0) state = [0, 1].map((to) => state[0]! * P[0]![to]! + state[1]! * P[1]![to]!);
      const seen = state.map(
        (p, k) => p * [0, 1].reduce((sum, z) => sum + w[k]![z]! * Math.exp(-0.5 * (value - m[k]![z]!) ** 2), 0),
      );
      state = seen.map((p) => p / (seen[0]! + seen[1]!));
    }
    state = [0, 1].map((to) => state[0]! * P[0]![to]! + state[1]! * P[1]![to]!);
    const want = [0, 1].reduce((sum, k) => sum + state[k]! * (w[k]![0]! * m[k]![0]! + w[k]![1]! * m[k]![1]!), 0);
    expect(mean["y"]!.data[s]).toBeCloseTo(want, 11);
    expect(probability["z"]!.data[s * 2]).toBeCloseTo(state[0]! * w[0]![0]! + state[1]! * w[1]![0]!, 11);
  }
});
