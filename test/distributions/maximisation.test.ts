import { describe, expect, it } from "vitest";
import { distributions } from "../../src/distributions/registry.js";
import type { DistributionName } from "../../src/ir/distribution-name.js";
import { maximisers } from "../../src/numerics/maximise/index.js";
import { expectMaximum } from "../numerics/maximise/stationarity.js";
import type { Argument, Setting } from "./evaluate.js";
import { evaluateRows, logDensities, samplesOf } from "./evaluate.js";

/** Two entries, each with its own parameters; where a family is of categories, one vector. */
const cases: [DistributionName, Record<string, Argument>, Pick<Setting, "event" | "categories">][] = [
  ["Poisson", { rate: [1, 4] }, { event: [2] }],
  ["Exponential", { rate: [1, 4] }, { event: [2] }],
  ["Gamma", { shape: [1, 4], rate: [2, 3] }, { event: [2] }],
  ["InvGamma", { shape: [1, 4], scale: [2, 3] }, { event: [2] }],
  ["Bernoulli", { probability: [0.2, 0.7] }, { event: [2] }],
  ["Binomial", { trials: 5, probability: [0.2, 0.7] }, { event: [2] }],
  ["Beta", { alpha: [1, 4], beta: [2, 3] }, { event: [2] }],
  ["VonMises", { location: [0.5, -1], concentration: [2, 0.7] }, { event: [2] }],
  ["NegativeBinomial", { mean: [3, 6], shape: [2, 1] }, { event: [2] }],
];

const weights = Array.from({ length: 60 }, (_, n) => 0.5 + ((n * 7) % 11) / 10);

/** One update from the plan's own statistics. */
function update(setting: Setting, children: readonly (readonly number[])[]): Record<string, number[]> {
  const { distribution } = setting;
  const { maximisation } = distribution;
  if (maximisation === undefined) throw new Error(distribution.name);
  const isOfCategories = maximisation.learned.includes("probabilities");
  const width = isOfCategories ? (setting.event?.[0] ?? setting.categories ?? 1) : 1;
  const entries = isOfCategories ? 1 : (setting.event?.[0] ?? 1);
  const rows = evaluateRows(setting, children, (context) => maximisation.statistics(context));
  const weighted = (values: Float64Array): Float64Array => {
    const size = values.length / children.length;
    const perEntry = Float64Array.from({ length: size }, (_, i) =>
      weights.reduce((sum, w, n) => sum + w * values[n * size + i], 0),
    );
    return size === 1 && entries > 1 ? new Float64Array(entries).fill(perEntry[0]) : perEntry;
  };
  const observed = children.flatMap((child) => (isOfCategories ? [1] : child.map((x) => (Number.isNaN(x) ? 0 : 1))));
  const result = maximisers[maximisation.rule as keyof typeof maximisers]({
    cells: entries,
    width,
    statistics: {
      count: weighted(Float64Array.from(observed)),
      ...Object.fromEntries(Object.entries(rows).map(([name, values]) => [name, weighted(values)])),
    },
    previous: Object.fromEntries(
      maximisation.learned.map((slot) => [slot, Float64Array.from(setting.arguments[slot] as number[])]),
    ),
    priors: {},
  });
  return Object.fromEntries(Object.entries(result).map(([slot, values]) => [slot, [...values]]));
}

function likelihood(setting: Setting, children: readonly (readonly number[])[]): number {
  return logDensities(setting, children).reduce((sum, value, n) => sum + weights[n] * value, 0);
}

/** Iterates where the statistics depend on the parameters; the others are done after one update. */
function maximised(setting: Setting, children: readonly (readonly number[])[], steps: number): Setting {
  let current = setting;
  for (let i = 0; i < steps; i++) {
    const next = { ...current, arguments: { ...current.arguments, ...update(current, children) } };
    const before = likelihood(current, children);
    expect(likelihood(next, children)).toBeGreaterThanOrEqual(before - 1e-9 * Math.abs(before));
    current = next;
  }
  return current;
}

describe.each(cases)("%s", (name, given, shape) => {
  const setting: Setting = { distribution: distributions[name], arguments: given, ...shape };
  const complete = samplesOf(setting, weights.length, 3);
  const withMissing = complete.map((child, n) => child.map((x, i) => ((n + 2 * i) % 5 === 0 ? NaN : x)));
  const steps = name === "NegativeBinomial" ? 400 : 1;

  it.each([
    ["complete", complete],
    ["missing", withMissing],
  ])("maximises its own density on %s data", (_, children) => {
    const best = maximised(setting, children, steps);
    const { learned } = setting.distribution.maximisation ?? { learned: [] };
    const point = learned.flatMap((slot) => best.arguments[slot] as number[]);
    expectMaximum((values) => {
      const moved = learned.map((slot, i) => [slot, values.slice(2 * i, 2 * i + 2)]);
      return likelihood({ ...best, arguments: { ...best.arguments, ...Object.fromEntries(moved) } }, children);
    }, point);
  });
});

describe.each([
  ["Categorical", {}, { categories: 3 }],
  ["Multinomial", { trials: 6 }, { event: [3] }],
] as const)("%s", (name, given, shape) => {
  const setting: Setting = {
    distribution: distributions[name],
    arguments: { ...given, probabilities: [0.2, 0.3, 0.5] },
    ...shape,
  } as Setting;
  const complete = samplesOf(setting, weights.length, 3);
  const withMissing =
    name === "Multinomial"
      ? complete.map((child, n) => child.map((x, i) => (n % 4 !== 0 && (n + i) % 3 === 0 ? NaN : x)))
      : complete;

  it.each([
    ["complete", complete, 1],
    ["missing", withMissing, 60],
  ] as const)("maximises its own density on %s data", (_, children, steps) => {
    const best = maximised(setting, children, steps);
    const [p, q] = best.arguments["probabilities"] as number[];
    expectMaximum(
      ([a, b]) => likelihood({ ...best, arguments: { ...best.arguments, probabilities: [a, b, 1 - a - b] } }, children),
      [p, q],
    );
  });
});
