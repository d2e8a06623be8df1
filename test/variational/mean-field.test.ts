import { describe, expect, test } from "vitest";
import type { NamedTensor } from "../../src/runtime/index.js";
import { exactEvidence, meanField, type MeanFieldProblem } from "../oracles/mean-field.js";
import { trainerOf } from "../support/trainers.js";

type Nested = number | null | readonly Nested[];

interface Case {
  readonly text: string;
  readonly parameters: Readonly<Record<string, Nested>>;
  readonly data: Readonly<Record<string, Nested>>;
  readonly problem: MeanFieldProblem;
  /** Cells of each discrete latent, entries of each Gaussian one, in the order of the answers. */
  readonly discrete: Readonly<Record<string, readonly number[]>>;
  readonly gaussian: Readonly<Record<string, readonly number[]>>;
  readonly isQuadratic?: boolean;
}

const logNormal = (x: number, mean: number, variance: number): number =>
  -0.5 * (Math.log(2 * Math.PI * variance) + (x - mean) ** 2 / variance);
const range = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);

const initial = [0.6, 0.4];
const transition = [
  [0.85, 0.15],
  [0.3, 0.7],
];
const path: readonly (number | null)[] = [0.2, 0.9, null, -1.4, -0.8];
const T = path.length;

const switching: Case = {
  text: `model M { size K = 2
    param p0: Simplex[K]  param P[K]: Simplex[K]
    param a[K]: Real  param b[K]: Real  param q[K]: Positive
    param c[K]: Real  param d[K]: Real  param r[K]: Positive
    each s { chain t {
      latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(p0)
      latent x: Real ~ Normal(a[k] * x[t-1] + b[k], q[k]) init Normal(0.5, 2)
      observe y: Real? ~ Normal(c[k] * x + d[k], r[k])
    } }
    learn em { approx: vb } }`,
  parameters: {
    p0: initial,
    P: transition,
    a: [0.9, 0.4],
    b: [0, -0.5],
    q: [0.2, 0.6],
    c: [1, 1.2],
    d: [0, 0.1],
    r: [0.3, 0.5],
  },
  data: { y: path },
  discrete: { k: range(T) },
  gaussian: { x: range(T) },
  problem: {
    values: path.map(() => 2),
    discrete: [range(T)],
    gaussian: [range(T)],
    logJoint: (k, x) =>
      path.reduce<number>((sum, y, t) => {
        const [now, at] = [k[t]!, x[t]!];
        const move = t === 0 ? initial[now]! : transition[k[t - 1]!]![now]!;
        const [a, b, q] = [[0.9, 0.4][now]!, [0, -0.5][now]!, [0.2, 0.6][now]!];
        const [c, d, r] = [[1, 1.2][now]!, [0, 0.1][now]!, [0.3, 0.5][now]!];
        const state = t === 0 ? logNormal(at, 0.5, 2) : logNormal(at, a * x[t - 1]! + b, q);
        return sum + Math.log(move) + state + (y === null ? 0 : logNormal(y, c * at + d, r));
      }, 0),
  },
};

/** A state that looks two steps back, a level that the sequence has once, regimes that do not depend on each other. */
const second: Case = {
  text: `model M { size K = 2
    param w: Simplex[K]
    param a: Real  param q: Positive  param r[K]: Positive  param b[K]: Real
    each s {
      latent u: Real ~ Normal(0, 1)
      chain t {
        latent k: Category[K] ~ Categorical(w)
        latent x: Real ~ Normal(a * x[t-1] - 0.3 * x[t-2] + u, q) init Normal(0, 1)
        observe y: Real? ~ Normal(x + b[k], r[k])
      } }
    learn em { approx: vb } }`,
  parameters: { w: initial, a: 0.8, q: 0.3, r: [0.2, 1.5], b: [0, 0.7] },
  data: { y: path },
  discrete: { k: range(T) },
  gaussian: { x: range(T, 1), u: path.map(() => 0) },
  problem: {
    values: path.map(() => 2),
    discrete: path.map((_, t) => [t]),
    gaussian: [range(T + 1)],
    logJoint: (k, [u = 0, ...x]) =>
      path.reduce<number>(
        (sum, y, t) => {
          const at = x[t]!;
          const state = t < 2 ? logNormal(at, 0, 1) : logNormal(at, 0.8 * x[t - 1]! - 0.3 * x[t - 2]! + u, 0.3);
          const [b, r] = [[0, 0.7][k[t]!]!, [0.2, 1.5][k[t]!]!];
          return sum + Math.log(initial[k[t]!]!) + state + (y === null ? 0 : logNormal(y, at + b, r));
        },
        logNormal(u, 0, 1),
      ),
  },
};

const scores: readonly (number | null)[] = [1.2, -0.4, null];
const groups: readonly (readonly (number | null)[])[] = [scores, [2.5, 2.1, -1.3]];

/** A level that the members of a group share, each of which is of a class of its own. */
const intercepts: Case = {
  text: `model M { size K = 2, J = 3
    param w: Simplex[K]  param m[K]: Real  param s[K]: Real  param v[K]: Positive
    each g {
      latent u: Real ~ Normal(0.2, 0.7)
      each j in J {
        latent z: Category[K] ~ Categorical(w)
        observe y: Real? ~ Normal(s[z] * u + m[z], v[z])
      }
    }
    learn em { approx: vb } }`,
  parameters: { w: initial, m: [0, 1], s: [1, -0.5], v: [0.5, 0.3] },
  data: { y: groups },
  discrete: { z: range(6) },
  gaussian: { u: range(2) },
  problem: {
    values: range(6).map(() => 2),
    discrete: range(6).map((cell) => [cell]),
    gaussian: range(2).map((g) => [g]),
    logJoint: (z, u) =>
      groups.reduce(
        (sum, members, g) =>
          members.reduce<number>(
            (inner, y, j) => {
              const k = z[3 * g + j]!;
              const [m, s, v] = [[0, 1][k]!, [1, -0.5][k]!, [0.5, 0.3][k]!];
              return inner + Math.log(initial[k]!) + (y === null ? 0 : logNormal(y, s * u[g]! + m, v));
            },
            sum + logNormal(u[g]!, 0.2, 0.7),
          ),
        0,
      ),
  },
};

const seen: readonly (readonly (number | null)[])[] = [[0.9, null, 1.4]];
const turn = [
  [0.9, 0.3, 0],
  [-0.2, 1.1, 0.4],
  [0.5, 0, 0.8],
];
const spreads = [
  [0.3, 0.4, 0.5],
  [0.9, 0.2, 0.1],
];

/** Given either one of them a product of latents is linear in the other. */
const products: Case = {
  text: `model M { size K = 2, D = 3
    param w: Simplex[K]  param v[K]: Diag[D]  param W: Matrix[D, D]
    each n {
      latent z: Category[K] ~ Categorical(w)
      latent a: Real ~ Normal(0.4, 0.8)
      latent b: Vector[D] ~ Normal(0.3, 1.2)
      observe y: Vector[D]? ~ Normal(W * b * a + b, v[z])
    }
    learn em { approx: vb } }`,
  parameters: { w: initial, v: spreads, W: turn },
  data: { y: seen },
  discrete: { z: [0] },
  gaussian: { a: [0] },
  isQuadratic: false,
  problem: {
    values: [2],
    discrete: [[0]],
    gaussian: [range(3, 1), [0]],
    logJoint: ([z = 0], [a = 0, ...b]) => {
      let total = Math.log(initial[z]!) + logNormal(a, 0.4, 0.8);
      b.forEach((value) => (total += logNormal(value, 0.3, 1.2)));
      seen[0]!.forEach((value, i) => {
        const mean = turn[i]!.reduce((sum, w, j) => sum + w * b[j]!, 0) * a + b[i]!;
        if (value !== null) total += logNormal(value, mean, spreads[z]![i]!);
      });
      return total;
    },
  },
};

const moving: readonly number[] = [0.5, 0.9, 1.6, 1.2];

/** How a state moves is itself a latent of the sequence. */
const coefficient: Case = {
  text: `model M { param q: Positive  param r: Positive
    each s {
      latent a: Real ~ Normal(0.5, 0.3)
      chain t {
        latent x: Real ~ Normal(a * x[t-1], q) init Normal(0, 1)
        observe y: Real ~ Normal(x, r)
      } }
    learn em { approx: vb } }`,
  parameters: { q: 0.3, r: 0.2 },
  data: { y: moving },
  discrete: {},
  gaussian: { x: range(4, 1), a: moving.map(() => 0) },
  isQuadratic: false,
  problem: {
    values: [],
    discrete: [],
    gaussian: [range(4, 1), [0]],
    logJoint: (_, [a = 0, ...x]) =>
      moving.reduce(
        (sum, y, t) =>
          sum + (t === 0 ? logNormal(x[t]!, 0, 1) : logNormal(x[t]!, a * x[t - 1]!, 0.3)) + logNormal(y, x[t]!, 0.2),
        logNormal(a, 0.5, 0.3),
      ),
  },
};

const short: readonly (number | null)[] = [0.4, 1.9, -0.7];

/** Two switching states that are seen together: the states are one block, the regimes are not. */
const together: Case = {
  text: `model M { size K = 2
    param P[K]: Simplex[K]  param a[K]: Real  param c[K]: Real  param q: Positive  param r[K, K]: Positive
    each s { chain t {
      latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(P[0])
      latent l: Category[K] ~ Categorical(P[l[t-1]]) init Categorical(P[1])
      latent x: Real ~ Normal(a[k] * x[t-1], q) init Normal(0, 1)
      latent z: Real ~ Normal(c[l] + 0.5 * z[t-1], q) init Normal(0.2, 1)
      observe y: Real? ~ Normal(x + z, 0.3)
      observe u: Real? ~ Normal(x, r[k, l])
    } }
    learn em { approx: vb } }`,
  parameters: {
    P: transition,
    a: [0.9, 0.2],
    c: [0, 1.3],
    q: 0.25,
    r: [
      [0.4, 0.9],
      [0.5, 0.3],
    ],
  },
  data: { y: short, u: [0.1, null, -0.3] },
  discrete: { k: range(3), l: range(3, 3) },
  gaussian: { x: range(3), z: range(3, 3) },
  problem: {
    values: range(6).map(() => 2),
    // Seen together in `u`, the regimes are exact as one block.
    discrete: [range(6)],
    gaussian: [range(6)],
    logJoint: (d, w) =>
      short.reduce<number>((sum, y, t) => {
        const [k, l, x, z] = [d[t]!, d[3 + t]!, w[t]!, w[3 + t]!];
        const seenToo = [0.1, null, -0.3][t]!;
        const r = [
          [0.4, 0.9],
          [0.5, 0.3],
        ][k]![l]!;
        const moves =
          t === 0
            ? Math.log(transition[0]![k]!) + Math.log(transition[1]![l]!)
            : Math.log(transition[d[t - 1]!]![k]!) + Math.log(transition[d[2 + t]!]![l]!);
        const states =
          t === 0
            ? logNormal(x, 0, 1) + logNormal(z, 0.2, 1)
            : logNormal(x, [0.9, 0.2][k]! * w[t - 1]!, 0.25) + logNormal(z, [0, 1.3][l]! + 0.5 * w[2 + t]!, 0.25);
        return (
          sum +
          moves +
          states +
          (y === null ? 0 : logNormal(y, x + z, 0.3)) +
          (seenToo === null ? 0 : logNormal(seenToo, x, r))
        );
      }, 0),
  },
};

const cases: Readonly<Record<string, Case>> = {
  "a switching state space": switching,
  "two steps back, and a level of the sequence": second,
  "levels of groups with classes of members": intercepts,
  "products of latents": products,
  "a state whose coefficient is a latent": coefficient,
  "two switching states": together,
};

describe.each(Object.entries(cases))("%s", (_, one) => {
  const made = trainerOf(one.text);
  const fitted = async () => {
    const trainer = new (await made)({});
    trainer.setParameters(one.parameters as never);
    return trainer;
  };

  /** The oracle goes on from the answer's probabilities of discrete latents: coordinate ascent has many ends. */
  const oracle = async () => {
    const { probability } = await (await fitted()).predict(one.data as never);
    const begin = one.problem.values.map((): readonly number[] => []);
    for (const [name, cells] of Object.entries(one.discrete)) {
      const table = probability[name]!.data;
      cells.forEach((cell, i) => {
        const values = one.problem.values[cell]!;
        begin[cell] = [...table.slice(i * values, (i + 1) * values)];
      });
    }
    return meanField(one.problem, begin);
  };

  test("the bound is the oracle's, no less than from elsewhere, and no more than the evidence", async () => {
    const { logLikelihood } = await (await fitted()).score(one.data as never);
    expect(logLikelihood).toBeCloseTo((await oracle()).bound, 7);
    expect(logLikelihood).toBeGreaterThan(meanField(one.problem).bound - 1e-7);
    if (one.isQuadratic !== false) expect(logLikelihood).toBeLessThan(exactEvidence(one.problem));
  });

  test("posterior of every latent", async () => {
    const found = await (await fitted()).predict(one.data as never);
    const answer = await oracle();
    for (const [name, cells] of Object.entries(one.discrete)) {
      const expected = cells.flatMap((cell) => answer.probabilities[cell]!);
      found.probability[name]!.data.forEach((p, i) => expect(p, `${name} ${i}`).toBeCloseTo(expected[i]!, 5));
    }
    for (const [name, entries] of Object.entries(one.gaussian)) {
      const mean = (found[name] as NamedTensor).data;
      const covariance = found.covariance![name]!.data;
      entries.forEach((entry, i) => {
        expect(mean[i], `${name} ${i}`).toBeCloseTo(answer.mean[entry]!, 5);
        expect(covariance[i], `spread of ${name} ${i}`).toBeCloseTo(answer.covariance[entry]![entry]!, 5);
      });
    }
  });
});

describe("where the product is the posterior the bound is the likelihood", () => {
  const made = trainerOf(switching.text);
  const scoreAt = async (parameters: Readonly<Record<string, Nested>>): Promise<number> => {
    const trainer = new (await made)({});
    trainer.setParameters(parameters as never);
    return (await trainer.score(switching.data as never)).logLikelihood;
  };
  const alike = {
    ...switching.parameters,
    a: [0.9, 0.9],
    b: [0, 0],
    q: [0.2, 0.2],
    c: [1, 1],
    d: [0, 0],
    r: [0.3, 0.3],
  };
  /** One regime throughout: nothing but a state and what is seen of it. */
  const evidence = exactEvidence({
    values: [],
    discrete: [],
    gaussian: [range(T)],
    logJoint: (_, x) =>
      path.reduce<number>(
        (sum, y, t) =>
          sum +
          (t === 0 ? logNormal(x[t]!, 0.5, 2) : logNormal(x[t]!, 0.9 * x[t - 1]!, 0.2)) +
          (y === null ? 0 : logNormal(y, x[t]!, 0.3)),
        0,
      ),
  });

  test("regimes that make no difference", async () => {
    expect(await scoreAt(alike)).toBeCloseTo(evidence, 9);
  });

  test("regimes that are certain", async () => {
    const certain = {
      p0: [1, 0],
      P: [
        [1, 0],
        [0, 1],
      ],
    };
    expect(await scoreAt({ ...switching.parameters, ...certain })).toBeCloseTo(evidence, 9);
  });
});
