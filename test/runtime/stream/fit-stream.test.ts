import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { FitResult, NamedTensor } from "../../../src/runtime/index.js";
import { DataError, OptionError } from "../../../src/runtime/index.js";
import { RandomStream } from "../../../src/numerics/random.js";
import { trainerOf } from "../../support/trainers.js";
import { DiagonalMixture } from "../models/diagonal-mixture.js";
import { PoissonMixture } from "../models/poisson-mixture.js";
import { clusters, twoPoissons } from "../models/simulated.js";

const centres = [
  [0, 0],
  [4, 0],
  [0, 5],
];
const rows = clusters(700, 2, centres);
const gaps = clusters(700, 2, centres, 0.2);
const quick = { seed: 1, restarts: 3, maxIterations: 30, blockRows: 128 } as const;

/** Cuts rows into batches of the given lengths, over and over. */
function batchesOf<T>(all: readonly T[], lengths: readonly number[]): () => Generator<T[]> {
  return function* () {
    for (let at = 0, i = 0; at < all.length; i++) {
      const length = lengths[i % lengths.length];
      yield all.slice(at, at + length);
      at += length;
    }
  };
}

async function* slowly<T>(batches: Iterable<T>): AsyncGenerator<T> {
  for (const batch of batches) {
    await Promise.resolve();
    yield batch;
  }
}

function numbers(parameters: object): readonly (readonly number[])[] {
  return Object.values(parameters as Readonly<Record<string, NamedTensor>>).map(({ data }) => [...data]);
}

function summary({ logLikelihood, trace, iterations, restarts, rows: count }: FitResult<object>): unknown {
  return { logLikelihood, trace, iterations, restarts, count };
}

describe("a fit of batches that are read anew in every pass", () => {
  test.prop([fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 })], { numRuns: 6 })(
    "is to the bit the fit of the same data in memory, however they are cut",
    async (lengths) => {
      const whole = new DiagonalMixture({ K: 3 });
      const inMemory = await whole.fit(rows, quick);
      const streamed = new DiagonalMixture({ K: 3 });
      const result = await streamed.fit(batchesOf(rows, lengths), quick);
      expect(summary(result)).toEqual(summary(inMemory));
      expect(numbers(streamed.parameters)).toEqual(numbers(whole.parameters));
    },
  );

  it("with missing entries has the same log-likelihood but for rounding", async () => {
    const inMemory = await new DiagonalMixture({ K: 3 }).fit(gaps, quick);
    const result = await new DiagonalMixture({ K: 3 }).fit(batchesOf(gaps, [97]), quick);
    expect(Math.abs(result.logLikelihood / inMemory.logLikelihood - 1)).toBeLessThan(1e-10);
    expect(result.restarts.map(({ start }) => start)).toEqual(inMemory.restarts.map(({ start }) => start));
  });

  it("leaves out rows of weight 0 and tests on the same rows", async () => {
    const y = twoPoissons(900, 5);
    const w = y.map((_, row) => row % 3);
    const batches = Array.from({ length: 9 }, (_, i) => ({
      y: y.slice(100 * i, 100 * i + 100),
      w: w.slice(100 * i, 100 * i + 100),
    }));
    const options = { ...quick, holdout: 0.25 };
    const inMemory = await new PoissonMixture().fit({ y, w }, options);
    const result = await new PoissonMixture().fit(() => batches, options);
    expect(result.rows).toBe(inMemory.rows);
    expect(result.rows + (result.holdout?.rows ?? 0)).toBe(600);
    expect(result.logLikelihood).toBe(inMemory.logLikelihood);
    expect(result.holdout).toEqual(inMemory.holdout);
  });

  it("starts empty components again as in memory", async () => {
    const far = [...clusters(600, 3, [[0], [0.5]]).map(([x]) => [x, x]), ...clusters(12, 4, [[40, 40]])];
    const init = {
      weights: [0.5, 0.5 - 1e-9, 1e-9],
      mean: [
        [0, 0],
        [1, 1],
        [-90, 90],
      ],
      variance: [
        [1, 1],
        [1, 1],
        [1e-3, 1e-3],
      ],
    };
    const inMemory = await new DiagonalMixture({ K: 3 }).fit(far, { ...quick, init });
    const result = await new DiagonalMixture({ K: 3 }).fit(batchesOf(far, [50]), { ...quick, init });
    expect(inMemory.warnings.map(({ code }) => code)).toContain("GEN5006");
    expect(summary(result)).toEqual(summary(inMemory));
  });

  it("runs the kernels of an emitted trainer", async () => {
    const Trainer = await trainerOf(
      "model Mix { size K = 3, D\n param w: Simplex[K]\n param mean[K]: Vector[D]\n param cov[K]: Cov[D]\n" +
        " each n { latent z: Category[K] ~ Categorical(w)\n observe x: Vector[D]? ~ Normal(mean[z], cov[z]) } }",
    );
    const inMemory = await new Trainer({}).fit({ x: rows }, quick);
    const result = await new Trainer({}).fit(() => slowly(batchesOf(rows, [150])()), quick);
    expect(summary(result)).toEqual(summary(inMemory));
    const withGaps = await new Trainer({}).fit({ x: gaps }, quick);
    const streamed = await new Trainer({}).fit(batchesOf(gaps, [150]), quick);
    expect(Math.abs(streamed.logLikelihood / withGaps.logLikelihood - 1)).toBeLessThan(1e-10);
  });

  it("finds the labels of categories in a pass of its own", async () => {
    const Trainer = await trainerOf(
      "model Classes { size K = 2, C\n param w: Simplex[K]\n param p[K]: Simplex[C]\n" +
        " each n { latent z: Category[K] ~ Categorical(w)\n observe a: Category[C] ~ Categorical(p[z]) } }",
    );
    const stream = new RandomStream({ seed: 1, site: "labels" });
    const a = Array.from({ length: 300 }, (_, row) =>
      row === 299 ? "amber" : ["blue", "red"][stream.uniform() < 0.3 ? 0 : 1],
    );
    const whole = new Trainer({});
    const inMemory = await whole.fit({ a }, quick);
    const streamed = new Trainer({});
    const result = await streamed.fit(batchesOf(a, [70]), quick);
    expect(streamed.labels).toEqual({ a: ["amber", "blue", "red"] });
    expect(result.logLikelihood).toBe(inMemory.logLikelihood);
  });

  it("keeps no more than a batch: one pass over the batches for every pass over the data", async () => {
    let opened = 0;
    let alive = 0;
    let most = 0;
    const open = function* (): Generator<number[]> {
      opened++;
      for (const batch of batchesOf(twoPoissons(1000, 1), [100])()) {
        most = Math.max(most, ++alive);
        yield batch;
        alive--;
      }
    };
    const result = await new PoissonMixture().fit(open, {
      init: { weights: [0.5, 0.5], rate: [1, 8] },
      maxIterations: 4,
      emptyComponents: "keep",
    });
    expect(result.iterations).toBe(4);
    // The survey, an E-step for each iteration, one at the end, and the look for empty components.
    expect(opened).toBe(1 + 4 + 1 + 1);
    expect(most).toBe(1);
  });
});

describe("what batches have to be", () => {
  const y = twoPoissons(300, 1);

  it("an iterable, or a function that returns one", async () => {
    const expected = await new PoissonMixture().fit(y, quick);
    const iterable = { [Symbol.iterator]: batchesOf(y, [77]) };
    const asynchronous = { [Symbol.asyncIterator]: () => slowly(batchesOf(y, [77])()) };
    for (const data of [iterable, asynchronous, () => iterable, () => asynchronous]) {
      expect((await new PoissonMixture().fit(data, quick)).logLikelihood).toBe(expected.logLikelihood);
    }
  });

  it("an iterator is held in memory, and refused where batches have to be read anew", async () => {
    const expected = await new PoissonMixture().fit(y, quick);
    const batches = batchesOf(y, [77]);
    expect((await new PoissonMixture().fit(batches(), quick)).logLikelihood).toBe(expected.logLikelihood);
    const error: unknown = await new PoissonMixture().fit(batches(), { stream: true }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OptionError);
    expect(error).toMatchObject({ argument: "stream" });
  });

  it("the same in every pass", async () => {
    let passes = 0;
    const shrinking = (): number[][] => (passes++ === 0 ? [y, [3]] : [y]);
    const error: unknown = await new PoissonMixture().fit(shrinking, quick).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({
      code: "rows",
      message: expect.stringContaining("301 rows in the first pass and 300"),
    });
  });

  it("right in every row: an error names the batch, and the row among all", async () => {
    const bad = (): number[][] => [y, [1, -2]];
    const error: unknown = await new PoissonMixture().fit(bad, quick).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "support", variable: "y", row: 301 });
    expect(String(error)).toContain("Batch 1, which begins at row 300");
  });

  it("of one shape", async () => {
    const uneven = (): number[][][] => [[[1, 2]], [[1, 2, 3]]];
    const error: unknown = await new DiagonalMixture({ K: 1 }).fit(uneven, quick).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "size", variable: "x" });
    expect(String(error)).toContain("`D` = 2 as in the first batch");
  });

  it("of rows with weights, or of rows without", async () => {
    const mixed = (): object[] => [{ y: [1, 2] }, { y: [3], w: [2] }];
    const error: unknown = await new PoissonMixture().fit(mixed as never, quick).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "weight" });
    const beside: unknown = await new PoissonMixture().fit(() => [y], { weights: y }).catch((e: unknown) => e);
    expect(beside).toMatchObject({ argument: "weights" });
  });

  it("at all there", async () => {
    const error: unknown = await new PoissonMixture().fit(() => [], quick).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "empty" });
  });
});
