import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { NamedTensor } from "../../src/runtime/index.js";
import { trainerOf } from "../support/trainers.js";

type Numbers = number | null | readonly Numbers[];

interface GoldenCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Numbers>>;
  readonly expected: Readonly<Record<string, Numbers>> & {
    readonly loglik: number;
    readonly loglik_obs: readonly number[];
    readonly em_step?: Readonly<Record<string, Numbers>>;
  };
}

const golden = JSON.parse(readFileSync(new URL("state-space.json", import.meta.url), "utf8")) as {
  readonly tol_rel: number;
  readonly cases: readonly GoldenCase[];
};

const text = (move: string, see: string, offsets: string): string => `model Track {
  size D, P
  param A: Matrix[D, D]
  param Q: Cov[D]
  param C: Matrix[P, D]
  param R: Cov[P]
  param m0: Vector[D]
  param V0: Cov[D]
  ${offsets}
  each s {
    chain t {
      latent x: Vector[D] ~ Normal(${move}, Q) init Normal(m0, V0)
      observe y: Vector[P]? ~ Normal(${see}, R)
    }
  }
}`;

const withOffsets = text("A * x[t-1] + b", "C * x + d", "param b: Vector[D]\n param d: Vector[P]");
const without = text("A * x[t-1]", "C * x", "");

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

const names = { A: "F", Q: "Q", C: "H", R: "R", m0: "m0", V0: "P0", b: "b", d: "d" };

describe.each(golden.cases.map((one) => [one.name, one] as const))("%s", (_, { inputs, expected }) => {
  const hasOffsets = inputs["b"] !== null;
  const source = hasOffsets ? withOffsets : without;
  const given = Object.fromEntries(
    Object.entries(names).flatMap(([own, theirs]) => (inputs[theirs] === null ? [] : [[own, inputs[theirs]!]])),
  );
  const y = inputs["y"] as readonly Numbers[];

  test("log-likelihood, in all and step by step", async () => {
    const trainer = new (await trainerOf(source))({});
    trainer.setParameters(given as never);
    const { logLikelihood, perRow } = await trainer.score({ y } as never);
    expectClose([logLikelihood], [expected.loglik], "loglik");
    expectClose(perRow, expected.loglik_obs, "loglik_obs");
  });

  test("smoothed means and covariances", async () => {
    const trainer = new (await trainerOf(source))({});
    trainer.setParameters(given as never);
    const answer = await trainer.predict({ y } as never);
    expectClose((answer["x"] as NamedTensor).data, flat(expected["smooth_mean"]!), "smooth_mean");
    expectClose(answer.covariance!["x"]!.data, flat(expected["smooth_cov"]!), "smooth_cov");
  });

  const step = expected.em_step;
  if (step !== undefined) {
    test("one EM step", async () => {
      const D = (inputs["m0"] as readonly number[]).length;
      const trainer = new (await trainerOf(source))({ D });
      const result = await trainer.fit({ y } as never, {
        init: given as never,
        maxIterations: 1,
        ridge: 0,
      });
      expectClose(result.trace, [expected.loglik], "trace");
      for (const [own, theirs] of Object.entries(names))
        if (step[theirs] !== undefined) expectClose(trainer.parameters[own]!.data, flat(step[theirs]), theirs);
      expectClose([result.logLikelihood], flat(step["loglik_after"]!), "loglik_after");
    });

    test("one EM step with the moves known", async () => {
      const D = (inputs["m0"] as readonly number[]).length;
      const trainer = new (await trainerOf(source))({ D });
      await trainer.fit({ y } as never, {
        init: given as never,
        fix: ["A", "C"],
        maxIterations: 1,
        ridge: 0,
      });
      expectClose(trainer.parameters["Q"]!.data, flat(step["Q_if_F_fixed"]!), "Q_if_F_fixed");
      expectClose(trainer.parameters["R"]!.data, flat(step["R_if_H_fixed"]!), "R_if_H_fixed");
    });
  }
});
