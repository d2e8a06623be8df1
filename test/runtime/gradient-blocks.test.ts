import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/numerics/random.js";
import { ExponentialRegression } from "./models/exponential-regression.js";

const stream = new RandomStream({ seed: 1, site: "regression" });
const u = Array.from({ length: 200 }, () => stream.normal());
const y = u.map((value) => stream.poisson(3 * Math.exp(0.7 * value)));

describe("parameters learned by gradient", () => {
  it("end where the gradient of log-likelihood plus log prior is zero", async () => {
    const model = new ExponentialRegression();
    const result = await model.fit({ u, y }, { tolerance: 1e-12 });
    expect(result.converged).toBe(true);
    const scale = model.parameters.scale.data[0];
    const slope = model.parameters.slope.data[0];
    let [byScale, bySlope] = [0, -slope];
    u.forEach((value, row) => {
      const residual = y[row] - scale * Math.exp(slope * value);
      byScale += residual;
      bySlope += residual * value;
    });
    expect(Math.abs(byScale)).toBeLessThan(1e-2);
    expect(Math.abs(bySlope)).toBeLessThan(1e-2);
    expect(Math.abs(slope - 0.7)).toBeLessThan(0.1);
    expect(Math.abs(scale - 3)).toBeLessThan(0.5);
    for (let i = 1; i < result.trace.length; i++) expect(result.trace[i]).toBeGreaterThanOrEqual(result.trace[i - 1]);
  });

  it("the objective holds the log prior, the log-likelihood does not", async () => {
    const model = new ExponentialRegression();
    const result = await model.fit({ u, y });
    const prior = -0.5 * model.parameters.slope.data[0] ** 2 - 0.5 * Math.log(2 * Math.PI);
    expect(result.objective - result.logLikelihood).toBeCloseTo(prior, 8);
    expect(result.warnings.map(({ code }) => code)).toContain("GEN5006");
  });

  it("a fixed one does not move, and its prior does not count", async () => {
    const model = new ExponentialRegression();
    const result = await model.fit({ u, y }, { init: { slope: 0.5 }, fix: ["slope"] });
    expect(model.parameters.slope.data[0]).toBe(0.5);
    expect(result.objective).toBe(result.logLikelihood);
    expect(result.degreesOfFreedom).toBe(1);
    // The best scale for a known slope: total count over total exposure.
    const best = y.reduce((a, b) => a + b, 0) / u.reduce((sum, value) => sum + Math.exp(0.5 * value), 0);
    expect(model.parameters.scale.data[0]).toBeCloseTo(best, 4);
  });
});
