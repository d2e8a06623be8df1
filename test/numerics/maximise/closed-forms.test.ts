import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { MaximisationInput, PriorArguments, RuleName } from "../../../src/numerics/maximise/index.js";
import { maximisers } from "../../../src/numerics/maximise/index.js";
import { digamma, logBesselI0, logGamma } from "../../../src/numerics/special-functions.js";
import { expectMaximum } from "./stationarity.js";

type Parameters = readonly number[];

/** A family as the test knows it: slots, log density, statistics of one value, priors it may have. */
interface Family {
  readonly rule: RuleName;
  readonly slots: readonly string[];
  readonly values: fc.Arbitrary<number>;
  readonly logDensity: (y: number, parameters: Parameters) => number;
  readonly statistics: (y: number) => Record<string, number>;
  readonly priors?: Readonly<Record<string, PriorArguments>>;
}

const positive = fc.double({ min: 0.05, max: 20, noNaN: true });
const unit = fc.double({ min: 0.02, max: 0.98, noNaN: true });
const gammaPrior = (shape: number, rate: number): PriorArguments => ({
  distribution: "Gamma",
  arguments: { shape: [shape], rate: [rate] },
});
const betaPrior: PriorArguments = { distribution: "Beta", arguments: { alpha: [2.5], beta: [1.5] } };
const trials = 7;

const families: readonly Family[] = [
  {
    rule: "poisson",
    slots: ["rate"],
    values: fc.nat(20),
    logDensity: (y, [rate]) => y * Math.log(rate) - rate,
    statistics: (y) => ({ total: y }),
    priors: { rate: gammaPrior(2, 0.5) },
  },
  {
    rule: "exponential",
    slots: ["rate"],
    values: positive,
    logDensity: (y, [rate]) => Math.log(rate) - rate * y,
    statistics: (y) => ({ total: y }),
    priors: { rate: gammaPrior(3, 2) },
  },
  {
    rule: "gamma",
    slots: ["shape", "rate"],
    values: positive,
    logDensity: (y, [a, b]) => a * Math.log(b) - logGamma(a) + (a - 1) * Math.log(y) - b * y,
    statistics: (y) => ({ total: y, logTotal: Math.log(y) }),
    priors: { shape: gammaPrior(2, 0.3), rate: gammaPrior(4, 1) },
  },
  {
    rule: "inverse-gamma",
    slots: ["shape", "scale"],
    values: positive,
    logDensity: (y, [a, b]) => a * Math.log(b) - logGamma(a) - (a + 1) * Math.log(y) - b / y,
    statistics: (y) => ({ inverseTotal: 1 / y, logTotal: Math.log(y) }),
    priors: { shape: gammaPrior(2, 0.3), scale: gammaPrior(4, 1) },
  },
  {
    rule: "bernoulli",
    slots: ["probability"],
    values: fc.nat(1),
    logDensity: (y, [p]) => (y === 1 ? Math.log(p) : Math.log(1 - p)),
    statistics: (y) => ({ total: y }),
    priors: { probability: betaPrior },
  },
  {
    rule: "binomial",
    slots: ["probability"],
    values: fc.nat(trials),
    logDensity: (y, [p]) => (y === 0 ? 0 : y * Math.log(p)) + (y === trials ? 0 : (trials - y) * Math.log(1 - p)),
    statistics: (y) => ({ total: y, trials }),
    priors: { probability: betaPrior },
  },
  {
    rule: "beta",
    slots: ["alpha", "beta"],
    values: unit,
    logDensity: (y, [a, b]) =>
      logGamma(a + b) - logGamma(a) - logGamma(b) + (a - 1) * Math.log(y) + (b - 1) * Math.log(1 - y),
    statistics: (y) => ({ logTotal: Math.log(y), complementLogTotal: Math.log(1 - y) }),
    priors: { alpha: gammaPrior(2, 0.3), beta: gammaPrior(3, 1) },
  },
  {
    rule: "von-mises",
    slots: ["location", "concentration"],
    values: fc.double({ min: -3, max: 3, noNaN: true }),
    logDensity: (y, [m, k]) => k * Math.cos(y - m) - logBesselI0(k),
    statistics: (y) => ({ cosineTotal: Math.cos(y), sineTotal: Math.sin(y) }),
  },
];

function logPrior(prior: PriorArguments | undefined, x: number): number {
  if (prior === undefined) return 0;
  const of = (name: string): number => prior.arguments[name][0];
  return prior.distribution === "Gamma"
    ? (of("shape") - 1) * Math.log(x) - of("rate") * x
    : (of("alpha") - 1) * Math.log(x) + (of("beta") - 1) * Math.log(1 - x);
}

interface Weighted {
  readonly y: number;
  readonly w: number;
}

function inputOf(
  family: Family,
  data: readonly (readonly Weighted[])[],
  priors: Family["priors"] = {},
): MaximisationInput {
  const names = Object.keys(family.statistics(0.5));
  const total = (items: readonly Weighted[], of: (y: number) => number): number =>
    items.reduce((sum, { y, w }) => sum + w * of(y), 0);
  return {
    cells: data.length,
    width: 1,
    statistics: {
      count: Float64Array.from(data, (items) => total(items, () => 1)),
      ...Object.fromEntries(
        names.map((name) => [
          name,
          Float64Array.from(data, (items) => total(items, (y) => family.statistics(y)[name])),
        ]),
      ),
    },
    previous: Object.fromEntries(family.slots.map((slot) => [slot, new Float64Array(data.length).fill(0.5)])),
    priors,
  };
}

const weightOf = fc.double({ min: 0.1, max: 2, noNaN: true });

describe.each(families)("$rule", (family) => {
  const { slots, logDensity } = family;
  const maximise = maximisers[family.rule];
  const dataset = fc.array(fc.record({ y: family.values, w: weightOf }), { minLength: 4, maxLength: 12 });
  const varied = dataset.filter(
    (items) =>
      new Set(items.map(({ y }) => y.toFixed(1))).size > 2 ||
      (family.rule === "bernoulli" && items.some(({ y }) => y === 0) && items.some(({ y }) => y === 1)),
  );

  const check = (data: readonly Weighted[], priors: Family["priors"]): void => {
    const updated = maximise(inputOf(family, [data], priors));
    const objective = (point: readonly number[]): number =>
      data.reduce((sum, { y, w }) => sum + w * logDensity(y, point), 0) +
      slots.reduce((sum, slot, i) => sum + logPrior(priors?.[slot], point[i]), 0);
    expectMaximum(
      objective,
      slots.map((slot) => updated[slot][0]),
    );
  };

  test.prop([varied])("maximises the weighted log density", (data) => {
    check(data, undefined);
  });

  test.prop([varied])("maximises it with the log prior", (data) => {
    check(data, family.priors);
  });

  test.prop([varied, varied])("treats cells on their own, and weight 2 as twice", (first, second) => {
    const both = maximise(inputOf(family, [first, second]));
    const doubled = second.map(({ y, w }) => ({ y, w: 2 * w }));
    const alone = maximise(inputOf(family, [doubled]));
    for (const slot of slots) expect(both[slot][1]).toBeCloseTo(alone[slot][0], 7);
  });

  it("keeps the previous value of an empty cell", () => {
    const updated = maximise(inputOf(family, [[]]));
    for (const slot of slots) expect([...updated[slot]]).toEqual([0.5]);
  });
});

describe("degenerate data", () => {
  const run = (rule: RuleName, values: readonly number[]): Record<string, Float64Array> => {
    const family = families.find((candidate) => candidate.rule === rule);
    if (family === undefined) throw new Error(rule);
    return maximisers[rule](inputOf(family, [values.map((y) => ({ y, w: 1 }))]));
  };

  it("stays inside the support", () => {
    expect(run("poisson", [0, 0]).rate[0]).toBe(1e-300);
    expect(run("bernoulli", [1, 1]).probability[0]).toBe(1);
    expect(run("bernoulli", [0]).probability[0]).toBe(0);
    const same = run("gamma", [3, 3, 3]);
    expect(same.shape[0]).toBeGreaterThan(1e6);
    expect(same.shape[0] / same.rate[0]).toBeCloseTo(3, 10);
    const aligned = run("von-mises", [1, 1, 1]);
    expect(aligned.location[0]).toBeCloseTo(1, 12);
    expect(aligned.concentration[0]).toBeGreaterThan(1e6);
    const opposite = run("von-mises", [0, Math.PI]);
    expect(opposite.concentration[0]).toBeLessThan(1e-7);
    const pinned = run("beta", [0.25, 0.25, 0.25]);
    expect(pinned.alpha[0] / (pinned.alpha[0] + pinned.beta[0])).toBeCloseTo(0.25, 4);
  });

  it("is finite for values spread over many orders of magnitude", () => {
    for (const values of [
      [1e-200, 1, 1e200],
      [1e-30, 1e-31],
    ]) {
      const { shape, rate } = run("gamma", values);
      expect(shape[0]).toBeGreaterThan(0);
      expect(rate[0]).toBeGreaterThan(0);
      expect(Number.isFinite(rate[0])).toBe(true);
    }
  });
});

describe("priors without data", () => {
  const empty = (slots: readonly string[], priors: Readonly<Record<string, PriorArguments>>): MaximisationInput => ({
    cells: 1,
    width: 1,
    statistics: {
      count: Float64Array.of(0),
      total: Float64Array.of(0),
      logTotal: Float64Array.of(0),
      trials: Float64Array.of(0),
    },
    previous: Object.fromEntries(slots.map((slot) => [slot, Float64Array.of(0.5)])),
    priors,
  });

  it("gives the mode of the prior", () => {
    expect(maximisers.poisson(empty(["rate"], { rate: gammaPrior(3, 4) })).rate[0]).toBeCloseTo(2 / 4, 14);
    const both = maximisers.gamma(empty(["shape", "rate"], { shape: gammaPrior(3, 4), rate: gammaPrior(6, 2) }));
    expect(both.shape[0]).toBeCloseTo(0.5, 12);
    expect(both.rate[0]).toBeCloseTo(2.5, 12);
    const probability = maximisers.binomial(empty(["probability"], { probability: betaPrior })).probability[0];
    expect(probability).toBeCloseTo(1.5 / 2, 14);
  });
});

describe.each(["categorical", "multinomial"] as const)("%s", (rule) => {
  const input = (occurrences: readonly number[], concentration?: readonly number[]): MaximisationInput => ({
    cells: 2,
    width: 3,
    statistics: { count: Float64Array.of(1, 1), occurrences: Float64Array.from([...occurrences, 0, 0, 0]) },
    previous: { probabilities: Float64Array.of(0.1, 0.2, 0.7, 0.3, 0.3, 0.4) },
    priors:
      concentration === undefined ? {} : { probabilities: { distribution: "Dirichlet", arguments: { concentration } } },
  });
  const run = (occurrences: readonly number[], concentration?: readonly number[]): number[] => [
    ...maximisers[rule](input(occurrences, concentration)).probabilities,
  ];

  it("normalises expected frequencies; a cell without any keeps its values", () => {
    expect(run([1, 2, 5])).toEqual([0.125, 0.25, 0.625, 0.3, 0.3, 0.4]);
  });

  it("adds concentration - 1, one for all or one each, never below 0", () => {
    expect(run([1, 2, 5], [2]).slice(0, 3)).toEqual([2 / 11, 3 / 11, 6 / 11]);
    expect(run([1, 2, 5], [1, 3, 1]).slice(0, 3)).toEqual([0.1, 0.4, 0.5]);
    expect(run([0.25, 2, 6], [0.5]).slice(0, 3)).toEqual([0, 1.5 / 7, 5.5 / 7]);
    expect(run([1, 2, 5], [3]).slice(3)).toEqual([1 / 3, 1 / 3, 1 / 3]);
  });
});

describe("negative-binomial", () => {
  const logDensity = (y: number, m: number, r: number): number =>
    logGamma(y + r) - logGamma(r) + r * Math.log(r / (r + m)) + y * Math.log(m / (r + m));
  const step = (data: readonly Weighted[], mean: number, shape: number): [number, number] => {
    const total = (of: (y: number) => number): Float64Array =>
      Float64Array.of(data.reduce((sum, { y, w }) => sum + w * of(y), 0));
    const updated = maximisers["negative-binomial"]({
      cells: 1,
      width: 1,
      statistics: {
        count: total(() => 1),
        total: total((y) => y),
        rateTotal: total((y) => (shape + y) / (shape / mean + 1)),
        logRateTotal: total((y) => digamma(shape + y) - Math.log(shape / mean + 1)),
      },
      previous: { mean: Float64Array.of(mean), shape: Float64Array.of(shape) },
      priors: {},
    });
    return [updated.mean[0], updated.shape[0]];
  };
  const counts = fc.array(fc.record({ y: fc.nat(30), w: weightOf }), { minLength: 3, maxLength: 12 });

  test.prop([
    counts.filter((data) => data.some(({ y }) => y > 0)),
    fc.double({ min: 0.2, max: 30, noNaN: true }),
    fc.double({ min: 0.1, max: 30, noNaN: true }),
  ])("never lowers the likelihood, which it does not see", (data, mean, shape) => {
    const likelihood = (m: number, r: number): number =>
      data.reduce((sum, { y, w }) => sum + w * logDensity(y, m, r), 0);
    const before = likelihood(mean, shape);
    expect(likelihood(...step(data, mean, shape))).toBeGreaterThanOrEqual(before - 1e-9 * Math.abs(before));
  });

  it("has the maximum of the likelihood as its fixed point", () => {
    const data = [0, 1, 1, 3, 9, 14, 2, 0, 5].map((y) => ({ y, w: 1 }));
    let [mean, shape] = [2, 2];
    for (let i = 0; i < 2000; i++) [mean, shape] = step(data, mean, shape);
    expectMaximum(([m, r]) => data.reduce((sum, { y }) => sum + logDensity(y, m, r), 0), [mean, shape]);
  });
});
