import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/numerics/random.js";
import { trainerOf } from "../support/trainers.js";

/** Fits do not depend on the units, the origin and the tails of the data, nor on where a gradient happens to begin. */

const stream = (site: string): RandomStream => new RandomStream({ seed: 5, site });

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

async function fit(text: string, sizes: Record<string, number>, data: unknown, options: object = {}) {
  const Model = await trainerOf(text);
  const trainer = new Model(sizes);
  return trainer.fit(data as never, { seed: 1, ...options });
}

const poisson = `model M {
  size P
  param slope: Vector[P]
  param intercept: Real
  each n {
    given x: Vector[P]
    observe y: Count ~ Poisson(exp(dot(slope, x) + intercept))
  }
}`;

describe("what is learned by gradient", () => {
  it("Poisson regression: regressors in any unit, and far from 0, have the same maximum", async () => {
    const noise = stream("regressors");
    const standard = times(200, () => [noise.normal(), noise.normal()]);
    const counts = stream("counts");
    const y = standard.map(([a, b]) => counts.poisson(Math.exp(1 + 0.4 * a! - 0.3 * b!)));
    const best = await fit(poisson, {}, { x: standard, y });
    for (const [unit, shift] of [
      [1e4, 0],
      [1e-6, 0],
      [1, 1e3],
      [5, 180],
    ] as const) {
      const x = standard.map(([a, b]) => [unit * a! + shift, b!]);
      const found = await fit(poisson, {}, { x, y });
      expect(found.logLikelihood).toBeCloseTo(best.logLikelihood, 5);
      expect(found.converged).toBe(true);
    }
    // The score equations of the intercept: fitted and observed counts have the same sum.
    const [slope, intercept] = [best.parameters["slope"]!.data, best.parameters["intercept"]!.data[0]!];
    const fitted = standard.reduce((sum, [a, b]) => sum + Math.exp(intercept + slope[0]! * a! + slope[1]! * b!), 0);
    expect(fitted).toBeCloseTo(
      y.reduce((a, b) => a + b, 0),
      4,
    );
  });

  it("a start at which exp overflows is begun again nearer to 0", async () => {
    const text = `model M {
      param a: Real
      param b: Real
      param c: Real
      param d: Real
      each n {
        given x: Real
        observe y: Real ~ Normal(a + b * x, exp(c + d * x))
      }
    }`;
    const draws = stream("heteroscedastic");
    const x = times(150, (i) => 400 + 30 * i);
    const y = x.map((at) => 80 + 0.5 * at + Math.exp(3 + at / 4000) * draws.normal());
    const thousands = x.map((at) => at / 1000);
    const [raw, scaled] = [await fit(text, {}, { x, y }), await fit(text, {}, { x: thousands, y })];
    expect(raw.logLikelihood).toBeCloseTo(scaled.logLikelihood, 3);
    expect(raw.parameters["b"]!.data[0]).toBeCloseTo(0.5, 1);
  });

  it("ordered means: in any unit and from any origin the same fit", async () => {
    const text = `model M {
      size K
      param w: Simplex[K]
      param m: Ordered[K]
      param s[K]: Positive
      each n {
        latent z: Category[K] ~ Categorical(w)
        observe y: Real ~ Normal(m[z], s[z])
      }
    }`;
    const draws = stream("two groups");
    const y = times(200, (i) => (i % 3 === 0 ? -2 : 2) + draws.normal());
    const best = await fit(text, { K: 2 }, { y });
    expect([...best.parameters["m"]!.data].map(Math.round)).toEqual([-2, 2]);
    for (const [unit, shift] of [
      [1e8, 0],
      [1e-8, 0],
      [1, 1e6],
    ] as const) {
      const found = await fit(text, { K: 2 }, { y: y.map((value) => unit * value + shift) });
      expect(found.logLikelihood + y.length * Math.log(unit)).toBeCloseTo(best.logLikelihood, 2);
      expect(found.warnings).toEqual([]);
    }
  });
});

describe("tails and ties", () => {
  it("a Student-t mixture of very heavy tails is found: the ridge is not measured by the tails", async () => {
    const text = `model M {
      size K = 2, D
      param w: Simplex[K]
      param m[K]: Vector[D]
      param S[K]: Cov[D]
      param nu[K]: Positive
      each n {
        latent z: Category[K] ~ Categorical(w)
        observe x: Vector[D] ~ StudentT(nu[z], m[z], S[z])
      }
    }`;
    const Model = await trainerOf(text);
    const truth = new Model({ K: 2, D: 2 });
    truth.setParameters({
      w: [0.25, 0.75],
      m: [
        [1, 1],
        [-1, -1],
      ],
      S: [
        [
          [1, -0.5],
          [-0.5, 4],
        ],
        [
          [0.3, 0.5],
          [0.5, 1.1],
        ],
      ],
      nu: [0.7, 1.8],
    } as never);
    const { x } = await truth.sample(1500, { seed: 3 });
    const found = await new Model({ K: 2, D: 2 }).fit({ x: x! } as never, { seed: 1 });
    const atTruth = (await truth.score({ x: x! } as never)).logLikelihood;
    expect(Math.max(...x!.data.map(Math.abs))).toBeGreaterThan(1e3);
    expect(found.logLikelihood).toBeGreaterThan(atTruth - 0.1);
  });

  it("one value as far as numbers reach does not blind a Student-t for all others", async () => {
    const text = `model M {
      param nu: Positive
      param m: Real
      param s: Positive
      each n {
        observe y: Real ~ StudentT(nu, m, s)
      }
    }`;
    const draws = stream("far out");
    const y = [...times(200, () => 3 + draws.normal()), -1e20];
    const found = await fit(text, {}, { y });
    expect(found.parameters["m"]!.data[0]).toBeCloseTo(3, 0);
    expect(found.parameters["s"]!.data[0]).toBeLessThan(2);
  });

  it("a LogNormal component on equal values is as narrow as the ridge, not narrower", async () => {
    const text = `model M {
      size K
      param w: Simplex[K]
      param mu[K]: Real
      param v[K]: Positive
      each n {
        latent z: Category[K] ~ Categorical(w)
        observe t: Positive ~ LogNormal(mu[z], v[z])
      }
    }`;
    const draws = stream("ties");
    const t = times(100, (i) => (i < 40 ? 5 : Math.exp(2 + 0.7 * draws.normal())));
    const found = await fit(text, { K: 2 }, { t });
    expect(Math.min(...found.parameters["v"]!.data)).toBeGreaterThan(1e-7);
    expect(found.warnings.map(({ code }) => code)).toContain("GEN5003");
  });

  it("components that differ by little of a large location are not the same", async () => {
    const text = `model M {
      size K
      param w: Simplex[K]
      param m[K]: Real
      param v: Positive
      each n {
        latent z: Category[K] ~ Categorical(w)
        observe y: Real ~ Normal(m[z], v)
      }
    }`;
    const draws = stream("far");
    const y = times(200, (i) => 1e9 + (i % 2 === 0 ? -5 : 5) + draws.normal());
    const found = await fit(text, { K: 2 }, { y });
    expect(found.warnings.map(({ code }) => code)).not.toContain("GEN5012");
  });
});

describe("sizes and rows", () => {
  it("a literal that does not go with a size is refused", async () => {
    const text = `model M {
      size K
      param w: Simplex[K] = [0.4, 0.6]
      param m[K]: Real
      each n {
        latent z: Category[K] ~ Categorical(w)
        observe y: Real ~ Normal(m[z], 1)
      }
    }`;
    await expect(fit(text, { K: 3 }, { y: [1, 2, 3, 4] })).rejects.toThrow(
      /parameters\.w: expected 3 values \(K = 3\)/,
    );
    expect((await fit(text, { K: 2 }, { y: [1, 2, 3, 4] })).parameters["w"]!.data).toEqual(Float64Array.of(0.4, 0.6));
  });

  it("a size too small for an entry that is picked by its number is refused", async () => {
    const text = `model M {
      size K
      param m: Vector[K]
      each n {
        observe y: Real ~ Normal(m[2], 1)
      }
    }`;
    const Model = await trainerOf(text);
    expect(() => new Model({ K: 2 })).toThrow(/sizes\.K: expected at least 3/);
    expect((await fit(text, { K: 3 }, { y: [1, 2, 6] })).parameters["m"]!.data[2]).toBeCloseTo(3, 9);
  });

  it("an impossible row is named by its place in what was given, weightless rows counted", async () => {
    const text = `model M {
      param p: Unit
      each n weight c {
        given trials: Count
        observe hits: Count ~ Binomial(trials, p)
      }
    }`;
    const data = { trials: [5, 5, 5, 5], hits: [2, 9, 3, 6], c: [1, 0, 1, 1] };
    await expect(fit(text, {}, data)).rejects.toMatchObject({ name: "NonFiniteError", row: 3 });
  });

  it("tables of simplexes with a single entry", async () => {
    const text = `model M {
      size G, K
      param a: Simplex[G]
      param b[G]: Simplex[K]
      param m[K]: Real
      each n {
        latent g: Category[G] ~ Categorical(a)
        latent z: Category[K] ~ Categorical(b[g])
        observe y: Real ~ Normal(m[z], 1)
      }
    }`;
    const found = await fit(text, { G: 2, K: 1 }, { y: times(60, (i) => i % 7) }, { maxIterations: 60, tolerance: 0 });
    expect(found.parameters["b"]!.data).toEqual(Float64Array.of(1, 1));
  });

  it("an entry that is missing in every row is said", async () => {
    const text = `model M {
      size D
      param m: Vector[D]
      param v: Diag[D]
      each n {
        observe x: Vector[D]? ~ Normal(m, v)
      }
    }`;
    const found = await fit(text, {}, { x: times(10, (i) => [i, NaN]) });
    expect(found.warnings.filter(({ code }) => code === "GEN5016")).toHaveLength(1);
    expect(found.warnings.map(({ message }) => message).join()).toMatch(/Entry 1 of `x` is missing in every row/);
  });
});

describe("the trace", () => {
  it("never falls, even where a component lost its rows and was started again", async () => {
    const text = `model M {
      size K
      param w: Simplex[K]
      param m[K]: Real
      param v[K]: Positive
      each n {
        latent z: Category[K] ~ Categorical(w)
        observe y: Real ~ Normal(m[z], v[z])
      }
    }`;
    const draws = stream("reseeded");
    const y = times(120, (i) => (i % 2 === 0 ? 0 : 6) + draws.normal());
    const init = { w: [0.5, 0.25, 0.25], m: [0, 6, 1e5], v: [1, 1, 1] };
    const found = await fit(text, { K: 3 }, { y }, { init });
    expect(found.warnings.map(({ code }) => code)).toContain("GEN5002");
    for (let i = 1; i < found.trace.length; i++) {
      expect(found.trace[i]! - found.trace[i - 1]!).toBeGreaterThan(-1e-7);
    }
    expect(found.iterations).toBe(found.trace.length);
  });
});
