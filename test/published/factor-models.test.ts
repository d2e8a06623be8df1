import { describe, expect, test } from "vitest";
import { mulberry32 } from "../oracles/random-world.js";
import { csvRows } from "../support/csv-columns.js";
import { trainerOf } from "../support/trainers.js";
import { dataFile, recordsOf, trainerOfModel } from "./published-reference.js";

const iris = (): number[][] =>
  csvRows(dataFile("iris"), "sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm");

describe("principal components by maximum likelihood", () => {
  test.each(recordsOf("ppca").map((one) => [one.id, one] as const))("%s", async (id, one) => {
    const Trainer = await trainerOfModel("plane");
    const trainer = new Trainer({ Q: Number(id.at(-1)) });
    const result = await trainer.fit({ size: iris() }, { ridge: 0, tolerance: 1e-12, maxIterations: 20_000 });
    expect(Math.abs(result.logLikelihood / one.computed_here - 1)).toBeLessThan(1e-6);
    expect(trainer.parameters["off"]!.data[0]).toBeCloseTo(one.sigma2!, 4);
  });
});

describe("factor analysis by maximum likelihood", () => {
  // The other software had not come to an end: a variance goes to 0, and so does the speed of EM.
  test.each(recordsOf("factor_analysis").map((one) => [one.id, one] as const))("%s", async (id, one) => {
    const Trainer = await trainerOfModel("causes");
    const trainer = new Trainer({ Q: Number(id.at(-1)) });
    const result = await trainer.fit({ size: iris() }, { ridge: 0 });
    expect(result.logLikelihood).toBeGreaterThanOrEqual(one.computed_here - 1);
    for (const { data } of Object.values(trainer.parameters)) expect(data.every(Number.isFinite)).toBe(true);
  });
});

/**
 * With I measurements in each of G groups the maximum is known in closed form:
 *
 *     within = SSW / (G (I - 1)),   between = (SSB / G - within) / I
 *
 * @source Searle, Casella and McCulloch 1992, "Variance components", section 4.4
 */
test("random intercepts of balanced groups", async () => {
  const [G, I] = [60, 4];
  const uniform = mulberry32(11);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const y = Array.from({ length: G }, () => {
    const level = 20 + 3 * normal();
    return Array.from({ length: I }, () => level + 2 * normal());
  });
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const overall = mean(y.flat());
  const within =
    y.reduce((sum, group) => sum + group.reduce((s, v) => s + (v - mean(group)) ** 2, 0), 0) / (G * (I - 1));
  const between = (y.reduce((sum, group) => sum + I * (mean(group) - overall) ** 2, 0) / G - within) / I;
  const Trainer = await trainerOf(`model Levels {
    size I
    param level: Real
    param between: Positive
    param within: Positive
    each group {
      latent shift: Real ~ Normal(0, between)
      each i in I { observe y: Real ~ Normal(level + shift, within) }
    }
  }`);
  const trainer = new Trainer({});
  await trainer.fit({ y }, { ridge: 0, tolerance: 1e-13, maxIterations: 5000 });
  const { parameters } = trainer;
  expect(parameters["level"]!.data[0]).toBeCloseTo(overall, 5);
  expect(parameters["within"]!.data[0]).toBeCloseTo(within, 4);
  expect(parameters["between"]!.data[0]).toBeCloseTo(between, 3);
  // The effect of a group is its mean, shrunk towards the level.
  const { shift } = (await trainer.predict({ y })) as unknown as { readonly shift: { readonly data: Float64Array } };
  const share = between / (between + within / I);
  y.forEach((group, g) => expect(shift.data[g]).toBeCloseTo(share * (mean(group) - overall), 3));
});

test("a variance that goes to 0 is told", async () => {
  const Trainer = await trainerOfModel("causes");
  const { warnings } = await new Trainer({ Q: 2 }).fit({ size: iris() });
  expect(warnings.map(({ code }) => code)).toContain("GEN5019");
  const Plane = await trainerOfModel("plane");
  const clean = await new Plane({ Q: 2 }).fit({ size: iris() });
  // 4 x 2 loadings less one rotation, 4 means, one variance.
  expect(clean.degreesOfFreedom).toBe(12);
  expect(clean.warnings.map(({ code }) => code)).not.toContain("GEN5019");
});
