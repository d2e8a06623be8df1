import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { DisposedError, NotFittedError, OptionError, RandomStream } from "../../src/runtime/index.js";
import { DiagonalMixture } from "./models/diagonal-mixture.js";
import { ExponentialRegression } from "./models/exponential-regression.js";
import { PoissonMixture } from "./models/poisson-mixture.js";
import { clusters } from "./models/simulated.js";

/** Two components whose posterior and moments are easy to write down. */
function known(): DiagonalMixture {
  const model = new DiagonalMixture({ K: 2 });
  model.setParameters({
    weights: [0.25, 0.75],
    mean: [
      [0, 0],
      [3, 6],
    ],
    variance: [
      [1, 4],
      [1, 1],
    ],
  });
  return model;
}

const normal = (x: number, mean: number, variance: number): number =>
  Math.exp(-((x - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);

describe("answers at given parameters", () => {
  it("sizes come from the parameters' shapes", () => {
    expect(known().sizes).toEqual({ K: 2, D: 2 });
  });

  it("posterior by Bayes' rule", async () => {
    const { z, probability } = await known().predict([
      [0, 0],
      [1.5, 3],
    ]);
    const joint = [0.25 * normal(1.5, 0, 1) * normal(3, 0, 4), 0.75 * normal(1.5, 3, 1) * normal(3, 6, 1)];
    expect(probability.z.shape).toEqual([2, 2]);
    expect(probability.z.axes).toEqual(["rows", "K"]);
    expect(probability.z.data[2]).toBeCloseTo(joint[0] / (joint[0] + joint[1]), 12);
    expect(probability.z.data[0] + probability.z.data[1]).toBeCloseTo(1, 12);
    expect([...z]).toEqual([0, joint[0] > joint[1] ? 0 : 1]);
  });

  it("log density from its formula; a row without entries has 0", async () => {
    const density = await known().logDensity([
      [1, 2],
      [NaN, 2],
      [NaN, NaN],
    ]);
    const both = 0.25 * normal(1, 0, 1) * normal(2, 0, 4) + 0.75 * normal(1, 3, 1) * normal(2, 6, 1);
    const second = 0.25 * normal(2, 0, 4) + 0.75 * normal(2, 6, 1);
    expect(density[0]).toBeCloseTo(Math.log(both), 12);
    expect(density[1]).toBeCloseTo(Math.log(second), 12);
    expect(density[2]).toBeCloseTo(0, 12);
  });

  it("the score is the (weighted) sum and mean of the rows'", async () => {
    const data = {
      x: [
        [1, 2],
        [3, 4],
      ],
      w: [1, 3],
    };
    const { perRow, logLikelihood, meanLogLikelihood, rows } = await known().score(data);
    expect(rows).toBe(2);
    expect(logLikelihood).toBeCloseTo(perRow[0] + 3 * perRow[1], 12);
    expect(meanLogLikelihood).toBeCloseTo(logLikelihood / 4, 12);
  });

  it("impute fills in conditional means and leaves the rest", async () => {
    const { x } = await known().impute([
      [1, NaN],
      [5, 6],
      [NaN, NaN],
    ]);
    const joint = [0.25 * normal(1, 0, 1), 0.75 * normal(1, 3, 1)];
    expect(x.shape).toEqual([3, 2]);
    expect([x.data[0], x.data[2], x.data[3]]).toEqual([1, 5, 6]);
    expect(x.data[1]).toBeCloseTo((joint[1] * 6) / (joint[0] + joint[1]), 12);
    // Nothing is known: the mean of the mixture.
    expect(x.data[4]).toBeCloseTo(0.75 * 3, 12);
    expect(x.data[5]).toBeCloseTo(0.75 * 6, 12);
  });
});

describe("sampling", () => {
  it.each([1, 2, 17, 99])("gives exactly %i rows", async (n) => {
    const { x, z } = await known().sample(n, { seed: 1 });
    expect(x.shape).toEqual([n, 2]);
    expect(z.shape).toEqual([n]);
  });

  it("a row depends on the seed and its number, not on how many are drawn", async () => {
    const few = await known().sample(10, { seed: 5 });
    const many = await known().sample(5000, { seed: 5 });
    expect(many.x.data.slice(0, 20)).toEqual(few.x.data);
    const other = await known().sample(10, { seed: 6 });
    expect(other.x.data).not.toEqual(few.x.data);
  });

  it("nor on how the rows are batched", async () => {
    const whole = await known().sample(4100, { seed: 2 });
    // The last rows of the second block, drawn as a block of their own.
    const model = known();
    const into = { z: new Float64Array(4), x: new Float64Array(8) };
    const values = Object.fromEntries(
      Object.entries(model.parameters).map(([name, { data }]) => [name, data as Float64Array]),
    );
    await model.drawRows(
      model.sizes,
      values,
      { rows: 4, firstRow: 4096, data: {}, tables: {}, complete: true },
      (site, item) => new RandomStream({ seed: 2, site, item }),
      into,
    );
    expect(whole.x.data.slice(-8)).toEqual(into.x);
  });

  it("reproduces the moments of the mixture", async () => {
    const n = 20_000;
    const { x, z } = await known().sample(n, { seed: 3 });
    const share = z.data.reduce((a, b) => a + b, 0) / n;
    expect(Math.abs(share - 0.75)).toBeLessThan(5 * Math.sqrt((0.75 * 0.25) / n));
    let mean = 0;
    for (let row = 0; row < n; row++) mean += x.data[2 * row] / n;
    // Variance of the first entry: within 1, between 0.75 0.25 3^2.
    expect(Math.abs(mean - 2.25)).toBeLessThan(5 * Math.sqrt((1 + 0.75 * 0.25 * 9) / n));
  });

  it.each([0, -1, 1.5, NaN])("%d rows are refused", async (n) => {
    await expect(known().sample(n)).rejects.toThrow(OptionError);
  });
});

describe("sampling with given variables", () => {
  const model = new ExponentialRegression();
  model.setParameters({ scale: 2, slope: 1 });

  it("draws one row for each given row", async () => {
    const n = 4000;
    const { y } = await model.sample(n, {
      seed: 1,
      given: { u: Array.from({ length: n }, (_, i) => (i < n / 2 ? 0 : 1)) },
    });
    const mean = (from: number, to: number): number => y.data.slice(from, to).reduce((a, b) => a + b, 0) / (to - from);
    // Poisson means 2 and 2 e.
    expect(Math.abs(mean(0, n / 2) - 2)).toBeLessThan(5 * Math.sqrt(2 / (n / 2)));
    expect(Math.abs(mean(n / 2, n) - 2 * Math.E)).toBeLessThan(5 * Math.sqrt((2 * Math.E) / (n / 2)));
  });

  it("asks for them, in the right number", async () => {
    await expect(model.sample(3)).rejects.toMatchObject({ name: "DataError", code: "missing-variable", variable: "u" });
    await expect(model.sample(3, { given: { u: [1, 2] } })).rejects.toMatchObject({ code: "rows" });
  });
});

describe("the life of a trainer", () => {
  it("without parameters it says what to do", async () => {
    const model = new PoissonMixture({ K: 2 });
    expect(() => model.parameters).toThrow(NotFittedError);
    await expect(model.predict([1])).rejects.toThrow(/fit\(data\)/);
    await expect(model.save()).rejects.toThrow(NotFittedError);
  });

  it("after dispose it refuses", async () => {
    const model = known();
    model.dispose();
    await expect(model.logDensity([[1, 2]])).rejects.toThrow(DisposedError);
    expect(() => model.fit([[1, 2]])).toThrow(DisposedError);
  });

  it("a failed fit leaves the parameters as they were", async () => {
    const model = known();
    const before = model.parameters;
    await expect(Promise.resolve(model.fit([[1, Infinity]]))).rejects.toThrow();
    expect(model.parameters).toBe(before);
  });

  it("all parameters must be set, with values of their domain", () => {
    const model = new DiagonalMixture({ K: 2 });
    expect(() => model.setParameters({ weights: [0.5, 0.5], mean: [[1], [2]] })).toThrow(/variance/);
    expect(() => model.setParameters({ weights: [0.5, 0.5], mean: [[1], [2]], variance: [[1], [-1]] })).toThrow(
      OptionError,
    );
    expect(() => model.setParameters({ weights: [1], mean: [[1]], variance: [[1]] })).toThrow(OptionError);
  });

  it("a parameter becomes a TensorFlow.js tensor", async () => {
    const tensor = await known().parameters.mean.toTensor();
    expect(tensor.shape).toEqual([2, 2]);
    expect([...(await tensor.data())]).toEqual([0, 0, 3, 6]);
    tensor.dispose();
  });

  it("a fitted model finds the clusters that made the data", async () => {
    const rows = clusters(
      200,
      12,
      [
        [0, 0],
        [20, 20],
      ],
      0.1,
    );
    const model = new DiagonalMixture({ K: 2 });
    await model.fit(rows);
    const { z } = await model.predict(rows);
    const near = rows.map((row) => (row.some((value) => value > 10) ? 1 : row.some((value) => value <= 10) ? 0 : -1));
    const pairs = new Set(near.flatMap((cluster, i) => (cluster === -1 ? [] : [`${cluster} ${z[i]}`])));
    expect(pairs.size).toBe(2);
  });
});
