import { describe, expect, test } from "vitest";
import { csvRows } from "../support/csv-columns.js";
import {
  absoluteTolerance,
  acceptedRange,
  dataFile,
  matchComponents,
  record,
  recordsOf,
  trainerOfModel,
  type PublishedRecord,
} from "./published-reference.js";

const models: Readonly<Record<string, string>> = {
  spherical: "balls",
  diag: "upright-ellipses",
  tied: "equal-ellipses",
  full: "ellipses",
};

const columns: Readonly<Record<string, readonly string[]>> = {
  faithful: ["eruptions", "waiting"],
  iris: ["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"],
};

const options = { seed: 1, restarts: 20, ridge: 0, tolerance: 1e-9, maxIterations: 3000 };

interface GaussianParameters {
  readonly weights: readonly number[];
  readonly means: readonly (readonly number[])[];
  readonly cov: readonly unknown[];
}

async function setting({ id }: PublishedRecord) {
  const [, table = "", kind = "", count = ""] = /^gmm_(\w+)_(\w+)_K(\d)$/.exec(id) ?? [];
  const Trainer = await trainerOfModel(models[kind]!);
  return { Trainer, G: Number(count), kind, point: csvRows(dataFile(table), ...columns[table]!) };
}

describe("Gaussian mixtures by maximum likelihood", () => {
  test("are twenty-four, and one in one dimension", () => {
    expect(recordsOf("gmm")).toHaveLength(25);
  });

  const multivariate = recordsOf("gmm").filter(({ id }) => id.startsWith("gmm_"));

  test.each(multivariate.map((one) => [one.id, one] as const))("%s is reached by training", async (_, one) => {
    const { Trainer, G, point, kind } = await setting(one);
    const trainer = new Trainer({ G });
    const result = await trainer.fit({ point }, options);
    const [lowest, highest] = acceptedRange(one);
    expect(result.logLikelihood).toBeGreaterThanOrEqual(lowest);
    expect(result.logLikelihood).toBeLessThanOrEqual(highest);
    expect(result.converged).toBe(true);
    expect(result.degreesOfFreedom).toBe(one.n_par);
    const better = result.logLikelihood - one.computed_here;
    expect(Math.abs(result.aic + 2 * better - one.aic!)).toBeLessThan(1e-6);
    expect(Math.abs(result.bic + 2 * better - one.bic!)).toBeLessThan(1e-6);
    // A printed number is not above the maximum; the other software may have stopped short of it.
    if (one.published !== null)
      expect(result.logLikelihood).toBeGreaterThanOrEqual(one.published - absoluteTolerance(one));
    if (one.params === null || Math.abs(better) > 1e-3) return;
    const { weights, means, cov } = one.params as GaussianParameters;
    const { share, middle, spread } = trainer.parameters;
    const dimension = point[0]!.length;
    const found = Array.from({ length: G }, (_, g) => [...middle!.data.subarray(g * dimension, (g + 1) * dimension)]);
    const order = matchComponents(found, means);
    const width = kind === "tied" ? spread!.data.length : spread!.data.length / G;
    const covariance = (g: number): number[] =>
      kind === "tied" ? [...spread!.data] : [...spread!.data.subarray(g * width, (g + 1) * width)];
    const close = (got: readonly number[], want: readonly number[]): void => {
      expect(got).toHaveLength(want.length);
      got.forEach((value, i) => expect(Math.abs(value - want[i]!)).toBeLessThan(2e-3 * (1 + Math.abs(want[i]!))));
    };
    order.forEach((g, k) => {
      close([share!.data[g]!], [weights[k]!]);
      close(found[g]!, means[k]!);
      close(covariance(g), ([kind === "tied" ? cov : cov[k]] as unknown[]).flat(2) as number[]);
    });
  });

  test.each(multivariate.filter(({ params }) => params !== null).map((one) => [one.id, one] as const))(
    "%s: the log-likelihood at the reference's own parameters",
    async (_, one) => {
      const { Trainer, point } = await setting(one);
      const { weights, means, cov } = one.params as GaussianParameters;
      const trainer = new Trainer({});
      trainer.setParameters({ share: weights, middle: means, spread: cov });
      const { logLikelihood } = await trainer.score({ point });
      expect(Math.abs(logLikelihood - one.computed_here)).toBeLessThan(1e-6);
    },
  );

  test("two bells of equal spread on the waiting times, as mixtools prints them", async () => {
    const one = record("faithful_waiting_tied_K2");
    const Trainer = await trainerOfModel("equal-bells");
    const trainer = new Trainer({ G: 2 });
    const value = csvRows(dataFile("faithful"), "waiting").flat();
    const result = await trainer.fit({ value }, options);
    expect(Math.abs(result.logLikelihood - one.published!)).toBeLessThan(absoluteTolerance(one));
    const { share, middle, spread } = trainer.parameters;
    const [low, high] = middle!.data[0]! < middle!.data[1]! ? [0, 1] : [1, 0];
    // lambda .36085/.63915, mu 54.61364/80.09031, sigma 5.869089
    expect(share!.data[low!]).toBeCloseTo(0.36085, 4);
    expect(middle!.data[low!]).toBeCloseTo(54.61364, 3);
    expect(middle!.data[high!]).toBeCloseTo(80.09031, 3);
    expect(spread!.data[0]).toBeCloseTo(5.869089, 4);
  });
});
