import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LoadedTrainerClass } from "../../src/compile/index.js";
import type { Extent } from "../../src/runtime/index.js";
import { trainerOf } from "../support/trainers.js";

type Numbers = number | null | readonly Numbers[];

interface GoldenCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Numbers>>;
  readonly expected: Readonly<Record<string, Numbers>> & {
    readonly loglik: number;
    readonly loglik_rows?: readonly number[];
    readonly responsibilities: readonly (readonly number[])[];
    readonly em_step: Readonly<Record<string, Numbers>>;
  };
}

const golden = JSON.parse(readFileSync(new URL("mixtures.json", import.meta.url), "utf8")) as {
  readonly tol_rel: number;
  readonly cases: readonly GoldenCase[];
};

/**
 * The EM step of a case, in the augmentation that genc uses. The file takes all that is missing as latent; genc leaves a
 * row of which nothing is observed out of what it learns of the row's distribution, though not out of the weights
 * (docs/decisions/0003). Both are EM steps with the same fixed points. With r rows of the old component left out of N:
 *
 *     (N - r) mean' = N mean - r mean_old
 *     (N - r) (S' + mean' mean'') = N (S + mean mean'') - r (S_old + mean_old mean_old'')
 */
function emStep({ inputs, expected }: GoldenCase): Readonly<Record<string, readonly number[]>> {
  const step = Object.fromEntries(Object.entries(expected.em_step).map(([name, values]) => [name, flat(values)]));
  const rows = inputs["X"] as readonly Numbers[] | undefined;
  const empty = (rows ?? []).filter((row) => flat(row).every(Number.isNaN)).length;
  if (empty === 0) return step;
  const [before, weights] = [flat(inputs["weights"]!), step["weights"]!];
  const width = flat(rows![0]!).length;
  const means: number[] = [];
  const covs: number[] = [];
  before.forEach((portion, k) => {
    const [n, r] = [rows!.length * weights[k]!, empty * portion];
    const [centre, old] = [step["means"]!, flat(inputs["means"]!)].map((all) => all.slice(k * width, (k + 1) * width));
    const moved = centre!.map((value, i) => (n * value - r * old![i]!) / (n - r));
    means.push(...moved);
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < width; j++) {
        const at = (k * width + i) * width + j;
        const second = n * (step["covs"]![at]! + centre![i]! * centre![j]!);
        const left = r * (flat(inputs["covs"]!)[at]! + old![i]! * old![j]!);
        covs.push((second - left) / (n - r) - moved[i]! * moved[j]!);
      }
    }
  });
  return { weights, means, covs };
}

/** How a case is written in the language: its text, and the names of what the case calls otherwise. */
interface Written {
  readonly text: string;
  /** Parameter → name in `inputs` and `em_step`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Variable → name in `inputs`. */
  readonly data: Readonly<Record<string, string>>;
  readonly sizes?: Readonly<Record<string, number>>;
}

function gaussian(spread: string, read: string, optional = ""): Written {
  return {
    text: `model Blobs {
      size C, W
      param portion: Simplex[C]
      param heart[C]: Vector[W]
      param form${spread}[W]
      each item {
        latent which: Category[C] ~ Categorical(portion)
        observe at: Vector[W]${optional} ~ Normal(heart[which], form${read})
      }
    }`,
    parameters: { portion: "weights", heart: "means", form: "covs" },
    data: { at: "X" },
  };
}

const written: Readonly<Record<string, Written>> = {
  gmm_spherical: gaussian("[C]: Iso", "[which]"),
  gmm_diag: gaussian("[C]: Diag", "[which]"),
  gmm_tied: gaussian(": Cov", ""),
  gmm_full: gaussian("[C]: Cov", "[which]"),
  gmm_full_missing: gaussian("[C]: Cov", "[which]", "?"),
  poisson_mixture: {
    text: `model Calls {
      size C
      param portion: Simplex[C]
      param pace[C]: Positive
      each hour {
        latent which: Category[C] ~ Categorical(portion)
        observe calls: Count ~ Poisson(pace[which])
      }
    }`,
    parameters: { portion: "weights", pace: "rates" },
    data: { calls: "x" },
  },
  bernoulli_mixture_lca: {
    text: `model Switches {
      size C, W
      param portion: Simplex[C]
      param chance[C, W]: Unit
      each item {
        latent which: Category[C] ~ Categorical(portion)
        each w in W { observe on: Binary ~ Bernoulli(chance[which, w]) }
      }
    }`,
    parameters: { portion: "weights", chance: "probs" },
    data: { on: "X" },
  },
  categorical_mixture: {
    text: `model Choices {
      size C, W, V
      param portion: Simplex[C]
      param taste[C, W]: Simplex[V]
      each item {
        latent which: Category[C] ~ Categorical(portion)
        each w in W { observe choice: Category[V] ~ Categorical(taste[which, w]) }
      }
    }`,
    parameters: { portion: "weights", taste: "probs_k_j_v" },
    data: { choice: "X" },
  },
  linear_regression_mixture: {
    text: `model Lines {
      size C, W
      param portion: Simplex[C]
      param line[C]: Vector[W]
      param noise[C]: Positive
      each item {
        given at: Vector[W]
        latent which: Category[C] ~ Categorical(portion)
        observe height: Real ~ Normal(dot(line[which], at), noise[which])
      }
    }`,
    parameters: { portion: "weights", line: "beta", noise: "sigma2" },
    data: { at: "X_with_intercept", height: "y" },
  },
};

function flat(values: Numbers): number[] {
  if (values === null) return [NaN];
  return typeof values === "number" ? [values] : values.flatMap(flat);
}

function expectClose(got: ArrayLike<number>, want: readonly number[], what: string): void {
  expect(got.length, what).toBe(want.length);
  want.forEach((value, i) =>
    expect(Math.abs(got[i]! - value), `${what}[${i}]: ${got[i]} and ${value}`).toBeLessThanOrEqual(
      golden.tol_rel * (1 + Math.abs(value)),
    ),
  );
}

function pick(names: Readonly<Record<string, string>>, from: GoldenCase["inputs"]): Record<string, readonly Numbers[]> {
  return Object.fromEntries(
    Object.entries(names).map(([own, name]) => {
      const values = from[name];
      if (values === undefined || values === null || typeof values === "number")
        throw new Error(`the case has no list ${name}`);
      return [own, values];
    }),
  );
}

describe("golden mixtures", () => {
  test("every case is written down here", () => {
    expect(golden.cases.map(({ name }) => name).sort()).toEqual(Object.keys(written).sort());
  });

  describe.each(golden.cases.map((one) => [one.name, one] as const))("%s", (name, one) => {
    const { inputs, expected } = one;
    const { text, parameters, data } = written[name]!;
    const given = pick(parameters, inputs);
    const columns = pick(data, inputs);

    const fitted = async (): Promise<InstanceType<LoadedTrainerClass>> => {
      const Trainer = await trainerOf(text);
      const trainer = new Trainer({});
      trainer.setParameters(given);
      return trainer;
    };

    test("log-likelihood", async () => {
      const { logLikelihood, perRow } = await (await fitted()).score(columns);
      expectClose([logLikelihood], [expected.loglik], "loglik");
      if (expected.loglik_rows !== undefined) expectClose(perRow, expected.loglik_rows, "loglik_rows");
    });

    test("responsibilities", async () => {
      const { probability } = await (await fitted()).predict(columns);
      expectClose(probability["which"]!.data, flat(expected.responsibilities), "responsibilities");
    });

    test("one EM step: the generated E-step and M-step", async () => {
      const trainer = await fitted();
      const { sizes, description } = trainer;
      const extent = (one: Extent): number =>
        typeof one === "number"
          ? one
          : typeof one === "string"
            ? sizes[one]!
            : one.reduce<number>((sum, term) => sum + extent(term), 0);
      const statistics: Record<string, Float64Array> = Object.fromEntries(
        description.statistics.map((one) => [
          one.name,
          new Float64Array(one.shape.reduce<number>((length, dimension) => length * extent(dimension), 1)),
        ]),
      );
      const logLikelihood = new Float64Array(1);
      const values = Object.fromEntries(Object.entries(trainer.parameters).map(([key, { data }]) => [key, data]));
      const block = {
        rows: expected.responsibilities.length,
        firstRow: 0,
        data: Object.fromEntries(
          Object.entries(columns).map(([key, column]) => [key, Float64Array.from(flat(column))]),
        ),
        tables: {},
        complete: !flat(Object.values(columns)).some(Number.isNaN),
      };
      await trainer.eStep(sizes, values, block, { ...statistics, logLikelihood });
      expectClose(logLikelihood, [expected.loglik], "log-likelihood of the E-step");
      const next = await trainer.mStep(sizes, statistics, values, {
        ridge: 0,
        dataVariance: {},
        fixed: new Set(),
        warn: (code, message) => expect.unreachable(`${code} ${message}`),
      });
      for (const [own, golden] of Object.entries(parameters)) expectClose(next[own]!, emStep(one)[golden]!, golden);
    });

    const after = expected.em_step["loglik_after"];
    if (after !== undefined)
      test("log-likelihood after the step", async () => {
        const trainer = await fitted();
        trainer.setParameters(pick(parameters, expected.em_step));
        expectClose([(await trainer.score(columns)).logLikelihood], flat(after), "loglik_after");
      });

    test("one EM step: a fit of one iteration from these parameters", async () => {
      const Trainer = await trainerOf(text);
      const trainer = new Trainer({ C: expected.responsibilities[0]!.length });
      const options = { init: given, maxIterations: 1, ridge: 0, restarts: 1 };
      const result = await trainer.fit(columns, options);
      expectClose(result.trace, [expected.loglik], "trace");
      for (const [own, golden] of Object.entries(parameters))
        expectClose(trainer.parameters[own]!.data, emStep(one)[golden]!, golden);
    });
  });
});
