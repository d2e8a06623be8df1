/**
 * What other packages' test suites hold of Gaussian mixtures, as black-box tests of emitted trainers.
 *
 * @source scikit-learn sklearn/mixture/tests/test_gaussian_mixture.py; the name of its test is in front of each
 */
import { describe, expect, test } from "vitest";
import type { LoadedTrainer } from "../../src/compile/index.js";
import { CollapsedComponentError, OptionError } from "../../src/runtime/index.js";
import { csvRows } from "../support/csv-columns.js";
import { covarianceMatrices, covarianceTypes, heaps, mixtureOf, start, storedExtent } from "./covariance-types.js";

const faithful = csvRows(new URL("../published/data/faithful.csv", import.meta.url));

/** Three overlapping clouds: EM takes its time. */
const overlapping = heaps(
  3,
  [80, 60, 60],
  [
    [0, 0, 0],
    [1.5, 0.5, 0],
    [0, 2, 1],
  ],
  [1, 0.7, 0.8],
);

/** Every parameter as it is, to start the next fit from. */
function parametersOf(trainer: LoadedTrainer) {
  return Object.fromEntries(
    Object.entries(trainer.parameters).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float64Array.from(data) },
    ]),
  );
}

const plain = { ridge: 0, restarts: 1, accelerate: false };

describe.each(covarianceTypes)("%s covariance", (type) => {
  const initial = { part: start.part, at: start.at, extent: storedExtent(type, start.spread) };

  test("test_monotonic_likelihood: one iteration at a time, until nothing is gained", async () => {
    const trainer = new (await mixtureOf(type))({ M: 3 });
    await trainer.fit({ p: overlapping }, { ...plain, maxIterations: 1, init: "random", seed: 5 });
    let before = -Infinity;
    let gained = Infinity;
    let iterations = 0;
    for (; gained > 1e-7 && iterations < 3000; iterations++) {
      const result = await trainer.fit({ p: overlapping }, { ...plain, maxIterations: 1, init: parametersOf(trainer) });
      if (iterations > 0) {
        gained = result.logLikelihood - before;
        expect(gained).toBeGreaterThanOrEqual(-1e-9);
      }
      before = result.logLikelihood;
    }
    expect(iterations).toBeGreaterThan(5);
    expect(iterations).toBeLessThan(3000);
  });

  test("test_warm_start: 1 + 1 iterations are 2, and going on arrives where a straight fit arrives", async () => {
    const Trainer = await mixtureOf(type);
    const once = new Trainer({ M: 2 });
    await once.fit({ p: faithful }, { ...plain, maxIterations: 1, init: initial });
    await once.fit({ p: faithful }, { ...plain, maxIterations: 1, init: parametersOf(once) });
    const twice = new Trainer({ M: 2 });
    await twice.fit({ p: faithful }, { ...plain, maxIterations: 2, init: initial });
    for (const name of ["part", "at", "extent"])
      expect(once.parameters[name]!.data).toEqual(twice.parameters[name]!.data);
    const rest = { ...plain, tolerance: 1e-10, maxIterations: 2000 };
    const continued = await once.fit({ p: faithful }, { ...rest, init: parametersOf(once) });
    const straight = await new Trainer({ M: 2 }).fit({ p: faithful }, { ...rest, init: initial });
    expect(continued.converged && straight.converged).toBe(true);
    expect(continued.logLikelihood).toBeCloseTo(straight.logLikelihood, 5);
  });

  test("test_property: the density is that of the inverse covariance", async () => {
    const trainer = new (await mixtureOf(type))({ M: 2 });
    await trainer.fit({ p: faithful }, { seed: 2 });
    const { part, at, extent } = trainer.parameters;
    const matrices = covarianceMatrices(type, extent!.data, 2, 2);
    const densities = await trainer.logDensity({ p: faithful });
    faithful.forEach(([x, y], row) => {
      const terms = matrices.map(([[a, b], [, d]], k) => {
        const determinant = a! * d! - b! * b!;
        const [u, v] = [x! - at!.data[2 * k]!, y! - at!.data[2 * k + 1]!];
        const squared = (d! * u * u - 2 * b! * u * v + a! * v * v) / determinant;
        return (part!.data[k]! * Math.exp(-squared / 2)) / (2 * Math.PI * Math.sqrt(determinant));
      });
      expect(densities[row]).toBeCloseTo(Math.log(terms[0]! + terms[1]!), 9);
    });
  });

  test("_estimate_log_prob_resp, _predict_predict_proba: responsibilities are probabilities, the largest wins", async () => {
    const trainer = new (await mixtureOf(type))({ M: 3 });
    await trainer.fit({ p: overlapping }, { seed: 2 });
    const { kind, probability } = (await trainer.predict({ p: overlapping })) as unknown as {
      readonly kind: Int32Array;
      readonly probability: Readonly<Record<string, { readonly data: Float64Array }>>;
    };
    const table = probability["kind"]!.data;
    overlapping.forEach((_, row) => {
      const responsibilities = [...table.subarray(3 * row, 3 * row + 3)];
      expect(responsibilities.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      expect(responsibilities.every((value) => value >= 0)).toBe(true);
      expect(responsibilities[kind[row]!]).toBe(Math.max(...responsibilities));
    });
  });

  test("test_gaussian_mixture_fit: weights and means are recovered", async () => {
    const centres = [
      [10, 5],
      [-8, 6],
      [1, -9],
    ];
    const rows = heaps(11, [1000, 1500, 2500], centres, [0.8, 0.8, 0.8]);
    const trainer = new (await mixtureOf(type))({ M: 3 });
    await trainer.fit({ p: rows }, { seed: 1 });
    const { part, at, extent } = trainer.parameters;
    const found = [0, 1, 2].map((k) => [part!.data[k]!, at!.data[2 * k]!, at!.data[2 * k + 1]!]);
    const sorted = found.map((_, k) => k).sort((a, b) => found[a]![0]! - found[b]![0]!);
    sorted.forEach((k, i) => {
      const expected = [[0.2, 0.3, 0.5][i]!, ...centres[i]!];
      found[k]!.forEach((value, j) =>
        expect(Math.abs(value - expected[j]!)).toBeLessThan(0.1 * Math.abs(expected[j]!)),
      );
    });
    for (const matrix of covarianceMatrices(type, extent!.data, 3, 2))
      matrix.forEach((row, i) => expect(Math.abs(1 / row[i]! - 1 / 0.64)).toBeLessThan(0.3));
  });

  test("test_init, test_multiple_init: more restarts are never worse", async () => {
    const Trainer = await mixtureOf(type);
    let before = -Infinity;
    for (const restarts of [1, 5, 25]) {
      const result = await new Trainer({ M: 3 }).fit({ p: overlapping }, { restarts, seed: 3 });
      expect(result.logLikelihood).toBeGreaterThanOrEqual(before - 1e-3);
      before = result.logLikelihood;
      expect(result.restarts).toHaveLength(restarts);
      expect(result.objective).toBe(Math.max(...result.restarts.map(({ objective }) => objective)));
    }
  });

  const counts = { spherical: 13, diag: 21, tied: 26, full: 41 };
  test(`test_gaussian_mixture_n_parameters: five columns, two components: ${counts[type]}`, async () => {
    const rows = heaps(2, [30, 30], [Array<number>(5).fill(0), Array<number>(5).fill(4)], [1, 1]);
    const result = await new (await mixtureOf(type))({ M: 2 }).fit({ p: rows }, { restarts: 1 });
    expect(result.degreesOfFreedom).toBe(counts[type]);
    expect(result.aic).toBeCloseTo(-2 * result.logLikelihood + 2 * counts[type], 9);
    expect(result.bic).toBeCloseTo(-2 * result.logLikelihood + Math.log(60) * counts[type], 9);
  });

  test("test_sample: draws have the model's means and covariances", async () => {
    const trainer = new (await mixtureOf(type))({});
    const matrices = [
      [
        [1.5, type === "tied" || type === "full" ? 0.7 : 0],
        [type === "tied" || type === "full" ? 0.7 : 0, type === "spherical" ? 1.5 : 0.8],
      ],
      [
        [0.4, type === "full" ? -0.3 : 0],
        [type === "full" ? -0.3 : 0, type === "spherical" ? 0.4 : 2],
      ],
    ];
    const centres = [
      [-5, 3],
      [6, 4],
    ];
    trainer.setParameters({ part: [0.3, 0.7], at: centres, extent: storedExtent(type, matrices) });
    const count = 20_000;
    const { p, kind } = await trainer.sample(count, { seed: 4 });
    expect(p!.shape).toEqual([count, 2]);
    [0, 1].forEach((k) => {
      const rows = [...kind!.data.keys()].filter((row) => kind!.data[row] === k);
      expect(Math.abs(rows.length / count - [0.3, 0.7][k]!)).toBeLessThan(0.02);
      const column = (i: number): number[] => rows.map((row) => p!.data[2 * row + i]!);
      const mean = [0, 1].map((i) => column(i).reduce((a, b) => a + b) / rows.length);
      mean.forEach((value, i) => expect(Math.abs(value - centres[k]![i]!)).toBeLessThan(0.1));
      const wanted = type === "tied" ? matrices[0]! : matrices[k]!;
      for (const i of [0, 1])
        for (const j of [0, 1]) {
          const products = rows.map((row) => (p!.data[2 * row + i]! - mean[i]!) * (p!.data[2 * row + j]! - mean[j]!));
          const covariance = products.reduce((a, b) => a + b) / rows.length;
          expect(Math.abs(covariance - wanted[i]![j]!)).toBeLessThan(0.1);
        }
    });
  });

  test("test_regularisation: as many components as rows on two points", async () => {
    const rows = [
      ...Array<number[]>(5).fill(Array<number>(5).fill(1)),
      ...Array<number[]>(5).fill(Array<number>(5).fill(0)),
    ];
    const Trainer = await mixtureOf(type);
    const refused = await new Trainer({ M: 10 }).fit({ p: rows }, { ridge: 0 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CollapsedComponentError);
    expect((refused as Error).message).toMatch(/extent/);
    const fitted = await new Trainer({ M: 10 }).fit({ p: rows }, { ridge: 1e-6 });
    expect(Number.isFinite(fitted.logLikelihood)).toBe(true);
  });
});

describe("tied, diagonal and spherical covariances out of full ones", () => {
  test("test_suffstat_sk_tied: after a step from equal covariances, tied = sum of N_k S_k / N", async () => {
    const from = (type: "tied" | "full") => ({
      part: start.part,
      at: start.at,
      extent: storedExtent(type, start.spread),
    });
    const step = { ...plain, maxIterations: 1 };
    const full = new (await mixtureOf("full"))({ M: 2 });
    await full.fit({ p: faithful }, { ...step, init: from("full") });
    const tied = new (await mixtureOf("tied"))({ M: 2 });
    await tied.fit({ p: faithful }, { ...step, init: from("tied") });
    const matrices = covarianceMatrices("full", full.parameters["extent"]!.data, 2, 2);
    [0, 1, 2, 3].forEach((i) => {
      const pooled = matrices.reduce(
        (sum, matrix, k) => sum + full.parameters["part"]!.data[k]! * matrix.flat()[i]!,
        0,
      );
      expect(tied.parameters["extent"]!.data[i]).toBeCloseTo(pooled, 10);
    });
  });

  test("test_suffstat_sk_diag: after a step from equal parameters, diagonal = the diagonal of full", async () => {
    const step = { ...plain, maxIterations: 1 };
    const full = new (await mixtureOf("full"))({ M: 2 });
    await full.fit({ p: faithful }, { ...step, init: { part: start.part, at: start.at, extent: start.spread } });
    const diag = new (await mixtureOf("diag"))({ M: 2 });
    const extent = storedExtent("diag", start.spread);
    await diag.fit({ p: faithful }, { ...step, init: { part: start.part, at: start.at, extent } });
    const matrices = covarianceMatrices("full", full.parameters["extent"]!.data, 2, 2);
    matrices.forEach((matrix, k) =>
      matrix.forEach((row, i) => expect(diag.parameters["extent"]!.data[2 * k + i]).toBeCloseTo(row[i]!, 10)),
    );
  });

  test("test_suffstat_sk_spherical: one component over one column = the variance of the flattened data", async () => {
    const flattened = faithful.flat();
    const spherical = new (await mixtureOf("spherical"))({ M: 1 });
    await spherical.fit({ p: flattened.map((value) => [value]) }, { ridge: 0 });
    const mean = flattened.reduce((a, b) => a + b) / flattened.length;
    const variance = flattened.reduce((sum, value) => sum + (value - mean) ** 2, 0) / flattened.length;
    expect(spherical.parameters["extent"]!.data[0]).toBeCloseTo(variance, 8);
  });

  test("test_bic_1d_1component: one column, one component: all types have the same BIC", async () => {
    const p = faithful.map(([, waiting]) => [waiting!]);
    const bics: number[] = [];
    for (const type of covarianceTypes)
      bics.push((await new (await mixtureOf(type))({ M: 1 }).fit({ p }, { ridge: 0 })).bic);
    bics.forEach((bic) => expect(bic).toBeCloseTo(bics[0]!, 8));
  });

  test("test_gaussian_mixture_log_probabilities: a diagonal density is a product of univariate ones", async () => {
    const trainer = new (await mixtureOf("diag"))({});
    const at = [
      [1, -2, 0.5],
      [0, 3, -1],
    ];
    const extent = [
      [0.3, 2, 1.1],
      [4, 0.6, 0.2],
    ];
    trainer.setParameters({ part: [0.25, 0.75], at, extent });
    const densities = await trainer.logDensity({ p: overlapping });
    overlapping.forEach((row, n) => {
      const density = [0.25, 0.75].reduce(
        (sum, weight, k) =>
          sum +
          row.reduce(
            (product, value, i) =>
              (product * Math.exp(-((value - at[k]![i]!) ** 2) / (2 * extent[k]![i]!))) /
              Math.sqrt(2 * Math.PI * extent[k]![i]!),
            weight,
          ),
        0,
      );
      expect(densities[n]).toBeCloseTo(Math.log(density), 10);
    });
  });
});

describe("queries", () => {
  test("test_gaussian_mixture_fit_convergence_warning: a run that is cut short says so", async () => {
    const cut = await new (await mixtureOf("full"))({ M: 3 }).fit(
      { p: overlapping },
      { maxIterations: 1, restarts: 1 },
    );
    expect(cut.converged).toBe(false);
    expect(cut.stopped).toBe("maxIterations");
    expect(cut.warnings.map(({ code }) => code)).toContain("GEN5001");
  });

  test("test_score: the mean log-likelihood is the mean of the rows' log densities", async () => {
    const trainer = new (await mixtureOf("full"))({ M: 2 });
    await trainer.fit({ p: faithful }, { seed: 1 });
    const { meanLogLikelihood, logLikelihood, perRow, rows } = await trainer.score({ p: faithful });
    expect(rows).toBe(272);
    expect(meanLogLikelihood).toBeCloseTo(perRow.reduce((a, b) => a + b) / 272, 12);
    expect(logLikelihood).toBeCloseTo(272 * meanLogLikelihood, 9);
  });

  test("test_sample: exactly n rows for n = 1 … 99; none are refused", async () => {
    const trainer = new (await mixtureOf("full"))({ M: 2 });
    await trainer.fit({ p: faithful }, { seed: 1, restarts: 2 });
    for (let n = 1; n < 100; n++) {
      const { p, kind } = await trainer.sample(n);
      expect(p!.shape).toEqual([n, 2]);
      expect(p!.data).toHaveLength(2 * n);
      expect(kind!.data).toHaveLength(n);
      expect(p!.data.every(Number.isFinite)).toBe(true);
    }
    for (const n of [0, -1, 1.5]) await expect(trainer.sample(n)).rejects.toBeInstanceOf(OptionError);
  });
});
