import { describe, expect, it } from "vitest";
import type { FitState } from "../../src/runtime/index.js";
import { OptionError } from "../../src/runtime/index.js";
import { DiagonalMixture } from "./models/diagonal-mixture.js";
import { PoissonMixture } from "./models/poisson-mixture.js";
import { clusters, twoPoissons } from "./models/simulated.js";

const rows = clusters(200, 8, [[0], [1.8]]);
const options = { seed: 4, restarts: 3, tolerance: 1e-9 };

/** Every state that a fit offers, after a trip through JSON. */
async function states(): Promise<FitState[]> {
  const found: FitState[] = [];
  for await (const event of new DiagonalMixture({ K: 2 }).fit(rows, { ...options, checkpointEvery: 3 })) {
    if (event.kind === "checkpoint") found.push(JSON.parse(JSON.stringify(event.state)) as FitState);
  }
  return found;
}

describe("resuming", () => {
  it("from any checkpoint ends in the same bits as an uninterrupted fit", async () => {
    const whole = await new DiagonalMixture({ K: 2 }).fit(rows, options);
    const all = await states();
    expect(all.length).toBeGreaterThan(20);
    for (const state of all.filter((_, i) => i % 5 === 0)) {
      const model = new DiagonalMixture({ K: 2 });
      const resumed = await model.fit(rows, { ...options, resume: state });
      expect(resumed.trace).toEqual(whole.trace);
      expect(resumed.logLikelihood).toBe(whole.logLikelihood);
      expect(model.parameters.mean.data).toEqual(whole.parameters.mean.data);
      expect(model.parameters.variance.data).toEqual(whole.parameters.variance.data);
      expect(resumed.restarts).toEqual(whole.restarts);
      expect(resumed.warnings).toEqual(whole.warnings);
    }
  });

  it("after an abort goes on as if nothing had happened", async () => {
    const whole = await new DiagonalMixture({ K: 2 }).fit(rows, options);
    const controller = new AbortController();
    let state: FitState | undefined;
    let iterations = 0;
    for await (const event of new DiagonalMixture({ K: 2 }).fit(rows, { ...options, signal: controller.signal })) {
      if (event.kind === "iteration" && ++iterations === 31) controller.abort();
      if (event.kind === "checkpoint") ({ state } = event);
    }
    const resumed = await new DiagonalMixture({ K: 2 }).fit(rows, { ...options, ...(state && { resume: state }) });
    expect(state).toBeDefined();
    expect(resumed.trace).toEqual(whole.trace);
    expect(resumed.parameters.mean.data).toEqual(whole.parameters.mean.data);
  });

  it("with more iterations allowed, continues a fit that had run out of them", async () => {
    const whole = await new DiagonalMixture({ K: 2 }).fit(rows, { ...options, restarts: 1 });
    let state: FitState | undefined;
    const short = { ...options, restarts: 1, maxIterations: 4, checkpointEvery: 4 };
    for await (const event of new DiagonalMixture({ K: 2 }).fit(rows, short)) {
      if (event.kind === "checkpoint") ({ state } = event);
    }
    const resumed = await new DiagonalMixture({ K: 2 }).fit(rows, {
      ...options,
      restarts: 1,
      ...(state && { resume: state }),
    });
    expect(resumed.trace).toEqual(whole.trace);
  });

  it("another model, seed or data is refused", async () => {
    const [state] = await states();
    const resume = (fit: PromiseLike<unknown>): Promise<unknown> => Promise.resolve(fit);
    await expect(
      resume(new DiagonalMixture({ K: 2 }).fit(rows, { ...options, seed: 5, resume: state })),
    ).rejects.toThrow(OptionError);
    await expect(resume(new DiagonalMixture({ K: 3 }).fit(rows, { ...options, resume: state }))).rejects.toThrow(
      /sizes.K/,
    );
    await expect(
      resume(new DiagonalMixture({ K: 2 }).fit(rows.slice(1), { ...options, resume: state })),
    ).rejects.toThrow(/rows/);
    await expect(
      resume(new PoissonMixture({ K: 2 }).fit(twoPoissons(200, 1), { ...options, resume: state })),
    ).rejects.toThrow(/model/);
    const others = clusters(200, 9, [[0], [1.8]]);
    await expect(resume(new DiagonalMixture({ K: 2 }).fit(others, { ...options, resume: state }))).rejects.toThrow(
      /data/,
    );
  });
});
