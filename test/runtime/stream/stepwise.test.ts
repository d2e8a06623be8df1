import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../src/numerics/random.js";
import type { NamedTensor } from "../../../src/runtime/index.js";
import { OptionError } from "../../../src/runtime/index.js";
import { trainerOf } from "../../support/trainers.js";
import { ExponentialRegression } from "../models/exponential-regression.js";
import { PoissonMixture } from "../models/poisson-mixture.js";
import { twoPoissons } from "../models/simulated.js";

const gaussians = trainerOf(
  "model Points { size K = 2\n param w: Simplex[K]\n param mean[K]: Real\n param sd[K]: Positive\n" +
    " each n weight c { latent z: Category[K] ~ Categorical(w)\n observe x: Real ~ Normal(mean[z], sd: sd[z]) } }",
);

/** 0.3 Normal(-2, 0.5) + 0.7 Normal(1.5, 1), in batches. */
function* points(rows: number, batch: number, seed = 1): Generator<{ x: Float64Array }> {
  const stream = new RandomStream({ seed, site: "points" });
  for (let at = 0; at < rows; at += batch) {
    const x = Float64Array.from({ length: Math.min(batch, rows - at) }, () =>
      stream.uniform() < 0.3 ? -2 + 0.5 * stream.normal() : 1.5 + stream.normal(),
    );
    yield { x };
  }
}

/** Weights, means and deviations, the smaller mean first. */
function sorted(parameters: object): readonly number[] {
  const { w, mean, sd } = parameters as Readonly<Record<"w" | "mean" | "sd", NamedTensor>>;
  const order = mean.data[0] < mean.data[1] ? [0, 1] : [1, 0];
  return [w, mean, sd].flatMap(({ data }) => order.map((k) => data[k]));
}

const truth = [0.3, 0.7, -2, 1.5, 0.5, 1];

describe("stepwise EM", () => {
  it("recovers weights, means and deviations of 200000 points in one pass over an iterator", async () => {
    const Trainer = await gaussians;
    const model = new Trainer({});
    let batches = 0;
    const counted = function* (): Generator<{ x: Float64Array }> {
      for (const batch of points(200_000, 1000)) {
        batches++;
        yield batch;
      }
    };
    const result = await model.fit(counted(), { batchSize: 500, stream: true, seed: 2 });
    expect(batches).toBe(200);
    expect(result.rows).toBe(200_000);
    // One step for every 500 rows; a batch of leading rows may be cut where the start took its rows.
    expect(result.iterations).toBe(400);
    sorted(model.parameters).forEach((value, i) => expect(Math.abs(value - truth[i])).toBeLessThan(0.02));
    expect(result.warnings.map(({ code }) => code)).toContain("GEN5018");
    expect(result.converged).toBe(false);
  });

  it("comes as close as EM does to the best log-likelihood, and tests on rows that it has not seen", async () => {
    const Trainer = await gaussians;
    const rows = [...points(8000, 1000)];
    const em = await new Trainer({}).fit(rows, { seed: 1, holdout: 0.2 });
    for (const data of [rows, () => rows]) {
      const result = await new Trainer({}).fit(data, { seed: 1, batchSize: 200, epochs: 3, holdout: 0.2 });
      expect(result.rows).toBe(em.rows);
      expect(result.holdout?.rows).toBe(em.holdout?.rows);
      expect(result.trace).toHaveLength(3);
      expect(em.meanLogLikelihood - result.meanLogLikelihood).toBeGreaterThan(0);
      expect(em.meanLogLikelihood - result.meanLogLikelihood).toBeLessThan(4e-3);
      expect(Math.abs((result.holdout?.meanLogLikelihood ?? 0) - (em.holdout?.meanLogLikelihood ?? 0))).toBeLessThan(
        5e-3,
      );
    }
  });

  it("counts a row of weight 2 as two", async () => {
    const Trainer = await gaussians;
    const [{ x }] = points(6000, 6000);
    const twice = new Trainer({});
    await twice.fit({ x, c: new Float64Array(6000).fill(2) }, { batchSize: 300, seed: 1 });
    const once = new Trainer({});
    await once.fit({ x }, { batchSize: 300, seed: 1 });
    sorted(twice.parameters).forEach((value, i) => expect(value).toBeCloseTo(sorted(once.parameters)[i], 10));
  });

  it("with batches that hold all rows is EM: one pass, one iteration", async () => {
    const y = twoPoissons(500, 3);
    const init = { weights: [0.5, 0.5], rate: [1, 8] };
    const model = new PoissonMixture();
    await model.fit(y, { batchSize: 500, init });
    const em = new PoissonMixture();
    await em.fit(y, { maxIterations: 1, init, emptyComponents: "keep" });
    [...model.parameters.rate.data].forEach((rate, k) => expect(rate).toBeCloseTo(em.parameters.rate.data[k], 10));
  });

  it("can be interrupted, and keeps what it has learned", async () => {
    const abort = new AbortController();
    const model = new PoissonMixture();
    const run = model.fit(() => [twoPoissons(20_000, 1)], { batchSize: 100, signal: abort.signal, seed: 1 });
    for await (const event of run) if (event.kind === "iteration" && event.iteration === 50) abort.abort();
    const result = await run;
    expect(result.stopped).toBe("aborted");
    expect(model.parameters.rate.data.every(Number.isFinite)).toBe(true);
  });

  it("refuses what it cannot do", async () => {
    const byGradient: unknown = await new ExponentialRegression()
      .fit({ u: [0.1, 0.2], y: [1, 2] } as never, { batchSize: 1 })
      .catch((error: unknown) => error);
    expect(byGradient).toBeInstanceOf(OptionError);
    expect(byGradient).toMatchObject({ argument: "batchSize" });
    const twice: unknown = await new PoissonMixture()
      .fit(
        (function* () {
          yield [1, 2];
        })(),
        { batchSize: 1, epochs: 2, stream: true },
      )
      .catch((error: unknown) => error);
    expect(twice).toMatchObject({ argument: "stream" });
    expect(() => new PoissonMixture().fit([1, 2], { batchSize: 0 })).toThrow(OptionError);
  });
});
