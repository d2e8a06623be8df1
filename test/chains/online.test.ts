import { describe, expect, test } from "vitest";
import { trainerOf } from "../support/trainers.js";

const hidden = `model Spells {
  size K
  param p0: Simplex[K]
  param P[K]: Simplex[K]
  param rate[K]: Positive
  each s { chain t {
    latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(p0)
    observe y: Count? ~ Poisson(rate[k])
  } }
}`;
const level = `model Level {
  param q: Positive
  param r: Positive
  param m0: Real
  param v0: Positive
  each s { chain t {
    latent x: Real ~ Normal(x[t-1], q) init Normal(m0, v0)
    observe y: Real? ~ Normal(x, r)
  } }
}`;
const second = `model Pairs {
  size K
  param p0: Simplex[K]
  param P[K, K]: Simplex[K]
  param m[K]: Real
  each s { chain t {
    latent k: Category[K] ~ Categorical(P[k[t-1], k[t-2]]) init Categorical(p0)
    observe y: Real ~ Normal(m[k], 1)
  } }
}`;

const spells = {
  p0: [0.6, 0.4],
  P: [
    [0.9, 0.1],
    [0.2, 0.8],
  ],
  rate: [2, 7],
};
const counts = [1, 3, null, 8, 6, 2];

describe("one observation at a time", () => {
  test("densities are those of the whole, and the last state is the smoothed one", async () => {
    const trainer = new (await trainerOf(hidden))({});
    trainer.setParameters(spells as never);
    const { perRow } = await trainer.score({ y: counts } as never);
    const { probability } = await trainer.predict({ y: counts } as never);
    const filter = trainer.filter();
    for (let round = 0; round < 2; round++) {
      filter.reset();
      for (const [i, y] of counts.entries()) {
        const state = await filter.next({ y });
        expect(state.logDensity).toBeCloseTo(perRow[i]!, 12);
        if (i < counts.length - 1) continue;
        const last = probability["k"]!.data.slice(-2);
        state.probability["k"]!.forEach((p, k) => expect(p).toBeCloseTo(last[k]!, 12));
      }
      expect(filter.steps).toBe(counts.length);
    }
  });

  test("a level: the textbook's filter", async () => {
    const trainer = new (await trainerOf(level))({});
    const [q, r] = [2, 5];
    trainer.setParameters({ q, r, m0: 1, v0: 3 });
    const filter = trainer.filter();
    let [mean, variance] = [1, 3];
    for (const [i, y] of [2, 4, null, 3, 7].entries()) {
      if (i > 0) variance += q;
      if (y !== null) {
        const gain = variance / (variance + r);
        mean += gain * (y - mean);
        variance *= 1 - gain;
      }
      const state = await filter.next({ y });
      expect(state.mean["x"]![0]).toBeCloseTo(mean, 12);
      expect(state.covariance["x"]![0]).toBeCloseTo(variance, 12);
    }
  });

  test("a chain that looks back two steps", async () => {
    const trainer = new (await trainerOf(second))({});
    trainer.setParameters({
      p0: [0.3, 0.7],
      P: [
        [
          [0.8, 0.2],
          [0.4, 0.6],
        ],
        [
          [0.5, 0.5],
          [0.1, 0.9],
        ],
      ],
      m: [-1, 1],
    } as never);
    const y = [0.3, -1.2, 0.8, 1.4, -0.2];
    const { perRow } = await trainer.score({ y } as never);
    const filter = trainer.filter();
    for (const [i, value] of y.entries())
      expect((await filter.next({ y: value })).logDensity).toBeCloseTo(perRow[i]!, 12);
  });

  test("says what is wrong with an observation", async () => {
    const trainer = new (await trainerOf(second))({});
    trainer.setParameters({
      p0: [0.3, 0.7],
      P: [
        [
          [0.8, 0.2],
          [0.4, 0.6],
        ],
        [
          [0.5, 0.5],
          [0.1, 0.9],
        ],
      ],
      m: [-1, 1],
    } as never);
    await expect(trainer.filter().next({})).rejects.toThrow("expected 1 numbers");
    await expect(trainer.filter().next({ y: null })).rejects.toThrow("may not be missing");
  });
});
