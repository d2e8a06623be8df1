import { describe, expect, test } from "vitest";
import { RandomStream } from "../../src/numerics/random.js";
import { trainerOf } from "../support/trainers.js";

/**
 * Chains against the sum over every sequence of latent values, with densities written out here: the log-likelihood, the
 * posterior of every latent at every step, the most probable sequence, and EM that never makes the likelihood smaller.
 */
interface Chain {
  readonly text: string;
  readonly sizes: Readonly<Record<string, number>>;
  /** Values of the parameters: nested arrays. */
  readonly parameters: (random: Random) => Readonly<Record<string, Nested>>;
  /** Data of one step. */
  readonly data: (random: Random) => Readonly<Record<string, number | readonly number[]>>;
  /** Latents of every step, and of the sequence, with the number of their values. */
  readonly latents: Readonly<Record<string, number>>;
  readonly once?: Readonly<Record<string, number>>;
  /** log density of one step given the latents and data of this step and of earlier ones (undefined before the first). */
  readonly step: (p: Values, now: Values, before: Values | undefined, earlier: Values | undefined) => number;
  readonly first?: (p: Values, now: Values) => number;
}

type Nested = number | readonly Nested[];
// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion
type Values = Readonly<Record<string, never>> & Readonly<Record<string, any>>; // oxlint-disable-line no-explicit-any

class Random {
  private readonly stream: RandomStream;
  constructor(seed: number) {
    this.stream = new RandomStream({ seed, site: "chains", item: 0 });
  }
  normal(scale = 1): number {
    return scale * this.stream.normal();
  }
  positive(): number {
    return 0.3 + 2 * this.stream.uniform();
  }
  integer(below: number): number {
    return Math.floor(below * this.stream.uniform());
  }
  simplex(size: number): number[] {
    const raw = Array.from({ length: size }, () => 0.05 - Math.log(this.stream.uniform()));
    const total = raw.reduce((a, b) => a + b, 0);
    return raw.map((value) => value / total);
  }
  list<T>(size: number, make: () => T): T[] {
    return Array.from({ length: size }, make);
  }
}

const logNormal = (x: number, mean: number, variance: number): number =>
  -0.5 * (Math.log(2 * Math.PI * variance) + (x - mean) ** 2 / variance);
const logPoisson = (x: number, rate: number): number => {
  let logFactorial = 0;
  for (let i = 2; i <= x; i++) logFactorial += Math.log(i);
  return x * Math.log(rate) - rate - logFactorial;
};

const K = 2;
const hidden = (r: Random): Readonly<Record<string, Nested>> => ({
  p0: r.simplex(K),
  P: r.list(K, () => r.simplex(K)),
});
const logMove = (p: Values, k: number, before: number | undefined): number =>
  Math.log(before === undefined ? p["p0"][k] : p["P"][before][k]);

const chains: Readonly<Record<string, Chain>> = {
  "Poisson emissions": {
    text: `model M { size K
      param p0: Simplex[K]  param P[K]: Simplex[K]  param rate[K]: Positive
      each s { chain t {
        latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(p0)
        observe y: Count ~ Poisson(rate[k])
      } } }`,
    sizes: { K },
    parameters: (r) => ({ ...hidden(r), rate: r.list(K, () => r.positive()) }),
    data: (r) => ({ y: r.integer(5) }),
    latents: { k: K },
    step: (p, now, before) => logMove(p, now["k"], before?.["k"]) + logPoisson(now["y"], p["rate"][now["k"]]),
  },
  "autoregression by regimes": {
    text: `model M { size K
      param p0: Simplex[K]  param P[K]: Simplex[K]
      param a[K]: Real  param b[K]: Real  param v[K]: Positive  param m0: Real  param v0: Positive
      each s { chain t {
        latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(p0)
        observe y: Real ~ Normal(a[k] * y[t-1] + b[k], v[k]) init Normal(m0, v0)
      } } }`,
    sizes: { K },
    parameters: (r) => ({
      ...hidden(r),
      a: r.list(K, () => r.normal(0.5)),
      b: r.list(K, () => r.normal()),
      v: r.list(K, () => r.positive()),
      m0: r.normal(),
      v0: r.positive(),
    }),
    data: (r) => ({ y: r.normal(2) }),
    latents: { k: K },
    step: (p, now, before) =>
      logMove(p, now["k"], before?.["k"]) +
      (before === undefined
        ? logNormal(now["y"], p["m0"], p["v0"])
        : logNormal(now["y"], p["a"][now["k"]] * before["y"] + p["b"][now["k"]], p["v"][now["k"]])),
  },
  "mixture emissions": {
    text: `model M { size K, C
      param p0: Simplex[K]  param P[K]: Simplex[K]
      param w[K]: Simplex[C]  param m[K, C]: Real  param v[K, C]: Positive
      each s { chain t {
        latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(p0)
        latent c: Category[C] ~ Categorical(w[k])
        observe y: Real ~ Normal(m[k, c], v[k, c])
      } } }`,
    sizes: { K, C: 2 },
    parameters: (r) => ({
      ...hidden(r),
      w: r.list(K, () => r.simplex(2)),
      m: r.list(K, () => r.list(2, () => r.normal(2))),
      v: r.list(K, () => r.list(2, () => r.positive())),
    }),
    data: (r) => ({ y: r.normal(2) }),
    latents: { k: K, c: 2 },
    step: (p, now, before) =>
      logMove(p, now["k"], before?.["k"]) +
      Math.log(p["w"][now["k"]][now["c"]]) +
      logNormal(now["y"], p["m"][now["k"]][now["c"]], p["v"][now["k"]][now["c"]]),
  },
  "two chains, one observation": {
    text: `model M { size K, L
      param p0: Simplex[K]  param P[K]: Simplex[K]
      param q0: Simplex[L]  param Q[L]: Simplex[L]
      param m[K, L]: Real  param v: Positive
      each s { chain t {
        latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(p0)
        latent l: Category[L] ~ Categorical(Q[l[t-1]]) init Categorical(q0)
        observe y: Real ~ Normal(m[k, l], v)
      } } }`,
    sizes: { K, L: 3 },
    parameters: (r) => ({
      ...hidden(r),
      q0: r.simplex(3),
      Q: r.list(3, () => r.simplex(3)),
      m: r.list(K, () => r.list(3, () => r.normal(2))),
      v: r.positive(),
    }),
    data: (r) => ({ y: r.normal(2) }),
    latents: { k: K, l: 3 },
    step: (p, now, before) =>
      logMove(p, now["k"], before?.["k"]) +
      Math.log(before === undefined ? p["q0"][now["l"]] : p["Q"][before["l"]][now["l"]]) +
      logNormal(now["y"], p["m"][now["k"]][now["l"]], p["v"]),
  },
  "a chain that depends on another's past": {
    text: `model M { size K, L
      param p0: Simplex[K]  param P[K]: Simplex[K]
      param q0: Simplex[L]  param Q[L, K]: Simplex[L]
      param rate[L]: Positive
      each s { chain t {
        latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(p0)
        latent l: Category[L] ~ Categorical(Q[l[t-1], k]) init Categorical(q0)
        observe y: Count ~ Poisson(rate[l])
      } } }`,
    sizes: { K, L: 2 },
    parameters: (r) => ({
      ...hidden(r),
      q0: r.simplex(2),
      Q: r.list(2, () => r.list(K, () => r.simplex(2))),
      rate: r.list(2, () => r.positive()),
    }),
    data: (r) => ({ y: r.integer(4) }),
    latents: { k: K, l: 2 },
    step: (p, now, before) =>
      logMove(p, now["k"], before?.["k"]) +
      Math.log(before === undefined ? p["q0"][now["l"]] : p["Q"][before["l"]][now["k"]][now["l"]]) +
      logPoisson(now["y"], p["rate"][now["l"]]),
  },
  "second order": {
    text: `model M { size K
      param p0: Simplex[K]  param P[K, K]: Simplex[K]  param m[K]: Real  param v: Positive
      each s { chain t {
        latent k: Category[K] ~ Categorical(P[k[t-1], k[t-2]]) init Categorical(p0)
        observe y: Real ~ Normal(m[k], v)
      } } }`,
    sizes: { K },
    parameters: (r) => ({
      p0: r.simplex(K),
      P: r.list(K, () => r.list(K, () => r.simplex(K))),
      m: r.list(K, () => r.normal(2)),
      v: r.positive(),
    }),
    data: (r) => ({ y: r.normal(2) }),
    latents: { k: K },
    step: (p, now, before, earlier) =>
      Math.log(earlier === undefined ? p["p0"][now["k"]] : p["P"][before!["k"]][earlier["k"]][now["k"]]) +
      logNormal(now["y"], p["m"][now["k"]], p["v"]),
  },
  "moves that depend on what is given": {
    text: `model M { size K, G
      param p0: Simplex[K]  param P[K, G]: Simplex[K]  param m[K]: Real  param v[K]: Positive
      each s { chain t {
        given g: Category[G]
        latent k: Category[K] ~ Categorical(P[k[t-1], g]) init Categorical(p0)
        observe y: Real ~ Normal(m[k], v[k])
      } } }`,
    sizes: { K, G: 2 },
    parameters: (r) => ({
      p0: r.simplex(K),
      P: r.list(K, () => r.list(2, () => r.simplex(K))),
      m: r.list(K, () => r.normal(2)),
      v: r.list(K, () => r.positive()),
    }),
    data: (r) => ({ y: r.normal(2), g: r.integer(2) }),
    latents: { k: K },
    step: (p, now, before) =>
      Math.log(before === undefined ? p["p0"][now["k"]] : p["P"][before["k"]][now["g"]][now["k"]]) +
      logNormal(now["y"], p["m"][now["k"]], p["v"][now["k"]]),
  },
  "a kind for each sequence": {
    text: `model M { size K, C
      param w: Simplex[C]  param p0[C]: Simplex[K]  param P[C, K]: Simplex[K]  param rate[K]: Positive
      each s {
        latent c: Category[C] ~ Categorical(w)
        chain t {
          latent k: Category[K] ~ Categorical(P[c, k[t-1]]) init Categorical(p0[c])
          observe y: Count ~ Poisson(rate[k])
        } } }`,
    sizes: { K, C: 2 },
    parameters: (r) => ({
      w: r.simplex(2),
      p0: r.list(2, () => r.simplex(K)),
      P: r.list(2, () => r.list(K, () => r.simplex(K))),
      rate: r.list(K, () => r.positive()),
    }),
    data: (r) => ({ y: r.integer(5) }),
    latents: { k: K },
    once: { c: 2 },
    first: (p, now) => Math.log(p["w"][now["c"]]),
    step: (p, now, before) =>
      Math.log(before === undefined ? p["p0"][now["c"]][now["k"]] : p["P"][now["c"]][before["k"]][now["k"]]) +
      logPoisson(now["y"], p["rate"][now["k"]]),
  },
  "several observations at a step": {
    text: `model M { size K, J
      param p0: Simplex[K]  param P[K]: Simplex[K]  param q[K, J]: Unit
      each s { chain t {
        latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(p0)
        each j in J { observe y: Binary ~ Bernoulli(q[k, j]) }
      } } }`,
    sizes: { K, J: 3 },
    parameters: (r) => ({ ...hidden(r), q: r.list(K, () => r.simplex(4).slice(1)) }),
    data: (r) => ({ y: r.list(3, () => r.integer(2)) }),
    latents: { k: K },
    step: (p, now, before) =>
      (now["y"] as unknown as readonly number[]).reduce(
        (sum, y, j) => sum + Math.log(y === 1 ? p["q"][now["k"]][j] : 1 - p["q"][now["k"]][j]),
        logMove(p, now["k"], before?.["k"]),
      ),
  },
  "a kind for each step, no memory but in what is observed": {
    text: `model M { size K
      param w: Simplex[K]  param a[K]: Real  param b[K]: Real  param v: Positive  param m0: Real
      each s { chain t {
        latent k: Category[K] ~ Categorical(w)
        observe y: Real ~ Normal(a[k] * y[t-1] + b[k], v) init Normal(m0, v)
      } } }`,
    sizes: { K },
    parameters: (r) => ({
      w: r.simplex(K),
      a: r.list(K, () => r.normal(0.5)),
      b: r.list(K, () => r.normal()),
      v: r.positive(),
      m0: r.normal(),
    }),
    data: (r) => ({ y: r.normal(2) }),
    latents: { k: K },
    step: (p, now, before) =>
      Math.log(p["w"][now["k"]]) +
      (before === undefined
        ? logNormal(now["y"], p["m0"], p["v"])
        : logNormal(now["y"], p["a"][now["k"]] * before["y"] + p["b"][now["k"]], p["v"])),
  },
};

/** Every combination of values. */
function combinations(counts: readonly number[]): number[][] {
  return counts.reduce<number[][]>(
    (all, count) => all.flatMap((one) => Array.from({ length: count }, (_, value) => [...one, value])),
    [[]],
  );
}

function logSumExp(values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

interface Answer {
  readonly logLikelihood: number;
  /** By latent: [steps, values]. */
  readonly posterior: Readonly<Record<string, number[][]>>;
  readonly best: Readonly<Record<string, number[]>>;
}

function enumerate(chain: Chain, p: Values, rows: readonly Values[]): Answer {
  const names = Object.keys(chain.latents);
  const once = Object.keys(chain.once ?? {});
  const perStep = Object.values(chain.latents);
  const counts = [...Object.values(chain.once ?? {}), ...rows.flatMap(() => perStep)];
  const paths = combinations(counts).map((values) => {
    const fixed = Object.fromEntries(once.map((name, i) => [name, values[i]]));
    const steps = rows.map((row, t): Values => {
      const own = names.map((name, i) => [name, values[once.length + t * names.length + i]] as const);
      return { ...row, ...fixed, ...Object.fromEntries(own) } as Values;
    });
    const density = steps.reduce(
      (sum, now, t) => sum + chain.step(p, now, steps[t - 1], steps[t - 2]),
      chain.first?.(p, steps[0]!) ?? 0,
    );
    return { steps, density };
  });
  const logLikelihood = logSumExp(paths.map(({ density }) => density));
  const best = paths.reduce((a, b) => (b.density > a.density ? b : a));
  const all = { ...chain.latents, ...chain.once };
  return {
    logLikelihood,
    posterior: Object.fromEntries(
      Object.entries(all).map(([name, count]) => [
        name,
        rows.map((_, t) =>
          Array.from({ length: count }, (__, value) =>
            paths.reduce(
              (sum, { steps, density }) => sum + (steps[t]![name] === value ? Math.exp(density - logLikelihood) : 0),
              0,
            ),
          ),
        ),
      ]),
    ),
    best: Object.fromEntries(Object.keys(all).map((name) => [name, best.steps.map((step) => step[name] as number)])),
  };
}

/** Lengths of the sequences of a test: one of a single step among them. */
const lengths = [3, 1, 4, 2];

describe.each(Object.entries(chains))("%s", (_, chain) => {
  test.each([1, 2])("agrees with enumeration (seed %i)", async (seed) => {
    const random = new Random(seed);
    const parameters = chain.parameters(random);
    const sequences = lengths.map((length) => random.list(length, () => chain.data(random)));
    const Trainer = await trainerOf(chain.text);
    const trainer = new Trainer(chain.sizes);
    trainer.setParameters(parameters as never);
    const batches = sequences.map((rows) =>
      Object.fromEntries(Object.keys(rows[0]!).map((name) => [name, rows.map((row) => row[name]!)])),
    );
    const wanted = sequences.map((rows) => enumerate(chain, parameters as Values, rows as Values[]));

    const { logLikelihood, perRow } = await trainer.score(batches as never);
    const total = wanted.reduce((sum, one) => sum + one.logLikelihood, 0);
    expect(logLikelihood).toBeCloseTo(total, 9);
    expect(perRow.slice(0, lengths[0]).reduce((a, b) => a + b, 0)).toBeCloseTo(wanted[0]!.logLikelihood, 9);

    const { probability, ...values } = await trainer.predict(batches as never);
    for (const [name, table] of Object.entries(probability)) {
      const posterior = wanted.flatMap((one) => one.posterior[name]!.flat());
      table.data.forEach((got, i) => expect(got, `${name}[${i}]`).toBeCloseTo(posterior[i]!, 9));
      expect([...(values[name] as Int32Array)], name).toEqual(wanted.flatMap((one) => one.best[name]!));
    }

    // The order of the sequences, and rows of several sequences in turn, make no difference.
    const ids = sequences
      .flatMap((rows, s) => rows.map((row, t) => ({ s, t, row })))
      .sort((a, b) => a.t - b.t || b.s - a.s);
    const mixed = {
      s: ids.map(({ s }) => s),
      ...Object.fromEntries(Object.keys(batches[0]!).map((name) => [name, ids.map(({ row }) => row[name]!)])),
    };
    expect((await trainer.score(mixed as never)).logLikelihood).toBeCloseTo(total, 9);

    const result = await trainer.fit(batches as never, {
      init: parameters as never,
      maxIterations: 3,
      ridge: 0,
      tolerance: 0,
      accelerate: false,
    });
    expect(result.trace[0]).toBeCloseTo(total, 9);
    result.trace.slice(1).forEach((value, i) => expect(value).toBeGreaterThanOrEqual(result.trace[i]! - 1e-9));
  });
});
