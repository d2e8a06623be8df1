import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compileSource } from "../../src/compile/index.js";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import type { ElboProgram } from "../../src/ir/program.js";
import { asWritten } from "../support/as-written.js";

/** Tiny networks with fixed weights, in float64: bounds and derivatives by PyTorch (see the file's own `doc`). */
interface Case {
  readonly name: string;
  readonly inputs: Readonly<Record<string, readonly (readonly number[])[] | readonly number[]>>;
  readonly expected: {
    readonly elbo_rows: readonly number[];
    readonly kl_rows: readonly number[];
    readonly elbo_mean: number;
    readonly grad_of_mean_elbo: Readonly<Record<string, readonly (readonly number[])[] | readonly number[]>>;
  };
}

const golden = JSON.parse(readFileSync(new URL("neural.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[];
};

const program = (observed: string): string => `
model M {
  size D, L = 2
  net enc(Vector[D]) -> (Vector[L], Vector[L]) = dense(4, tanh)
  net dec(Vector[L]) -> Vector[D] = dense(4, tanh)
  each n {
    latent z: Vector[L] ~ Normal(0, 1)
    observe x: ${observed}
  }
  guide {
    let (m, s) = enc(x)
    z ~ Normal(m, sd: exp(0.5 * s))
  }
}`;

const models: Readonly<Record<string, string>> = {
  vae_bernoulli: program("Binary[D] ~ Bernoulli(logits: dec(z))"),
  vae_gaussian_unit_variance: program("Vector[D] ~ Normal(dec(z), 1)"),
};

const parameterOf: Readonly<Record<string, string>> = {
  We: "enc.0.weight",
  be: "enc.0.bias",
  Wm: "enc.1.head0.weight",
  bm: "enc.1.head0.bias",
  Wv: "enc.1.head1.weight",
  bv: "enc.1.head1.bias",
  Wd: "dec.0.weight",
  bd: "dec.0.bias",
  Wo: "dec.1.weight",
  bo: "dec.1.bias",
};

function flat(values: unknown): Float64Array {
  return Float64Array.from((Array.isArray(values) ? values.flat(9) : [values]) as number[]);
}

function compiled(text: string): ElboProgram {
  const { program: found, diagnostics } = compileSource({ name: "golden.gen", text });
  if (found?.algorithm !== "elbo") throw new Error(JSON.stringify(diagnostics));
  return found;
}

describe.each(Object.entries(models))("%s", (name, text) => {
  const { inputs, expected } = golden.cases.find((one) => one.name === name)!;
  const derived = compiled(text);
  const rows = expected.elbo_rows.length;
  const data = { x: flat(inputs["x"]) };
  const environment = { sizes: { D: flat(inputs["x"]).length / rows, L: 2 }, rows };
  const parameter = {
    ...asWritten(derived.model, environment.sizes),
    ...Object.fromEntries(
      Object.entries(parameterOf).map(([key, parameterName]) => [parameterName, flat(inputs[key])]),
    ),
  };

  it("has the bound of every row", () => {
    const found = interpretPlan(derived.bound, {
      ...environment,
      inputs: { parameter, data, table: { "noise.bound.z": flat(inputs["eps"]) } },
    });
    expected.elbo_rows.forEach((value, row) => expect(found["bound"]![row]).toBeCloseTo(value, 9));
    expected.kl_rows.forEach((value, row) => expect(found["divergence"]![row]).toBeCloseTo(value, 9));
  });

  it("has the derivative of the mean bound", () => {
    const found = interpretPlan(derived.step, {
      ...environment,
      inputs: {
        parameter,
        data,
        table: { "noise.z": flat(inputs["eps"]), "step.beta": flat([1]), "step.rows": flat([rows]) },
      },
    });
    expect(found["objective"]![0]).toBeCloseTo(expected.elbo_mean, 9);
    for (const [key, parameterName] of Object.entries(parameterOf)) {
      const derivative = flat(expected.grad_of_mean_elbo[key]);
      derivative.forEach((value, i) => expect(found[`gradient.${parameterName}`]![i]).toBeCloseTo(value, 9));
    }
  });
});
