import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { trainerOf } from "../support/trainers.js";

type Numbers = number | null | readonly Numbers[];

interface Step {
  readonly W: Numbers;
  readonly psi: Numbers;
  readonly mu?: Numbers;
  readonly loglik_after: number;
}

interface GoldenCase {
  readonly name: string;
  readonly inputs: Readonly<Record<"X" | "mu" | "W" | "psi", readonly Numbers[] | number>>;
  readonly expected: {
    readonly loglik: number;
    readonly loglik_rows: readonly number[];
    readonly post_mean: Numbers;
    readonly post_cov: Numbers;
    readonly em_step_mu_fixed?: Step;
    readonly em_step_joint_mu?: Step;
    readonly mle_closed_form?: Readonly<Record<string, Numbers>>;
  };
}

const golden = JSON.parse(readFileSync(new URL("factors.json", import.meta.url), "utf8")) as {
  readonly tol_rel: number;
  readonly cases: readonly GoldenCase[];
};

const textOf = (spread: string): string => `model Causes {
  size C, W
  param pull: Matrix[W, C]
  param centre: Vector[W]
  param rest: ${spread}[W]
  each item {
    latent  cause: Vector[C]  ~ Normal(0, 1)
    observe seen:  Vector[W]? ~ Normal(pull * cause + centre, rest)
  }
}`;

function flat(values: Numbers): number[] {
  if (values === null) return [NaN];
  return typeof values === "number" ? [values] : values.flatMap(flat);
}

function expectClose(got: ArrayLike<number>, want: readonly number[], what: string, tolerance = golden.tol_rel): void {
  expect(got.length, what).toBe(want.length);
  want.forEach((value, i) =>
    expect(Math.abs(got[i]! - value), `${what}[${i}]: ${got[i]} and ${value}`).toBeLessThanOrEqual(
      tolerance * (1 + Math.abs(value)),
    ),
  );
}

describe.each(golden.cases.map((one) => [one.name, one] as const))("golden %s", (_, { inputs, expected }) => {
  // One number for all columns is written as equal variances.
  const variances = flat(inputs.psi);
  const isIsotropic = variances.every((value) => value === variances[0]);
  const parameters = {
    pull: inputs.W as readonly Numbers[],
    centre: inputs.mu as readonly Numbers[],
    rest: isIsotropic ? variances[0]! : (inputs.psi as readonly Numbers[]),
  };
  const columns = { seen: inputs.X as readonly Numbers[] };
  const fitted = async () => {
    const Trainer = await trainerOf(textOf(isIsotropic ? "Iso" : "Diag"));
    const trainer = new Trainer({});
    trainer.setParameters(parameters);
    return trainer;
  };

  test("log-likelihood", async () => {
    const { logLikelihood, perRow } = await (await fitted()).score(columns);
    expectClose([logLikelihood], [expected.loglik], "loglik");
    expectClose(perRow, expected.loglik_rows, "loglik_rows");
  });

  test("posterior means and covariances", async () => {
    const { cause, covariance } = (await (await fitted()).predict(columns)) as unknown as {
      readonly cause: { readonly data: Float64Array };
      readonly covariance: { readonly cause: { readonly data: Float64Array } };
    };
    expectClose(cause.data, flat(expected.post_mean), "post_mean");
    expectClose(covariance.cause.data, flat(expected.post_cov), "post_cov");
  });

  test.each(["em_step_mu_fixed", "em_step_joint_mu"] as const)("%s", async (kind) => {
    const step = expected[kind];
    if (step === undefined) return;
    const Trainer = await trainerOf(textOf(isIsotropic ? "Iso" : "Diag"));
    const trainer = new Trainer({ C: 2 });
    const fix = kind === "em_step_mu_fixed" ? ["centre"] : [];
    await trainer.fit(columns, { init: parameters, fix, maxIterations: 1, ridge: 0 });
    expectClose(trainer.parameters["pull"]!.data, flat(step.W), "W");
    expectClose(trainer.parameters["rest"]!.data, isIsotropic ? [flat(step.psi)[0]!] : flat(step.psi), "psi");
    const { logLikelihood } = await trainer.score(columns);
    expectClose([logLikelihood], [step.loglik_after], "loglik_after");
  });

  test("the closed form of the maximum, where there is one", async () => {
    const maximum = expected.mle_closed_form;
    if (maximum === undefined) return;
    const Trainer = await trainerOf(textOf("Iso"));
    const trainer = new Trainer({ C: 2 });
    const { logLikelihood } = await trainer.fit(columns, { ridge: 0, tolerance: 1e-13, maxIterations: 5000 });
    expectClose([logLikelihood], flat(maximum["loglik"]!), "loglik", 1e-8);
    expectClose(trainer.parameters["rest"]!.data, flat(maximum["sigma2"]!), "sigma2", 1e-5);
    expectClose(trainer.parameters["centre"]!.data, flat(maximum["mu"]!), "mu", 1e-5);
  });
});
