import { describe, expect, test } from "vitest";
import { csvColumns, csvRows } from "../support/csv-columns.js";
import {
  absoluteTolerance,
  dataFile,
  logLikelihoodOf,
  matchComponents,
  record,
  recordsOf,
  trainerOfModel,
} from "./published-reference.js";

const options = { seed: 1, restarts: 20, tolerance: 1e-10, maxIterations: 5000 };

describe("earthquakes of magnitude 7 and more per year as a mixture of Poissons", () => {
  const events = csvColumns(dataFile("earthquakes_1900_2006"))["count"]!;
  const records = recordsOf("poisson_mixture").map((one) => [one.id, one] as const);

  test("three numbers of components are printed", () => expect(records).toHaveLength(3));

  test.each(records)("%s", async (id, one) => {
    const { w, rates } = one.params as { readonly w: readonly number[]; readonly rates: readonly number[] };
    const Trainer = await trainerOfModel("yearly-counts");
    const trainer = new Trainer({ G: rates.length });
    const result = await trainer.fit({ events }, options);
    expect(Math.abs(result.logLikelihood - logLikelihoodOf(one)), id).toBeLessThan(absoluteTolerance(one));
    const { share, expected } = trainer.parameters;
    const order = matchComponents(
      [...expected!.data].map((rate) => [rate]),
      rates.map((rate) => [rate]),
    );
    order.forEach((g, k) => {
      expect(Math.abs(expected!.data[g]! - rates[k]!)).toBeLessThan(2e-3 * rates[k]!);
      expect(Math.abs(share!.data[g]! - w[k]!)).toBeLessThan(2e-3);
    });
    trainer.setParameters({ share: w, expected: rates });
    expect((await trainer.score({ events })).logLikelihood).toBeCloseTo(-one.computed_here, 6);
  });
});

describe("seven pathologists' ratings of slides as latent classes", () => {
  // The ratings are 1 and 2 in the file; categories count from 0.
  const rating = csvRows(dataFile("carcinoma")).map((row) => row.map((value) => value - 1));

  test.each([2, 4])("%d classes", async (G) => {
    const one = record(`lca_carcinoma_K${G}`);
    const Trainer = await trainerOfModel("raters");
    const trainer = new Trainer({ G, V: 2 });
    const result = await trainer.fit({ rating }, { ...options, restarts: 40 });
    expect(Math.abs(result.logLikelihood - logLikelihoodOf(one))).toBeLessThan(absoluteTolerance(one));
    // poLCA counts G - 1 shares and one probability per class and rater.
    expect(result.degreesOfFreedom).toBe(G - 1 + G * 7);
    const { weights } = one.params as { readonly weights: readonly number[] };
    const found = [...trainer.parameters["share"]!.data].sort((a, b) => a - b);
    weights.forEach((weight, g) => expect(Math.abs(found[g]! - weight)).toBeLessThan(2e-3));
  });
});

describe("flexmix's NPreg: two curves", () => {
  const { x = [], yn = [] } = csvColumns(dataFile("flexmix_NPreg"));
  const term = x.map((value) => [1, value, value ** 2]);
  const one = record("NPreg_yn_K2");
  const { w, beta, sigma } = one.params as {
    readonly w: readonly number[];
    readonly beta: readonly (readonly number[])[];
    readonly sigma: readonly number[];
  };

  test("log-likelihood, shares, coefficients and deviations", async () => {
    const Trainer = await trainerOfModel("curves");
    const trainer = new Trainer({ G: 2 });
    const result = await trainer.fit({ term, response: yn }, { ...options, ridge: 0 });
    expect(Math.abs(result.logLikelihood - one.published!)).toBeLessThan(absoluteTolerance(one));
    expect(Math.abs(result.logLikelihood - one.computed_here)).toBeLessThan(1e-4);
    const { share, coefficient, noise } = trainer.parameters;
    const rows = [0, 1].map((g) => [...coefficient!.data.subarray(3 * g, 3 * g + 3)]);
    matchComponents(rows, beta).forEach((g, k) => {
      expect(Math.abs(share!.data[g]! - w[k]!)).toBeLessThan(1e-3);
      expect(Math.abs(noise!.data[g]! - sigma[k]!)).toBeLessThan(1e-2);
      rows[g]!.forEach((value, i) => expect(Math.abs(value - beta[k]![i]!)).toBeLessThan(2e-2));
    });
  });

  test("the log-likelihood at the reference's own parameters", async () => {
    const Trainer = await trainerOfModel("curves");
    const trainer = new Trainer({});
    trainer.setParameters({ share: w, coefficient: beta, noise: sigma });
    const { logLikelihood } = await trainer.score({ term, response: yn });
    expect(logLikelihood).toBeCloseTo(one.computed_here, 6);
  });
});
