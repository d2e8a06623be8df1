import { describe, expect, test } from "vitest";
import { exactEvidence, meanField, type MeanFieldProblem } from "../oracles/mean-field.js";
import { mulberry32 } from "../oracles/random-world.js";
import { trainerOf } from "../support/trainers.js";

/** What EM with a product posterior does to its bound, and where it ends. */

const logNormal = (x: number, mean: number, variance: number): number =>
  -0.5 * (Math.log(2 * Math.PI * variance) + (x - mean) ** 2 / variance);
const range = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);

const text = `model M { size K = 2
  param p0: Simplex[K]  param P[K]: Simplex[K]
  param a[K]: Real  param q: Positive  param d[K]: Real  param r[K]: Positive
  each s { chain t {
    latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(p0)
    latent x: Real ~ Normal(a[k] * x[t-1], q) init Normal(0, 1)
    observe y: Real? ~ Normal(x + d[k], r[k])
  } }
  learn em { approx: vb } }`;

/** Two sequences, one of them shorter, with gaps. */
const sequences: readonly (readonly (number | null)[])[] = [
  [0.2, 0.9, null, 2.4, 2.1],
  [-0.5, 3.1, 2.8],
];
const data = { y: sequences.flat(), s: sequences.flatMap((one, s) => one.map(() => s)) };
const begin = {
  p0: [0.6, 0.4],
  P: [
    [0.8, 0.2],
    [0.3, 0.7],
  ],
  a: [0.9, 0.3],
  q: 0.5,
  d: [0, 1],
  r: [0.4, 0.8],
};
type Parameters = typeof begin;

function problemOf(y: readonly (number | null)[], p: Parameters): MeanFieldProblem {
  return {
    values: y.map(() => 2),
    discrete: [range(y.length)],
    gaussian: [range(y.length)],
    logJoint: (k, x) =>
      y.reduce<number>((sum, seen, t) => {
        const [now, at] = [k[t]!, x[t]!];
        const move = t === 0 ? p.p0[now]! : p.P[k[t - 1]!]![now]!;
        const state = t === 0 ? logNormal(at, 0, 1) : logNormal(at, p.a[now]! * x[t - 1]!, p.q);
        return sum + Math.log(move) + state + (seen === null ? 0 : logNormal(seen, at + p.d[now]!, p.r[now]!));
      }, 0),
  };
}

/** @param begin probabilities of the regimes, by row, from which the oracle goes on */
const boundAt = (p: Parameters, begin?: Float64Array): number => {
  let row = 0;
  return sequences.reduce((sum, y) => {
    const own = begin === undefined ? undefined : y.map((_, t) => [...begin.slice(2 * (row + t), 2 * (row + t) + 2)]);
    row += y.length;
    return sum + meanField(problemOf(y, p), own).bound;
  }, 0);
};

const made = trainerOf(text);
const fit = async (maxIterations: number, tolerance = 1e-7, fix: readonly string[] = []) => {
  const trainer = new (await made)({});
  const result = await trainer.fit(data as never, {
    init: begin as never,
    restarts: 1,
    ridge: 0,
    maxIterations,
    tolerance,
    emptyComponents: "keep",
    fix: fix as never,
  });
  return { trainer, result };
};

describe("a switching state space", () => {
  test("the bound never falls, and begins at that of the start", async () => {
    const { result } = await fit(60);
    const { trace } = result;
    const bounds = new (await made)({});
    bounds.setParameters(begin as never);
    expect((await bounds.score(data as never)).logLikelihood).toBeCloseTo(boundAt(begin), 7);
    for (let i = 1; i < trace.length; i++) {
      expect(trace[i]! - trace[i - 1]!).toBeGreaterThan(-1e-9 * (1 + Math.abs(trace[i]!)));
    }
    expect(trace.length).toBeGreaterThan(5);
  });

  test("values that may not be missing have the same bound as values that are not", async () => {
    const whole = { y: range(6).map((t) => Math.sin(3 * t)), s: range(6).map((t) => (t < 4 ? 0 : 1)) };
    const scores = [];
    for (const one of [text, text.replace("y: Real?", "y: Real")]) {
      const trainer = new (await trainerOf(one))({});
      trainer.setParameters(begin as never);
      scores.push((await trainer.score(whole as never)).logLikelihood);
    }
    expect(scores[1]).toBeCloseTo(scores[0]!, 9);
  });

  test("one iteration is the update by the book", async () => {
    const { trainer } = await fit(1);
    const found = trainer.parameters;
    const answers = sequences.map((y) => meanField(problemOf(y, begin)));
    const total = (value: (s: number, t: number) => number, from = 0): number =>
      sequences.reduce((sum, y, s) => sum + range(y.length - from, from).reduce((all, t) => all + value(s, t), 0), 0);
    const p = (s: number, t: number, k: number): number => answers[s]!.probabilities[t]![k]!;
    const isSeen = (s: number, t: number): boolean => sequences[s]![t] !== null;
    const square = (s: number, t: number, u: number): number =>
      answers[s]!.covariance[t]![u]! + answers[s]!.mean[t]! * answers[s]!.mean[u]!;
    let noise = 0;
    for (const k of [0, 1]) {
      const weight = total((s, t) => (isSeen(s, t) ? p(s, t, k) : 0));
      const residual = (s: number, t: number): number => sequences[s]![t]! - answers[s]!.mean[t]!;
      const level = total((s, t) => (isSeen(s, t) ? p(s, t, k) * residual(s, t) : 0)) / weight;
      const variance = (s: number, t: number): number => (residual(s, t) - level) ** 2 + answers[s]!.covariance[t]![t]!;
      expect(found["d"]!.data[k]).toBeCloseTo(level, 5);
      expect(found["r"]!.data[k]).toBeCloseTo(
        total((s, t) => (isSeen(s, t) ? p(s, t, k) * variance(s, t) : 0)) / weight,
        5,
      );
      const slope =
        total((s, t) => p(s, t, k) * square(s, t, t - 1), 1) / total((s, t) => p(s, t, k) * square(s, t - 1, t - 1), 1);
      expect(found["a"]!.data[k]).toBeCloseTo(slope, 5);
      noise += total(
        (s, t) =>
          p(s, t, k) * (square(s, t, t) - 2 * slope * square(s, t, t - 1) + slope ** 2 * square(s, t - 1, t - 1)),
        1,
      );
    }
    expect(found["q"]!.data[0]).toBeCloseTo(noise / total(() => 1, 1), 5);
  });

  test("where it converges the bound is stationary, and it is below the evidence", async () => {
    const { trainer, result } = await fit(5000, 1e-13, ["p0", "P", "q", "r"]);
    expect(result.converged).toBe(true);
    const at = Object.fromEntries(
      Object.entries(trainer.parameters).map(([name, { data: values, shape }]) => [
        name,
        name === "P"
          ? [0, 1].map((i) => [...values.slice(2 * i, 2 * i + 2)])
          : shape.length === 0
            ? values[0]!
            : [...values],
      ]),
    ) as unknown as Parameters;
    const { probability } = await trainer.predict(data as never);
    const regimes = probability["k"]!.data;
    expect(result.logLikelihood).toBeCloseTo(boundAt(at, regimes), 6);
    expect((await trainer.score(data as never)).logLikelihood).toBeCloseTo(result.logLikelihood, 6);
    const evidence = sequences.reduce((sum, y) => sum + exactEvidence(problemOf(y, at)), 0);
    expect(result.logLikelihood).toBeLessThan(evidence);
    const step = 1e-4;
    const slope = (change: (p: Parameters, by: number) => Parameters): number =>
      (boundAt(change(at, step), regimes) - boundAt(change(at, -step), regimes)) / (2 * step);
    for (const k of [0, 1]) {
      const moved = (values: readonly number[], by: number): number[] => values.map((v, i) => (i === k ? v + by : v));
      expect(
        slope((p, by) => ({ ...p, d: moved(p.d, by) })),
        `d ${k}`,
      ).toBeCloseTo(0, 3);
      expect(
        slope((p, by) => ({ ...p, a: moved(p.a, by) })),
        `a ${k}`,
      ).toBeCloseTo(0, 3);
    }
  });
});

describe("without a chain", () => {
  const uniform = mulberry32(7);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

  test.each([
    [
      "levels of groups with classes of members",
      `model M { size K = 2, J = 3
        param w: Simplex[K]  param m[K]: Real  param v[K]: Positive  param u0: Positive
        each g {
          latent u: Real ~ Normal(0, u0)
          each j in J { latent z: Category[K] ~ Categorical(w) observe y: Real? ~ Normal(u + m[z], v[z]) }
        }
        learn em { approx: vb } }`,
      (): (number | null)[] => {
        const u = normal();
        return [0, 1, 2].map(() => (uniform() < 0.1 ? null : u + (uniform() < 0.4 ? 4 : 0) + 0.5 * normal()));
      },
    ],
    [
      "products of latents",
      `model M { size D = 2
        param W: Matrix[D, D]  param v: Positive
        each n {
          latent a: Real ~ Normal(1, 0.5)
          latent b: Vector[D] ~ Normal(0, 1)
          observe y: Vector[D]? ~ Normal(W * b * a, v)
        }
        learn em { approx: vb } }`,
      (): (number | null)[] => {
        const [a, b, c] = [1 + 0.7 * normal(), normal(), normal()];
        return [a * (b + 0.5 * c) + 0.3 * normal(), uniform() < 0.1 ? null : a * c + 0.3 * normal()];
      },
    ],
  ])("the bound never falls: %s", async (_, model, row) => {
    const trainer = new (await trainerOf(model))({});
    const y = Array.from({ length: 60 }, row);
    const { trace, logLikelihood } = await trainer.fit({ y } as never, {
      seed: 3,
      restarts: 2,
      maxIterations: 80,
      ridge: 0,
    });
    for (let i = 1; i < trace.length; i++) {
      expect(trace[i]! - trace[i - 1]!).toBeGreaterThan(-1e-9 * (1 + Math.abs(trace[i]!)));
    }
    expect(trace.length).toBeGreaterThan(5);
    expect((await trainer.score({ y } as never)).logLikelihood).toBeCloseTo(logLikelihood, 4);
  });
});
