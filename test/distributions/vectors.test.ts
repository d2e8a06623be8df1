import { describe, expect, it } from "vitest";
import type { DistributionName } from "../../src/ir/distribution-name.js";
import { distributions } from "../../src/distributions/registry.js";
import type { Setting } from "./evaluate.js";
import { meanOf, samplesOf } from "./evaluate.js";

const matrix = [
  [2, 0.6],
  [0.6, 1.5],
];
const of = (name: DistributionName, rest: Omit<Setting, "distribution">): Setting => ({
  distribution: distributions[name],
  ...rest,
});

const n = 6000;

function covarianceOf(draws: readonly (readonly number[])[], i: number, j: number): number {
  const average = (k: number): number => draws.reduce((sum, draw) => sum + draw[k], 0) / draws.length;
  const [a, b] = [average(i), average(j)];
  return draws.reduce((sum, draw) => sum + (draw[i] - a) * (draw[j] - b), 0) / draws.length;
}

/** Settings with the covariance of two entries (or undefined where it is not checked). */
const cases: [string, Setting, number | undefined][] = [
  ["Normal, full", of("Normal", { arguments: { mean: [1, 2], covariance: matrix }, event: [2] }), 0.6],
  ["Normal, diagonal", of("Normal", { arguments: { mean: 0, covariance: [1, 2] }, event: [2] }), 0],
  ["Normal, isotropic", of("Normal", { arguments: { mean: [1, 2], covariance: 2 }, event: [2] }), 0],
  ["Normal by sd", of("Normal", { arguments: { mean: [1, 2], sd: [1, 2] }, event: [2] }), 0],
  [
    "StudentT",
    of("StudentT", { arguments: { degreesOfFreedom: 8, location: [1, 2], scale: matrix }, event: [2] }),
    (0.6 * 8) / 6,
  ],
  [
    "LogNormal",
    of("LogNormal", {
      arguments: {
        mean: [0, 0.5],
        covariance: [
          [0.2, 0.1],
          [0.1, 0.3],
        ],
      },
      event: [2],
    }),
    undefined,
  ],
  ["Gamma", of("Gamma", { arguments: { shape: [1, 2], rate: 3 }, event: [2] }), 0],
  ["Dirichlet", of("Dirichlet", { arguments: { concentration: [2, 3, 5] }, event: [3] }), (-2 * 3) / (100 * 11)],
  ["Dirichlet, one concentration", of("Dirichlet", { arguments: { concentration: 2 }, event: [3] }), undefined],
  [
    "Multinomial",
    of("Multinomial", { arguments: { trials: 12, probabilities: [0.2, 0.5, 0, 0.2, 0.1] }, event: [5] }),
    -12 * 0.2 * 0.5,
  ],
  [
    "Multinomial of one category",
    of("Multinomial", { arguments: { trials: 4, probabilities: [1] }, event: [1] }),
    undefined,
  ],
  ["Wishart", of("Wishart", { arguments: { degreesOfFreedom: 6, scale: matrix }, event: [2, 2] }), 6 * 2 * 2 * 0.6],
  ["InvWishart", of("InvWishart", { arguments: { degreesOfFreedom: 12, scale: matrix }, event: [2, 2] }), undefined],
];

describe.each(cases)("draws of %s", (_, setting) => {
  const draws = samplesOf(setting, n);
  const expected = meanOf(setting);
  const average = expected.map((_unused, i) => draws.reduce((sum, draw) => sum + draw[i], 0) / n);

  it("have their mean", () => {
    average.forEach((value, i) => {
      expect(Math.abs(value - expected[i])).toBeLessThan(5 * Math.sqrt(covarianceOf(draws, i, i) / n) + 1e-12);
    });
  });

  it("lie in the support", () => {
    const { values } = setting.distribution;
    for (const draw of draws) {
      const sum = draw.reduce((total, x) => total + x, 0);
      if (values.includes("simplex")) expect(sum).toBeCloseTo(1, 12);
      if (values.includes("count")) {
        expect(sum).toBe(setting.arguments["trials"]);
        expect(draw.every((x) => Number.isInteger(x) && x >= 0)).toBe(true);
      }
      if (values.includes("covariance")) {
        expect(draw[0] * draw[3] - draw[1] * draw[2]).toBeGreaterThan(0);
        expect(draw[1]).toBeCloseTo(draw[2], 10);
      }
    }
  });
});

it.each(cases.filter(([, , covariance]) => covariance !== undefined))(
  "draws of %s have their covariance",
  (_, setting, covariance) => {
    const draws = samplesOf(setting, n);
    const tolerance = 8 * Math.sqrt((covarianceOf(draws, 0, 0) * covarianceOf(draws, 1, 1)) / n);
    expect(Math.abs(covarianceOf(draws, 0, 1) - (covariance ?? 0))).toBeLessThan(tolerance);
  },
);

describe("Categorical", () => {
  it.each([
    ["probabilities", [0.2, 0, 0.5, 0.3, 0]],
    ["logits", [Math.log(0.2), -Infinity, Math.log(0.5), Math.log(0.3), -Infinity]],
  ])("draws by %s, never an impossible category", (slot, values) => {
    const setting = of("Categorical", { arguments: { [slot]: values }, categories: 5 });
    const counts = [0, 0, 0, 0, 0];
    for (const [x] of samplesOf(setting, n)) counts[x]++;
    const expected = [0.2, 0, 0.5, 0.3, 0];
    counts.forEach((count, k) => {
      expect(Math.abs(count / n - expected[k])).toBeLessThan(
        5 * Math.sqrt((expected[k] * (1 - expected[k])) / n) + 1e-12,
      );
    });
    meanOf(setting).forEach((value, k) => expect(value).toBeCloseTo(expected[k], 14));
  });
});
