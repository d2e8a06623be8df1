import { expect, test } from "vitest";
import { emitNetwork } from "../../../src/codegen/network-kernels/emit-network.js";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import { boundProgramOf, randomInputs } from "../../support/bound-programs.js";
import { slopes } from "../../support/finite-differences.js";

const model = (options: string): string => `model M {
  size D = 2, K = 3, L = 1
  param w: Simplex[K]
  param mu[K]: Vector[L]
  net cls(Vector[D]) -> Vector[K] = dense(3, tanh)
  net enc(Vector[D], Category[K]) -> (Vector[L], Vector[L]) = dense(3, tanh)
  net dec(Vector[L]) -> Vector[D] = dense(3, tanh)
  each n {
    latent y: Category[K] ~ Categorical(w)
    latent z: Vector[L] ~ Normal(mu[y], 1)
    observe x: Vector[D] ~ Normal(dec(z), 1)
  }
  guide { y ~ Categorical(logits: cls(x))  let (m, s) = enc(x, y)  z ~ Normal(m, sd: softplus(s)) }
  learn elbo { ${options} }
}`;

const sizes = { D: 2, K: 3, L: 1 };

function inputsOf(program: ReturnType<typeof boundProgramOf>, rows: number) {
  const inputs = randomInputs(program, program.step, sizes, rows, 3);
  for (const name of Object.keys(inputs.table))
    if (name.endsWith(".y")) inputs.table[name] = inputs.table[name]!.map((_, i) => (0.37 * (i + 1)) % 1);
  return inputs;
}

test("the derivative goes through the weights that stand in for a value", () => {
  const program = boundProgramOf(model("relax: gumbel(0.7), samples: 2"));
  const rows = 4;
  const inputs = inputsOf(program, rows);
  // The units of the data are not learned.
  const learned = Object.keys(inputs.parameter).filter((name) => !program.held.includes(name));
  for (const { name, derived, difference } of slopes(program.step, { sizes, rows, inputs }, learned))
    expect(Math.abs(derived - difference), name).toBeLessThan(1e-6 * (1 + Math.abs(difference)));
  expect(emitNetwork([program.step])).toBeDefined();
});

test("near temperature 0 the stand-in is the value that the noise picks", () => {
  // The value with the largest log q + g; its bound with the divergence of y in closed form is that of enumeration.
  const cold = boundProgramOf(model("relax: gumbel(1e-4)"));
  const rows = 1;
  const inputs = inputsOf(cold, rows);
  const { objective } = interpretPlan(cold.step, { sizes, rows, inputs });
  // By enumeration: a guide whose probability is all at one value gives that value's part; there is one for each value.
  const enumerated = boundProgramOf(model("samples: 1"));
  const parts = [0, 1, 2].map((value) => {
    const bias = Float64Array.from([0, 1, 2], (k) => (k === value ? 0 : -60));
    const parameter = {
      ...inputs.parameter,
      "cls.1.weight": new Float64Array(inputs.parameter["cls.1.weight"]!.length),
      "cls.1.bias": bias,
    };
    return interpretPlan(enumerated.step, { sizes, rows, inputs: { ...inputs, parameter } })["objective"]![0]!;
  });
  // What is left of the objective is beta times the divergence of y, the same for all: differences tell the value.
  const beta = inputs.table["step.beta"]![0]!;
  const logits = interpretPlan(enumerated.encode, { sizes, rows, inputs })["y"]!;
  const prior = inputs.parameter["w"]!;
  const divergence = logits.reduce((sum, q, k) => sum + q * Math.log(q / prior[k]!), 0);
  const whole = parts.map((part, k) => part + beta * -Math.log(prior[k]!) - beta * divergence);
  expect(Math.min(...whole.map((value) => Math.abs(value - objective![0]!)))).toBeLessThan(1e-6);
});
