import { describe, expect, it } from "vitest";
import { philox4x32 } from "../../src/numerics/philox.js";
import { RandomStream } from "../../src/numerics/random.js";

describe("philox4x32-10", () => {
  /** Random123 1.09, examples/kat_vectors. */
  it.each([
    ["00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    ["ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    ["243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ])("counter %s, key %s", (counter, key, expected) => {
    const words = (text: string): number[] => text.split(" ").map((word) => parseInt(word, 16));
    const state = Uint32Array.from(words(counter));
    const [key0, key1] = words(key);
    philox4x32(state, key0, key1);
    expect([...state]).toEqual(words(expected));
  });
});

const draws = (count: number, draw: (stream: RandomStream) => number, seed = 7): number[] => {
  const stream = new RandomStream({ seed, site: "test" });
  return Array.from({ length: count }, () => draw(stream));
};

describe("keys", () => {
  const first = (key: ConstructorParameters<typeof RandomStream>[0]): number => new RandomStream(key).uniform();

  it("repeats with equal keys and differs with any other part", () => {
    const key = { seed: 5, site: "x", item: 3, step: 2 };
    expect(first(key)).toBe(first({ ...key }));
    const others = [{ seed: 6 }, { seed: 5 + 2 ** 40 }, { site: "y" }, { item: 4 }, { step: 3 }];
    const values = new Set([first(key), ...others.map((other) => first({ ...key, ...other }))]);
    expect(values.size).toBe(others.length + 1);
  });

  it("does not depend on draws of other streams", () => {
    const alone = draws(5, (stream) => stream.normal());
    const other = new RandomStream({ seed: 1, site: "other" });
    const mixed = draws(5, (stream) => {
      other.gamma(2);
      return stream.normal();
    });
    expect(mixed).toEqual(alone);
  });
});

/** Fails with probability about 1e-6 for a correct sampler; the seed is fixed, so it either always or never does. */
function expectMoments(values: readonly number[], mean: number, variance: number, kurtosis = 3): void {
  const n = values.length;
  const average = values.reduce((sum, x) => sum + x, 0) / n;
  const spread = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
  expect(Math.abs(average - mean)).toBeLessThan(5 * Math.sqrt(variance / n));
  expect(Math.abs(spread - variance)).toBeLessThan(5 * variance * Math.sqrt((kurtosis - 1) / n));
}

describe("moments", () => {
  const n = 20_000;

  it("uniform", () => {
    const values = draws(n, (stream) => stream.uniform());
    expectMoments(values, 0.5, 1 / 12, 1.8);
    expect(values.every((u) => u > 0 && u < 1)).toBe(true);
  });

  it("normal", () => {
    const values = draws(n, (stream) => stream.normal());
    expectMoments(values, 0, 1);
    expectMoments(
      values.map((x) => x * x),
      1,
      2,
      15,
    );
    // Neighbours come from one Box-Muller pair: they must be uncorrelated.
    const products = values.slice(1).map((x, i) => x * values[i]);
    expectMoments(products, 0, 1, 9);
  });

  it.each([0.05, 0.5, 1, 2.5, 50])("gamma of shape %d", (shape) => {
    expectMoments(
      draws(n, (stream) => stream.gamma(shape)),
      shape,
      shape,
      3 + 6 / shape,
    );
  });

  it("gamma stays positive for tiny shapes", () => {
    expect(draws(2000, (stream) => stream.gamma(1e-4)).every((x) => x > 0)).toBe(true);
  });

  it.each([
    [0.5, 0.5],
    [2, 5],
    [30, 0.3],
  ])("beta of %d and %d", (a, b) => {
    const total = a + b;
    const values = draws(n, (stream) => stream.beta(a, b));
    expectMoments(values, a / total, (a * b) / (total * total * (total + 1)), 20);
    expect(values.every((x) => x > 0 && x < 1)).toBe(true);
  });

  it.each([0.3, 4, 9.99, 10, 37.5, 1e4, 1e9])("poisson of mean %d", (mean) => {
    expectMoments(
      draws(n, (stream) => stream.poisson(mean)),
      mean,
      mean,
      3 + 1 / mean,
    );
  });

  it.each([
    [1, 0.3],
    [20, 0.1],
    [40, 0.5],
    [1000, 0.02],
    [1000, 0.9],
    [1e6, 0.25],
  ])("binomial of %d trials with %d", (trials, probability) => {
    const values = draws(n, (stream) => stream.binomial(trials, probability));
    expectMoments(values, trials * probability, trials * probability * (1 - probability), 4);
    expect(values.every((x) => Number.isInteger(x) && x >= 0 && x <= trials)).toBe(true);
  });

  it("binomial at its edges", () => {
    const stream = new RandomStream({ seed: 1, site: "edges" });
    expect([stream.binomial(0, 0.5), stream.binomial(9, 0), stream.binomial(9, 1)]).toEqual([0, 0, 9]);
    expect(stream.binomial(3, NaN)).toBeNaN();
    expect(stream.poisson(0)).toBe(0);
    expect(stream.poisson(-1)).toBeNaN();
    expect(stream.gamma(0)).toBeNaN();
  });
});

/** Chi-squared of counts against probabilities; its mean is the degrees of freedom, its variance twice that. */
function expectFrequencies(counts: readonly number[], probabilities: readonly number[]): void {
  const n = counts.reduce((sum, count) => sum + count, 0);
  const statistic = counts.reduce(
    (sum, count, i) => sum + (count - n * probabilities[i]) ** 2 / (n * probabilities[i]),
    0,
  );
  const freedom = counts.length - 1;
  expect(statistic).toBeLessThan(freedom + 5 * Math.sqrt(2 * freedom) + 10);
}

describe("distributions", () => {
  it.each([3.5, 12, 60])("poisson probabilities at mean %d", (mean) => {
    const bins = Math.ceil(mean + 4 * Math.sqrt(mean));
    const probabilities: number[] = [Math.exp(-mean)];
    for (let k = 1; k < bins; k++) probabilities.push((probabilities[k - 1] * mean) / k);
    const rare = 1 - probabilities.reduce((sum, p) => sum + p, 0);
    const counts = Array.from({ length: bins + 1 }, () => 0);
    for (const x of draws(30_000, (stream) => stream.poisson(mean))) counts[Math.min(x, bins)]++;
    expectFrequencies(counts, [...probabilities, rare]);
  });

  it("binomial probabilities by rejection", () => {
    const [trials, p] = [60, 0.35];
    const probabilities: number[] = [(1 - p) ** trials];
    for (let k = 1; k <= trials; k++) probabilities.push((probabilities[k - 1] * (trials - k + 1) * p) / (k * (1 - p)));
    const counts = Array.from({ length: trials + 1 }, () => 0);
    for (const x of draws(30_000, (stream) => stream.binomial(trials, p))) counts[x]++;
    expectFrequencies(
      counts.slice(8, 36),
      probabilities.slice(8, 36).map((q, _, kept) => q / kept.reduce((a, b) => a + b, 0)),
    );
  });

  it.each([0, 1e-6, 0.5, 4, 200, 1e7])(
    "von Mises of concentration %d: mean direction and its length",
    (concentration) => {
      const location = 2.8;
      const values = draws(20_000, (stream) => stream.vonMises(location, concentration));
      expect(values.every((x) => x > -Math.PI && x <= Math.PI)).toBe(true);
      const cosine = values.reduce((sum, x) => sum + Math.cos(x - location), 0) / values.length;
      const sine = values.reduce((sum, x) => sum + Math.sin(x - location), 0) / values.length;
      // I1/I0 by quadrature of the definition.
      let top = 0;
      let bottom = 0;
      for (let i = 0; i < 20_000; i++) {
        const c = Math.cos((2 * Math.PI * (i + 0.5)) / 20_000);
        const weight = Math.exp(concentration * (c - 1));
        top += c * weight;
        bottom += weight;
      }
      expect(Math.abs(cosine - top / bottom)).toBeLessThan(5 / Math.sqrt(values.length));
      expect(Math.abs(sine)).toBeLessThan(5 / Math.sqrt(values.length));
    },
  );
});
