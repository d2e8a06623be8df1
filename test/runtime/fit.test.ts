import { describe, expect, it } from "vitest";
import type { FitEvent, FitResult } from "../../src/runtime/index.js";
import { CollapsedComponentError, DataError, OptionError } from "../../src/runtime/index.js";
import { DiagonalMixture } from "./models/diagonal-mixture.js";
import type { PoissonMixtureParameters } from "./models/poisson-mixture.js";
import { PoissonMixture } from "./models/poisson-mixture.js";
import { clusters, twoPoissons } from "./models/simulated.js";

const counts = twoPoissons(400, 1);
const rows = clusters(300, 2, [
  [0, 0],
  [4, 0],
  [0, 5],
]);

/** Log-likelihood of a Poisson mixture straight from its formula. */
function poissonLogLikelihood(y: readonly number[], { weights, rate }: PoissonMixtureParameters): number {
  let total = 0;
  for (const count of y) {
    let density = 0;
    for (let k = 0; k < rate.data.length; k++) {
      let mass = Math.exp(-rate.data[k]);
      for (let i = 1; i <= count; i++) mass *= rate.data[k] / i;
      density += weights.data[k] * mass;
    }
    total += Math.log(density);
  }
  return total;
}

describe("the result of a fit", () => {
  it("reports the log-likelihood of its parameters, and AIC and BIC from it", async () => {
    const model = new PoissonMixture({ K: 2 });
    const result = await model.fit(counts, { seed: 3 });
    expect(result.converged).toBe(true);
    expect(result.logLikelihood).toBeCloseTo(poissonLogLikelihood(counts, model.parameters), 7);
    expect(result.meanLogLikelihood).toBeCloseTo(result.logLikelihood / 400, 12);
    expect(result.objective).toBe(result.logLikelihood);
    // One free weight and two rates.
    expect(result.degreesOfFreedom).toBe(3);
    expect(result.aic).toBeCloseTo(-2 * result.logLikelihood + 6, 9);
    expect(result.bic).toBeCloseTo(-2 * result.logLikelihood + 3 * Math.log(400), 9);
    expect(result.trace).toHaveLength(result.iterations);
    expect(result.restarts).toHaveLength(8);
    expect(result.seed).toBe(3);
  });

  it("recovers the parameters of simulated data", async () => {
    const model = new PoissonMixture({ K: 2 });
    await model.fit(twoPoissons(5000, 4));
    const { weights, rate } = model.parameters;
    const [low, high] = rate.data[0] < rate.data[1] ? [0, 1] : [1, 0];
    expect(rate.data[low]).toBeCloseTo(2, 0);
    expect(Math.abs(rate.data[high] - 9)).toBeLessThan(0.3);
    expect(Math.abs(weights.data[low] - 0.4)).toBeLessThan(0.03);
  });

  it("is at a stationary point: moving any rate lowers the likelihood", async () => {
    const model = new PoissonMixture({ K: 2 });
    const result = await model.fit(counts, { tolerance: 1e-12 });
    for (let k = 0; k < 2; k++) {
      for (const factor of [0.999, 1.001]) {
        const rate = Float64Array.from(model.parameters.rate.data, (value, i) => (i === k ? value * factor : value));
        const moved = poissonLogLikelihood(counts, {
          ...model.parameters,
          rate: { ...model.parameters.rate, data: rate },
        });
        expect(moved).toBeLessThan(result.logLikelihood);
      }
    }
  });

  it("counts the free parameters of a diagonal mixture: K - 1 + 2 K D", async () => {
    const result = await new DiagonalMixture({ K: 3 }).fit(rows, { restarts: 1 });
    expect(result.degreesOfFreedom).toBe(2 + 12);
  });

  it("one component: the mean and variance of the data, in closed form", async () => {
    const model = new DiagonalMixture({ K: 1 });
    const result = await model.fit(rows, { ridge: 0 });
    expect(result.converged).toBe(true);
    for (const d of [0, 1]) {
      const mean = rows.reduce((sum, row) => sum + row[d], 0) / rows.length;
      const variance = rows.reduce((sum, row) => sum + (row[d] - mean) ** 2, 0) / rows.length;
      expect(model.parameters.mean.data[d]).toBeCloseTo(mean, 12);
      expect(model.parameters.variance.data[d]).toBeCloseTo(variance, 12);
    }
  });

  it("says what the objective holds besides the log-likelihood", async () => {
    const result = await new DiagonalMixture({ K: 2 }).fit(rows, { restarts: 1, ridge: 1e-3 });
    expect(result.objective).toBeLessThan(result.logLikelihood);
    expect(result.warnings.map(({ code }) => code)).toContain("GEN5006");
    const without = await new DiagonalMixture({ K: 2 }).fit(rows, { restarts: 1, ridge: 0 });
    expect(without.warnings.map(({ code }) => code)).not.toContain("GEN5006");
  });
});

describe("the course of a fit", () => {
  it.each([true, false])("never lowers the objective (acceleration: %s)", async (accelerate) => {
    const traces: number[][] = [];
    const overlapping = clusters(300, 5, [[0], [1.5], [3]]);
    for await (const event of new DiagonalMixture({ K: 3 }).fit(overlapping, {
      restarts: 4,
      tolerance: 1e-9,
      accelerate,
    })) {
      if (event.kind === "iteration") (traces[event.restart] ??= []).push(event.objective);
      if (event.kind === "end") expect(event.result.warnings.map(({ code }) => code)).not.toContain("GEN5007");
    }
    expect(traces).toHaveLength(4);
    for (const trace of traces) {
      for (let i = 1; i < trace.length; i++) expect(trace[i]).toBeGreaterThanOrEqual(trace[i - 1] - 1e-9 * 300);
    }
  });

  it("acceleration arrives at the same optimum in fewer iterations", async () => {
    const overlapping = clusters(500, 6, [[0], [2.5]]);
    const options = { restarts: 1, tolerance: 1e-11, maxIterations: 20_000 };
    const plain = await new DiagonalMixture({ K: 2 }).fit(overlapping, { ...options, accelerate: false });
    const fast = await new DiagonalMixture({ K: 2 }).fit(overlapping, options);
    expect(plain.converged && fast.converged).toBe(true);
    expect(fast.objective).toBeCloseTo(plain.objective, 5);
    expect(fast.iterations).toBeLessThan(plain.iterations / 2);
  });

  it("two single iterations are one fit of two", async () => {
    const init = { weights: [0.5, 0.5], rate: [1, 5] };
    const once = new PoissonMixture({ K: 2 });
    await once.fit(counts, { init, maxIterations: 1 });
    const first = once.parameters;
    await once.fit(counts, { init: first, maxIterations: 1 });
    const twice = new PoissonMixture({ K: 2 });
    await twice.fit(counts, { init, maxIterations: 2 });
    expect(once.parameters.rate.data).toEqual(twice.parameters.rate.data);
    expect(once.parameters.weights.data).toEqual(twice.parameters.weights.data);
  });

  it("more restarts are never worse", async () => {
    let before = -Infinity;
    for (const restarts of [1, 2, 4, 8]) {
      const { objective } = await new DiagonalMixture({ K: 4 }).fit(rows, { restarts, seed: 7 });
      expect(objective).toBeGreaterThanOrEqual(before - 1e-4);
      before = objective;
    }
  });

  it("a run that is cut short says so", async () => {
    const result = await new PoissonMixture({ K: 2 }).fit(counts, { maxIterations: 2, restarts: 1 });
    expect(result.converged).toBe(false);
    expect(result.stopped).toBe("maxIterations");
    expect(result.iterations).toBe(2);
    expect(result.warnings.map(({ code }) => code)).toContain("GEN5001");
  });

  it("the same seed gives the same bits", async () => {
    const fits = [];
    for (let i = 0; i < 2; i++) fits.push(await new DiagonalMixture({ K: 3 }).fit(rows, { seed: 11 }));
    expect(fits[0].trace).toEqual(fits[1].trace);
    expect(fits[0].parameters.mean.data).toEqual(fits[1].parameters.mean.data);
  });
});

describe("events", () => {
  it("come in order: start, restart, iterations, end", async () => {
    const kinds: string[] = [];
    const iterations: number[] = [];
    let last: FitEvent<PoissonMixtureParameters> | undefined;
    for await (const event of new PoissonMixture({ K: 2 }).fit(counts, { restarts: 2, checkpointEvery: 5 })) {
      kinds.push(event.kind);
      if (event.kind === "iteration" && event.restart === 0) iterations.push(event.iteration);
      last = event;
    }
    expect(kinds[0]).toBe("start");
    expect(kinds[1]).toBe("restart");
    expect(kinds.filter((kind) => kind === "restart")).toHaveLength(2);
    expect(kinds).toContain("checkpoint");
    expect(kinds.filter((kind) => kind === "end")).toHaveLength(1);
    expect(last?.kind).toBe("end");
    expect(iterations).toEqual(iterations.map((_, i) => i + 1));
  });

  it("the trace is what the iterations of the winning run told", async () => {
    const told: number[][] = [];
    let result: FitResult<PoissonMixtureParameters> | undefined;
    for await (const event of new PoissonMixture({ K: 2 }).fit(counts, { restarts: 3 })) {
      if (event.kind === "iteration") (told[event.restart] ??= []).push(event.objective);
      if (event.kind === "end") ({ result } = event);
    }
    expect(told).toContainEqual(result?.trace);
  });

  it("callbacks are called in the manner of TensorFlow.js", async () => {
    const calls: string[] = [];
    await new PoissonMixture({ K: 2 }).fit(counts, {
      restarts: 1,
      maxIterations: 2,
      callbacks: {
        onTrainBegin: ({ rows }) => void calls.push(`begin ${rows}`),
        onEpochEnd: async (epoch, { iteration, objective }) => {
          await Promise.resolve();
          calls.push(`epoch ${epoch} ${iteration} ${Number.isFinite(objective)}`);
        },
        onTrainEnd: () => void calls.push("end"),
      },
    });
    expect(calls).toEqual(["begin 400", "epoch 0 1 true", "epoch 1 2 true", "end"]);
  });

  it("awaiting after iterating gives the same result", async () => {
    const run = new PoissonMixture({ K: 2 }).fit(counts, { restarts: 1 });
    let result: FitResult<PoissonMixtureParameters> | undefined;
    for await (const event of run) if (event.kind === "end") ({ result } = event);
    expect(await run).toBe(result);
    expect(await run).toBe(result);
  });
});

describe("interrupting", () => {
  it("keeps the best parameters so far", async () => {
    const controller = new AbortController();
    const model = new PoissonMixture({ K: 2 });
    let checkpoints = 0;
    let objective = -Infinity;
    const run = model.fit(counts, { restarts: 1, signal: controller.signal, checkpointEvery: 0 });
    for await (const event of run) {
      if (event.kind === "iteration") ({ objective } = event);
      if (event.kind === "iteration" && event.iteration === 3) controller.abort();
      if (event.kind === "checkpoint") checkpoints++;
    }
    const result = await run;
    expect(result.stopped).toBe("aborted");
    expect(result.converged).toBe(false);
    expect(result.iterations).toBe(3);
    expect(result.objective).toBeGreaterThanOrEqual(objective);
    expect(result.warnings.map(({ code }) => code)).toContain("GEN5009");
    expect(checkpoints).toBe(1);
    expect(model.parameters).toBe(result.parameters);
  });

  it("leaving the loop ends the fit with what it has", async () => {
    const model = new PoissonMixture({ K: 2 });
    const run = model.fit(counts, { restarts: 1 });
    for await (const event of run) if (event.kind === "iteration" && event.iteration === 2) break;
    const result = await run;
    expect(result.stopped).toBe("aborted");
    expect(result.iterations).toBe(2);
    expect(model.parameters).toBe(result.parameters);
  });

  it("a timer can interrupt a fit that nobody iterates over", async () => {
    const controller = new AbortController();
    const many = Array.from({ length: 100 }, () => counts).flat();
    const result = await new PoissonMixture({ K: 2 }).fit(many, {
      tolerance: 0,
      maxIterations: 1_000_000,
      signal: controller.signal,
      callbacks: {
        onEpochEnd(epoch) {
          if (epoch === 2) setTimeout(() => controller.abort(), 20);
        },
      },
    });
    expect(result.stopped).toBe("aborted");
  });

  it("before anything was learned there is nothing to keep", async () => {
    const reason = new Error("changed my mind");
    const run = new PoissonMixture({ K: 2 }).fit(counts, { signal: AbortSignal.abort(reason) });
    await expect(Promise.resolve(run)).rejects.toBe(reason);
  });
});

describe("rows and weights", () => {
  const options = { tolerance: 1e-10, seed: 1 };
  const ordered = (parameters: PoissonMixtureParameters): number[] => [...parameters.rate.data].sort((a, b) => a - b);

  it("weight 2 is the row twice", async () => {
    const few = counts.slice(0, 100);
    const weighted = await new PoissonMixture({ K: 2 }).fit({ y: few, w: few.map(() => 2) }, options);
    const doubled = await new PoissonMixture({ K: 2 }).fit(
      few.flatMap((y) => [y, y]),
      options,
    );
    expect(weighted.logLikelihood).toBeCloseTo(doubled.logLikelihood, 6);
    expect(weighted.bic).toBeCloseTo(doubled.bic, 6);
    ordered(weighted.parameters).forEach((rate, k) => expect(rate).toBeCloseTo(ordered(doubled.parameters)[k], 6));
  });

  it("weight 0 is no row", async () => {
    const few = counts.slice(0, 100);
    const weighted = await new PoissonMixture({ K: 2 }).fit(
      { y: [...few, 1000], weights: [...few.map(() => 1), 0] },
      options,
    );
    const absent = await new PoissonMixture({ K: 2 }).fit(few, options);
    expect(weighted.logLikelihood).toBe(absent.logLikelihood);
    expect(weighted.parameters.rate.data).toEqual(absent.parameters.rate.data);
    expect(weighted.rows).toBe(100);
  });

  it("doubling the rows doubles the log-likelihood", async () => {
    const once = await new PoissonMixture({ K: 2 }).fit(counts, options);
    const twice = await new PoissonMixture({ K: 2 }).fit([...counts, ...counts], options);
    expect(twice.logLikelihood).toBeCloseTo(2 * once.logLikelihood, 5);
  });

  it("the order of the rows does not matter", async () => {
    const reversed = rows.toReversed();
    const one = await new DiagonalMixture({ K: 3 }).fit(rows, { ...options, restarts: 2 });
    const other = await new DiagonalMixture({ K: 3 }).fit(reversed, { ...options, restarts: 2 });
    expect(one.logLikelihood).toBeCloseTo(other.logLikelihood, 6);
    // Even the components come in the same order.
    one.parameters.mean.data.forEach((value, i) => expect(value).toBeCloseTo(other.parameters.mean.data[i], 4));
  });

  it("blocks of any length give the same result", async () => {
    const whole = await new DiagonalMixture({ K: 3 }).fit(rows, { restarts: 1 });
    const pieces = await new DiagonalMixture({ K: 3 }).fit(rows, { restarts: 1, blockRows: 7 });
    expect(pieces.logLikelihood).toBeCloseTo(whole.logLikelihood, 7);
  });

  it("a far origin and another unit change the log-likelihood as they should", async () => {
    const moved = rows.map((row) => row.map((value) => 10 * value + 1e6));
    const one = await new DiagonalMixture({ K: 3 }).fit(rows, { restarts: 2, tolerance: 1e-9 });
    const other = await new DiagonalMixture({ K: 3 }).fit(moved, { restarts: 2, tolerance: 1e-9 });
    expect(other.logLikelihood).toBeCloseTo(one.logLikelihood - 300 * 2 * Math.log(10), 3);
  });

  it("a held-out part is scored and not learned from", async () => {
    const model = new PoissonMixture({ K: 2 });
    const result = await model.fit(counts, { holdout: 0.25 });
    expect(result.rows + (result.holdout?.rows ?? 0)).toBe(400);
    const all = await model.score(counts);
    expect(result.logLikelihood + (result.holdout?.logLikelihood ?? 0)).toBeCloseTo(all.logLikelihood, 7);
  });
});

describe("starting values", () => {
  it("given parameters are where the trace begins", async () => {
    const model = new PoissonMixture({ K: 2 });
    model.setParameters({ weights: [0.3, 0.7], rate: [3, 6] });
    const { logLikelihood } = await model.score(counts);
    const result = await new PoissonMixture({ K: 2 }).fit(counts, { init: model.parameters, restarts: 5 });
    expect(result.trace[0]).toBeCloseTo(logLikelihood, 8);
    expect(result.restarts).toHaveLength(1);
  });

  it("a part of the parameters decides which component is which", async () => {
    for (const rate of [
      [2, 9],
      [9, 2],
    ]) {
      const model = new PoissonMixture({ K: 2 });
      await model.fit(counts, { init: { rate } });
      expect(model.parameters.rate.data[0] < model.parameters.rate.data[1]).toBe(rate[0] < rate[1]);
    }
  });

  it("fixed parameters stay where they begin", async () => {
    const model = new PoissonMixture({ K: 2 });
    const result = await model.fit(counts, { init: { rate: [1, 8] }, fix: ["rate"] });
    expect([...model.parameters.rate.data]).toEqual([1, 8]);
    expect(result.degreesOfFreedom).toBe(1);
    const untold = new PoissonMixture({ K: 2 });
    await untold.fit(counts, { fix: ["weights"], restarts: 1 });
    expect(untold.parameters.weights.data.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  });

  it("random starts find the optimum too", async () => {
    const one = await new DiagonalMixture({ K: 3 }).fit(rows, { init: "random", seed: 5, tolerance: 1e-9 });
    const other = await new DiagonalMixture({ K: 3 }).fit(rows, { tolerance: 1e-9 });
    expect(one.objective).toBeCloseTo(other.objective, 3);
  });
});

describe("degenerate data ends in finite results or a clear error", () => {
  const twoPoints = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? [0, 0] : [1, 1]));

  it("two points without a ridge: an error that gives advice", async () => {
    const run = new DiagonalMixture({ K: 2 }).fit(twoPoints, { ridge: 0 });
    await expect(Promise.resolve(run)).rejects.toThrow(CollapsedComponentError);
    await expect(Promise.resolve(run)).rejects.toThrow(/ridge/);
  });

  it.each([2, 10])("two points with a ridge and %i components: finite, and the ridge is told of", async (K) => {
    const result = await new DiagonalMixture({ K }).fit(twoPoints, { ridge: 1e-6 });
    expect(Number.isFinite(result.logLikelihood)).toBe(true);
    expect(result.warnings.map(({ code }) => code)).toContain("GEN5003");
  });

  it.each([
    ["one row", [[1, 2]], 1],
    ["one row, three components", [[1, 2]], 3],
    ["all rows equal", Array.from({ length: 20 }, () => [3, 4]), 2],
    ["a constant column", rows.map(([x]) => [x, 7]), 2],
    ["more components than rows", rows.slice(0, 3), 5],
    ["rows without any entry", [...rows.slice(0, 50), [NaN, NaN], [NaN, NaN]], 2],
    [
      "nothing observed at all",
      [
        [NaN, NaN],
        [NaN, NaN],
      ],
      2,
    ],
    ["huge values", rows.map((row) => row.map((value) => value * 1e150)), 2],
    ["tiny values", rows.map((row) => row.map((value) => value * 1e-150)), 2],
  ])("%s", async (_, x, K) => {
    const result = await new DiagonalMixture({ K }).fit(x);
    expect(Number.isFinite(result.logLikelihood)).toBe(true);
    for (const { data } of Object.values(result.parameters)) expect([...data].every(Number.isFinite)).toBe(true);
  });

  it("no rows: an error", async () => {
    const run = new PoissonMixture({ K: 2 }).fit([]);
    await expect(Promise.resolve(run)).rejects.toThrow(DataError);
  });

  it("a component that lost its rows is started again", async () => {
    const init = {
      weights: [0.5, 0.5],
      mean: [
        [0, 0],
        [1e3, 1e3],
      ],
      variance: [
        [1, 1],
        [1, 1],
      ],
    };
    const model = new DiagonalMixture({ K: 2 });
    const result = await model.fit(rows, { init });
    expect(result.warnings.map(({ code }) => code)).toContain("GEN5002");
    expect(Math.min(...model.parameters.weights.data)).toBeGreaterThan(0.05);
    const kept = await new DiagonalMixture({ K: 2 }).fit(rows, { init, emptyComponents: "keep" });
    expect(kept.warnings.map(({ code }) => code)).toContain("GEN5011");
    expect(result.objective).toBeGreaterThan(kept.objective);
  });
});

describe("options", () => {
  it.each<[string, () => unknown]>([
    ["K of 0", () => new PoissonMixture({ K: 0 })],
    ["K of 1.5", () => new PoissonMixture({ K: 1.5 })],
    ["no such size", () => new PoissonMixture({ Q: 2 } as object)],
    ["restarts", () => new PoissonMixture().fit(counts, { restarts: 0 })],
    ["maxIterations", () => new PoissonMixture().fit(counts, { maxIterations: -1 })],
    ["tolerance", () => new PoissonMixture().fit(counts, { tolerance: NaN })],
    ["ridge", () => new PoissonMixture().fit(counts, { ridge: -1 })],
    ["seed", () => new PoissonMixture().fit(counts, { seed: 0.5 })],
    ["holdout", () => new PoissonMixture().fit(counts, { holdout: 1 })],
    ["init", () => new PoissonMixture().fit(counts, { init: "kmeans" as "random" })],
    ["init of no parameter", () => new PoissonMixture().fit(counts, { init: { rates: [1, 2] } as object })],
    ["fix", () => new PoissonMixture().fit(counts, { fix: ["rates" as "rate"] })],
    ["an unknown option", () => new PoissonMixture().fit(counts, { maxIter: 3 } as object)],
  ])("%s is refused at once", (_, call) => {
    expect(call).toThrow(OptionError);
  });

  it.each([
    ["a wrong length", { rate: [1, 2, 3] }],
    ["a negative rate", { rate: [-1, 2] }],
    ["weights that do not sum to 1", { weights: [0.5, 0.6] }],
    ["NaN", { rate: [NaN, 2] }],
  ])("initial parameters with %s are refused", async (_, init) => {
    await expect(Promise.resolve(new PoissonMixture().fit(counts, { init }))).rejects.toThrow(OptionError);
  });

  it("the model's own size is the default", async () => {
    const model = new PoissonMixture();
    await model.fit(counts, { restarts: 1 });
    expect(model.sizes).toEqual({ K: 2 });
  });
});
