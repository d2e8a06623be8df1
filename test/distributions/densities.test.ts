import { describe, expect, it } from "vitest";
import { distributions } from "../../src/distributions/registry.js";
import type { Argument } from "./evaluate.js";
import { logDensities, logDensity, meanOf, samplesOf } from "./evaluate.js";
import type { Setting } from "./evaluate.js";
import type { DistributionName } from "../../src/ir/distribution-name.js";

const of = (
  name: DistributionName,
  given: Readonly<Record<string, Argument>>,
  rest: Pick<Setting, "event" | "categories"> = {},
): Setting => ({ distribution: distributions[name], arguments: given, ...rest });

describe("log densities against tables", () => {
  /** scipy 1.17, scipy.stats logpdf and logpmf with the parameters translated. */
  const rows: [string, Setting, number[], number][] = [
    ["Normal", of("Normal", { mean: 1, covariance: 4 }), [2.5], -1.893335713764618],
    [
      "Normal with full covariance",
      of(
        "Normal",
        {
          mean: [0.5, -1, 2],
          covariance: [
            [2, 0.6, -0.4],
            [0.6, 1.5, 0.3],
            [-0.4, 0.3, 1],
          ],
        },
        { event: [3] },
      ),
      [1.2, 0.4, -0.9],
      -10.044604519645416,
    ],
    ["StudentT", of("StudentT", { degreesOfFreedom: 3.5, location: 1, scale: 4 }), [2.5], -2.0179508249305447],
    [
      "StudentT with full scale",
      of(
        "StudentT",
        {
          degreesOfFreedom: 3.5,
          location: [0.5, -1, 2],
          scale: [
            [2, 0.6, -0.4],
            [0.6, 1.5, 0.3],
            [-0.4, 0.3, 1],
          ],
        },
        { event: [3] },
      ),
      [1.2, 0.4, -0.9],
      -8.143042247709461,
    ],
    [
      "StudentT with diagonal scale",
      of("StudentT", { degreesOfFreedom: 3.5, location: 0, scale: [2, 3] }, { event: [2] }),
      [1.0, 2.0],
      -3.892093829983207,
    ],
    ["Laplace", of("Laplace", { location: 1, scale: 2 }), [-2.5], -3.136294361119891],
    ["LogNormal", of("LogNormal", { mean: 1, covariance: 4 }), [2.5], -2.5292523508350433],
    ["Gamma", of("Gamma", { shape: 2.5, rate: 0.5 }), [3.25], -1.874568327360313],
    ["InvGamma", of("InvGamma", { shape: 2.5, scale: 0.5 }), [3.25], -6.296689462914698],
    ["Exponential", of("Exponential", { rate: 0.5 }), [3.25], -2.3181471805599454],
    ["Beta", of("Beta", { alpha: 2.5, beta: 0.5 }), [0.25], -2.099501138291619],
    ["Uniform", of("Uniform", { lower: -1, upper: 4 }), [0.25], -1.6094379124341003],
    ["Poisson", of("Poisson", { rate: 2.5 }), [4.0], -2.0128909028513253],
    ["NegativeBinomial", of("NegativeBinomial", { mean: 2.5, shape: 1.5 }), [4.0], -2.4507160215945154],
    ["Bernoulli", of("Bernoulli", { probability: 0.3 }), [1.0], -1.2039728043259361],
    ["Binomial", of("Binomial", { trials: 9, probability: 0.3 }), [4.0], -1.7629840300459296],
    ["Categorical by logits", of("Categorical", { logits: [0, 1, 2] }, { categories: 3 }), [1.0], -1.4076059644443801],
    [
      "Multinomial",
      of("Multinomial", { trials: 5, probabilities: [0.2, 0.3, 0.5] }, { event: [3] }),
      [1.0, 3.0, 1.0],
      -2.918771232417864,
    ],
    [
      "Dirichlet",
      of("Dirichlet", { concentration: [2, 0.5, 3] }, { event: [3] }),
      [0.25, 0.25, 0.5],
      0.6128603024542354,
    ],
    [
      "Dirichlet with one concentration",
      of("Dirichlet", { concentration: 1.5 }, { event: [3] }),
      [0.25, 0.25, 0.5],
      1.083215332348315,
    ],
    ["VonMises", of("VonMises", { location: 0.5, concentration: 3 }), [2.0], -3.210973083219657],
    [
      "Wishart",
      of(
        "Wishart",
        {
          degreesOfFreedom: 5.5,
          scale: [
            [2, 0.6, -0.4],
            [0.6, 1.5, 0.3],
            [-0.4, 0.3, 1],
          ],
        },
        { event: [3, 3] },
      ),
      [1.5, 0.2, 0.1, 0.2, 2.0, -0.3, 0.1, -0.3, 0.8],
      -11.36225743725226,
    ],
    [
      "Wishart with scale 2 I",
      of("Wishart", { degreesOfFreedom: 5.5, scale: 2 }, { event: [3, 3] }),
      [1.5, 0.2, 0.1, 0.2, 2.0, -0.3, 0.1, -0.3, 0.8],
      -14.153024716891803,
    ],
    [
      "InvWishart",
      of(
        "InvWishart",
        {
          degreesOfFreedom: 5.5,
          scale: [
            [2, 0.6, -0.4],
            [0.6, 1.5, 0.3],
            [-0.4, 0.3, 1],
          ],
        },
        { event: [3, 3] },
      ),
      [1.5, 0.2, 0.1, 0.2, 2.0, -0.3, 0.1, -0.3, 0.8],
      -11.513346559716005,
    ],
    [
      "InvWishart with diagonal scale",
      of("InvWishart", { degreesOfFreedom: 5.5, scale: [1, 2, 3] }, { event: [3, 3] }),
      [1.5, 0.2, 0.1, 0.2, 2.0, -0.3, 0.1, -0.3, 0.8],
      -9.672190962656265,
    ],
  ];
  it.each(rows)("%s", (_, setting, child, expected) => {
    expect(Math.abs(logDensity(setting, ...child) - expected)).toBeLessThan(1e-12 * Math.max(1, Math.abs(expected)));
  });
});

/** Scalar families, with an interval that holds all but a negligible part of their mass. */
const continuous: [string, Setting, number, number][] = [
  ["Normal", of("Normal", { mean: 1, covariance: 4 }), -25, 27],
  ["Normal by sd", of("Normal", { mean: 1, sd: 2 }), -25, 27],
  ["StudentT", of("StudentT", { degreesOfFreedom: 7, location: 1, scale: 0.5 }), -200, 202],
  ["Laplace", of("Laplace", { location: -1, scale: 0.7 }), -31, 29],
  ["LogNormal", of("LogNormal", { mean: 0.2, covariance: 0.25 }), 0, 60],
  ["Gamma", of("Gamma", { shape: 2.5, rate: 1.5 }), 0, 35],
  ["InvGamma", of("InvGamma", { shape: 6, scale: 4 }), 0, 200],
  ["Exponential", of("Exponential", { rate: 1.5 }), 0, 30],
  ["Beta", of("Beta", { alpha: 2.5, beta: 3.5 }), 0, 1],
  ["Uniform", of("Uniform", { lower: -1, upper: 3 }), -1, 3],
  ["VonMises", of("VonMises", { location: 0.5, concentration: 2 }), 0.5 - Math.PI, 0.5 + Math.PI],
];

describe.each(continuous)("%s", (name, setting, from, to) => {
  // Tanh-free midpoints: smooth integrands that vanish at both ends, or nearly.
  const count = 20_000;
  const width = (to - from) / count;
  const points = Array.from({ length: count }, (_, i) => from + width * (i + 0.5));
  const densities = logDensities(
    setting,
    points.map((x) => [x]),
  ).map(Math.exp);
  const integral = (f: (x: number) => number): number =>
    densities.reduce((sum, density, i) => sum + density * f(points[i]), 0) * width;

  it("integrates to 1", () => {
    expect(Math.abs(integral(() => 1) - 1)).toBeLessThan(2e-5);
  });

  it("has its mean", () => {
    const [mean] = meanOf(setting);
    if (name === "VonMises") expect(integral((x) => Math.sin(x - mean))).toBeCloseTo(0, 6);
    else expect(Math.abs(integral((x) => x) - mean)).toBeLessThan(3e-5 * (1 + Math.abs(mean)));
  });

  it("draws from its density", () => {
    const draws = samplesOf(setting, 4000)
      .map(([x]) => x)
      .sort((a, b) => a - b);
    // Kolmogorov-Smirnov distance between the draws and the integrated density.
    let cumulative = 0;
    let at = 0;
    let distance = 0;
    points.forEach((x, i) => {
      cumulative += densities[i] * width;
      while (at < draws.length && draws[at] <= x + width / 2) at++;
      distance = Math.max(distance, Math.abs(cumulative - at / draws.length));
    });
    expect(distance * Math.sqrt(draws.length)).toBeLessThan(2.2);
  });
});

const discrete: [string, Setting, number][] = [
  ["Poisson", of("Poisson", { rate: 3.5 }), 60],
  ["NegativeBinomial", of("NegativeBinomial", { mean: 3, shape: 2.5 }), 200],
  ["NegativeBinomial, nearly Poisson", of("NegativeBinomial", { mean: 3, shape: 1e7 }), 60],
  ["Bernoulli", of("Bernoulli", { probability: 0.3 }), 1],
  ["Bernoulli by logits", of("Bernoulli", { logits: -0.7 }), 1],
  ["Binomial", of("Binomial", { trials: 9, probability: 0.3 }), 9],
  ["Binomial by logits", of("Binomial", { trials: 9, logits: 1.3 }), 9],
];

describe.each(discrete)("%s", (_, setting, most) => {
  const values = Array.from({ length: most + 1 }, (_unused, x) => x);
  const masses = logDensities(
    setting,
    values.map((x) => [x]),
  ).map(Math.exp);

  it("sums to 1 and has its mean", () => {
    expect(masses.reduce((sum, mass) => sum + mass, 0)).toBeCloseTo(1, 7);
    expect(masses.reduce((sum, mass, x) => sum + mass * x, 0)).toBeCloseTo(meanOf(setting)[0], 6);
  });

  it("draws from its masses", () => {
    const counts = Array.from({ length: most + 1 }, () => 0);
    const n = 4000;
    for (const [x] of samplesOf(setting, n)) counts[x]++;
    let cumulative = 0;
    let distance = 0;
    counts.reduce((seen, count, x) => {
      cumulative += masses[x];
      distance = Math.max(distance, Math.abs(cumulative - (seen + count) / n));
      return seen + count;
    }, 0);
    expect(distance * Math.sqrt(n)).toBeLessThan(2);
  });
});

describe("impossible and certain values", () => {
  const expectValue = (setting: Setting, child: number[], expected: number): void => {
    expect(logDensity(setting, ...child) + 0).toBe(expected);
  };

  it("gives -inf to impossible data and 0 to certain data, never NaN", () => {
    expectValue(of("Bernoulli", { probability: 1 }), [1], 0);
    expectValue(of("Bernoulli", { probability: 1 }), [0], -Infinity);
    expectValue(of("Bernoulli", { probability: 0 }), [0], 0);
    expectValue(of("Bernoulli", { probability: 0 }), [1], -Infinity);
    expectValue(of("Binomial", { trials: 3, probability: 0 }), [0], 0);
    expectValue(of("Binomial", { trials: 3, probability: 1 }), [2], -Infinity);
    expectValue(of("Binomial", { trials: 3, probability: 0.5 }), [4], -Infinity);
    expectValue(of("Poisson", { rate: 0 }), [0], 0);
    expectValue(of("Poisson", { rate: 0 }), [2], -Infinity);
    expectValue(of("Uniform", { lower: 0, upper: 1 }), [1.5], -Infinity);
    expectValue(of("Categorical", { probabilities: [0, 1] }, { categories: 2 }), [1], 0);
    expectValue(of("Categorical", { probabilities: [0, 1] }, { categories: 2 }), [0], -Infinity);
    const multinomial = of("Multinomial", { trials: 2, probabilities: [0, 1] }, { event: [2] });
    expectValue(multinomial, [0, 2], 0);
    expectValue(multinomial, [1, 1], -Infinity);
    expectValue(multinomial, [0, 1], -Infinity);
    expectValue(of("Dirichlet", { concentration: 1 }, { event: [2] }), [0, 1], 0);
  });
});

describe("missing entries", () => {
  const entrywise: [DistributionName, Record<string, Argument>, number, number][] = [
    ["Normal", { mean: [1, 2], covariance: [2, 3] }, 0.5, 2],
    ["Normal", { mean: [1, 2], sd: [2, 3] }, 0.5, 2],
    ["Normal", { mean: [1, 2], covariance: 2 }, 0.5, 2],
    ["Laplace", { location: [1, 2], scale: [2, 3] }, 0.5, 2],
    ["LogNormal", { mean: [1, 2], covariance: [2, 3] }, 0.5, 2],
    ["Gamma", { shape: [1, 2], rate: [2, 3] }, 0.5, 2],
    ["InvGamma", { shape: [1, 2], scale: [2, 3] }, 0.5, 2],
    ["Exponential", { rate: [1, 2] }, 0.5, 2],
    ["Beta", { alpha: [1, 2], beta: [2, 3] }, 0.5, 0.2],
    ["Uniform", { lower: [0.1, 0.2], upper: [4, 5] }, 0.5, 0.2],
    ["Poisson", { rate: [1, 2] }, 3, 2],
    ["NegativeBinomial", { mean: [1, 2], shape: [3, 4] }, 3, 2],
    ["Bernoulli", { probability: [0.2, 0.7] }, 1, 0],
    ["Bernoulli", { logits: [0.2, 0.7] }, 1, 0],
    ["Binomial", { trials: 5, probability: [0.2, 0.7] }, 1, 3],
    ["VonMises", { location: [0.2, 0.7], concentration: [2, 3] }, 1, 3],
  ];

  it.each(entrywise)("%s %j is a sum over the observed entries", (name, given, first, second) => {
    const pair = of(name, given, { event: [2] });
    const entry = (i: number): Setting =>
      of(
        name,
        Object.fromEntries(
          Object.entries(given).map(([slot, value]) => [
            slot,
            typeof value === "number" ? value : (value[i] as number),
          ]),
        ),
      );
    const a = logDensity(entry(0), first);
    const b = logDensity(entry(1), second);
    const rows = logDensities(pair, [
      [first, NaN],
      [NaN, second],
      [NaN, NaN],
      [first, second],
    ]);
    [a, b, 0, a + b].forEach((expected, i) => expect(rows[i]).toBeCloseTo(expected, 12));
  });

  const covariance = [
    [2, 0.6, -0.4],
    [0.6, 1.5, 0.3],
    [-0.4, 0.3, 1],
  ];
  const sub = (kept: readonly number[]): number[][] => kept.map((i) => kept.map((j) => covariance[i][j]));

  it.each([
    ["Normal", "mean", "covariance", {}],
    ["LogNormal", "mean", "covariance", {}],
    ["StudentT", "location", "scale", { degreesOfFreedom: 3.5 }],
  ] as const)("%s with a full matrix has the marginal of the observed block", (name, location, matrix, more) => {
    const centre = [0.5, -1, 2];
    const x = [1.2, 0.4, 0.9];
    const whole = of(name, { ...more, [location]: centre, [matrix]: covariance }, { event: [3] });
    for (const kept of [[0, 2], [1], [0, 1, 2]]) {
      const masked = x.map((value, i) => (kept.includes(i) ? value : NaN));
      const part = of(
        name,
        { ...more, [location]: kept.map((i) => centre[i]), [matrix]: sub(kept) },
        { event: [kept.length] },
      );
      expect(logDensity(whole, ...masked)).toBeCloseTo(logDensity(part, ...kept.map((i) => x[i])), 12);
    }
    expect(logDensity(whole, NaN, NaN, NaN)).toBeCloseTo(0, 12);
  });

  it("Multinomial sums over the missing counts", () => {
    const setting = of("Multinomial", { trials: 5, probabilities: [0.2, 0.3, 0.4, 0.1] }, { event: [4] });
    const pairs = [0, 1, 2, 3].map((k) => [1, k, 3 - k, 1]);
    const total = logDensities(setting, pairs).reduce((sum, value) => sum + Math.exp(value), 0);
    const rows = logDensities(setting, [
      [1, NaN, NaN, 1],
      [1, 1, 2, NaN],
      [NaN, NaN, NaN, NaN],
      [1, 1, 2, 1],
    ]);
    expect(rows[0]).toBeCloseTo(Math.log(total), 12);
    expect(rows[1]).toBeCloseTo(rows[3], 12);
    expect(rows[2]).toBeCloseTo(0, 12);
  });
});
