import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { LoadedTrainerClass } from "../../src/compile/index.js";
import { trainerOf } from "../support/trainers.js";

type Numbers = number | null | readonly Numbers[];

interface GoldenCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, readonly Numbers[]>>;
  readonly expected: {
    readonly loglik: number;
    readonly smoothed: readonly (readonly number[])[];
    readonly viterbi_path: readonly number[];
    readonly em_step_from_here: Readonly<Record<string, readonly Numbers[]>>;
  };
}

const golden = JSON.parse(readFileSync(new URL("hmm.json", import.meta.url), "utf8")) as {
  readonly tol_rel: number;
  readonly cases: readonly GoldenCase[];
};

/** An emission in the language, and the names of its parameters in the file. */
interface Emission {
  readonly declarations: string;
  readonly observe: (optional: string) => string;
  readonly parameters: Readonly<Record<string, string>>;
}

const emissions: Readonly<Record<string, Emission>> = {
  gaussian_full: {
    declarations: "size W\n param centre[S]: Vector[W]\n param spread[S]: Cov[W]",
    observe: (optional) => `observe y: Vector[W]${optional} ~ Normal(centre[state], spread[state])`,
    parameters: { centre: "means", spread: "covs" },
  },
  gaussian_diag: {
    declarations: "size W\n param centre[S]: Vector[W]\n param spread[S]: Diag[W]",
    observe: (optional) => `observe y: Vector[W]${optional} ~ Normal(centre[state], spread[state])`,
    parameters: { centre: "means", spread: "covs" },
  },
  poisson: {
    declarations: "param pace[S]: Positive",
    observe: (optional) => `observe y: Count${optional} ~ Poisson(pace[state])`,
    parameters: { pace: "rates" },
  },
  bernoulli: {
    declarations: "size W\n param chance[S, W]: Unit",
    observe: (optional) => `each w in W { observe y: Binary${optional} ~ Bernoulli(chance[state, w]) }`,
    parameters: { chance: "probs" },
  },
  categorical: {
    declarations: "size V\n param taste[S]: Simplex[V]",
    observe: (optional) => `observe y: Category[V]${optional} ~ Categorical(taste[state])`,
    parameters: { taste: "probs" },
  },
};

function textOf(emission: Emission, optional: string): string {
  return `model Weather {
    size S
    param begin: Simplex[S]
    param go[S]: Simplex[S]
    ${emission.declarations}
    each day {
      chain hour {
        latent state: Category[S] ~ Categorical(go[state[hour-1]]) init Categorical(begin)
        ${emission.observe(optional)}
      }
    }
  }`;
}

function flat(values: Numbers): number[] {
  if (values === null) return [NaN];
  return typeof values === "number" ? [values] : values.flatMap(flat);
}

function diagonalOf(matrix: Numbers): Numbers {
  return (matrix as readonly (readonly Numbers[])[]).map((row, i) => row[i]!);
}

function expectClose(got: ArrayLike<number>, want: readonly number[], what: string): void {
  expect(got.length, what).toBe(want.length);
  want.forEach((value, i) =>
    expect(Math.abs(got[i]! - value), `${what}[${i}]: ${got[i]} and ${value}`).toBeLessThanOrEqual(
      golden.tol_rel * (1 + Math.abs(value)),
    ),
  );
}

describe.each(golden.cases.map((one) => [one.name, one] as const))("%s", (name, { inputs, expected }) => {
  const emission = emissions[name.replace(/^hmm_/, "").replace(/_missing$/, "")]!;
  const text = textOf(emission, name.endsWith("_missing") ? "?" : "");
  const names = { begin: "pi", go: "A", ...emission.parameters };
  const isDiagonal = name.includes("diag");
  const written = (theirs: string, values: readonly Numbers[]): readonly Numbers[] =>
    isDiagonal && theirs === "covs" ? values.map(diagonalOf) : values;
  const given = Object.fromEntries(
    Object.entries(names).map(([own, theirs]) => [own, written(theirs, inputs[theirs]!)]),
  );
  const isScalar = name.includes("poisson") || name.includes("categorical");
  const y = isScalar ? flat(inputs["y"]!) : inputs["y"]!;

  const fitted = async (): Promise<InstanceType<LoadedTrainerClass>> => {
    const trainer = new (await trainerOf(text))({});
    trainer.setParameters(given);
    return trainer;
  };

  test("log-likelihood", async () => {
    const { logLikelihood } = await (await fitted()).score({ y });
    expectClose([logLikelihood], [expected.loglik], "loglik");
  });

  test("smoothed probabilities and the most probable sequence", async () => {
    const { probability, ...values } = await (await fitted()).predict({ y });
    expectClose(probability["state"]!.data, flat(expected.smoothed), "smoothed");
    expect([...(values["state"] as Int32Array)]).toEqual(expected.viterbi_path);
  });

  test("one EM step", async () => {
    const trainer = new (await trainerOf(text))({ S: expected.smoothed[0]!.length, ...(name.includes("categorical") ? { V: 4 } : {}) });
    await trainer.fit({ y }, { init: given, maxIterations: 1, ridge: 0, restarts: 1 });
    let compared = 0;
    for (const [own, theirs] of Object.entries(names)) {
      const want = expected.em_step_from_here[theirs];
      if (want === undefined) continue;
      expectClose(trainer.parameters[own]!.data, flat(written(theirs, want)), theirs);
      compared++;
    }
    expect(compared).toBeGreaterThanOrEqual(2);
  });
});
