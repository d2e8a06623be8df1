import { describe, expect, test } from "vitest";
import type { NamedTensor } from "../../src/runtime/index.js";
import { trainerOf } from "../support/trainers.js";

/** A state of several variables is the same as one vector of them, also where all begin alike. */

const apart = (type: string): string => `model Apart {
  size K = 2
  param initial: Simplex[K]
  param transition[K]: Simplex[K]
  param step[K]: Positive
  param drift: Positive
  param noise: Positive
  each s { chain t {
    latent k: Category[K] ~ Categorical(transition[k[t-1]]) init Categorical(initial)
    latent v: ${type} ~ Normal(0.9 * v[t-1], step[k]) init Normal(0, 1)
    latent x: ${type} ~ Normal(x[t-1] + v[t-1], drift) init Normal(0, 1)
    observe y: ${type}? ~ Normal(x, noise)
  } }
  learn em { approx: collapse(2) }
}`;

const together = (D: number, transition: string, step: string): string => `model Together {
  size K = 2
  param initial: Simplex[K]
  param transition[K]: Simplex[K]
  param A: Matrix[${2 * D}, ${2 * D}] = ${transition}
  param Q[K]: Diag[${2 * D}]
  param C: Matrix[${D}, ${2 * D}] = ${step}
  param R: Diag[${D}]
  each s { chain t {
    latent k: Category[K] ~ Categorical(transition[k[t-1]]) init Categorical(initial)
    latent z: Vector[${2 * D}] ~ Normal(A * z[t-1], Q[k]) init Normal(0, 1)
    observe y: Vector[${D}]? ~ Normal(C * z, R)
  } }
  learn em { approx: collapse(2) }
}`;

const steps = [0.01, 0.8];
const chances = {
  initial: [0.7, 0.3],
  transition: [
    [0.9, 0.1],
    [0.25, 0.75],
  ],
};

describe.each([
  ["numbers", "Real", 1, "[[0.9, 0], [1, 1]]", "[[0, 1]]"],
  [
    "vectors",
    "Vector[2]",
    2,
    "[[0.9, 0, 0, 0], [0, 0.9, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1]]",
    "[[0, 0, 1, 0], [0, 0, 0, 1]]",
  ],
] as const)("%s", (_, type, D, A, C) => {
  test("likelihood, regimes and moments", async () => {
    const first = new (await trainerOf(apart(type)))({});
    first.setParameters({ ...chances, step: steps, drift: 0.3, noise: 0.5 } as never);
    const second = new (await trainerOf(together(D, A, C)))({});
    const Q = steps.map((q) => [...Array.from({ length: D }, () => q), ...Array.from({ length: D }, () => 0.3)]);
    second.setParameters({ ...chances, Q, R: Array.from({ length: D }, () => 0.5) } as never);
    const path = [0.3, 1.1, null, 4.2, 3.9, 3.8, 6.5];
    const row = (value: number | null, t: number): (number | null)[] =>
      Array.from({ length: D }, (_unused, i) => (value === null ? null : value * (1 - 2 * i) + 0.1 * t * i));
    const vector = path.map(row);
    const number = D === 1 ? path : vector;
    const [a, b] = [await first.score({ y: number } as never), await second.score({ y: vector } as never)];
    a.perRow.forEach((value, t) => expect(value).toBeCloseTo(b.perRow[t]!, 9));
    const [p, q] = [await first.predict({ y: number } as never), await second.predict({ y: vector } as never)];
    p.probability["k"]!.data.forEach((value, i) => expect(value).toBeCloseTo(q.probability["k"]!.data[i]!, 9));
    const z = (q["z"] as NamedTensor).data;
    const covariance = q.covariance!["z"]!.data;
    for (const [offset, name] of [
      [0, "v"],
      [D, "x"],
    ] as const) {
      const means = (p[name] as NamedTensor).data;
      const spreads = p.covariance![name]!.data;
      for (let t = 0; t < path.length; t++)
        for (let i = 0; i < D; i++) {
          expect(means[t * D + i], `${name} at ${t}`).toBeCloseTo(z[t * 2 * D + offset + i]!, 9);
          for (let j = 0; j < D; j++) {
            const at = (t * 2 * D + offset + i) * 2 * D + offset + j;
            expect(spreads[(t * D + i) * D + j], `covariance of ${name} at ${t}`).toBeCloseTo(covariance[at]!, 9);
          }
        }
    }
  });
});
