import { expect, test } from "vitest";
import { emitNetwork } from "../../../src/codegen/network-kernels/emit-network.js";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import { NetworkInstance } from "../../../src/runtime/networks/network-instance.js";
import { boundProgramOf, randomInputs } from "../../support/bound-programs.js";

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

test("the derivative by scores of draws is, on average, that by every value", () => {
  const drawn = boundProgramOf(model("estimator: rloo, samples: 4"));
  const enumerated = boundProgramOf(model("samples: 4"));
  const many = 6000;
  const inputs = randomInputs(drawn, drawn.step, sizes, many, 5);
  // The same row over and over, under draws of its own each time.
  const x = inputs.data["x"]!;
  for (let i = 2; i < x.length; i++) x[i] = x[i % 2]!;
  for (const name of Object.keys(inputs.table))
    if (name.includes("noise.y")) {
      let state = 7;
      inputs.table[name] = inputs.table[name]!.map(() => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return (state + 0.5) / 2 ** 32;
      });
    }
  const others = randomInputs(enumerated, enumerated.step, sizes, many, 9);
  const environment = (table: Record<string, Float64Array>) => ({
    sizes,
    rows: many,
    inputs: { parameter: inputs.parameter, data: { x }, table: { ...table, "step.beta": Float64Array.of(0.7) } },
  });
  const byScores = interpretPlan(drawn.step, environment(inputs.table));
  const byValues = interpretPlan(enumerated.step, environment(others.table));
  expect(Math.abs(byScores["objective"]![0]! - byValues["objective"]![0]!)).toBeLessThan(0.03);
  for (const [name, values] of Object.entries(byValues))
    if (name.startsWith("gradient."))
      values.forEach((value, i) =>
        // Standard errors are below 0.01 here.
        expect(Math.abs(byScores[name]![i]! - value), `${name}[${i}]`).toBeLessThan(0.04),
      );
});

test("float32 kernels compute what the interpreter computes, with two draws where none are asked for", () => {
  const program = boundProgramOf(model("estimator: rloo"));
  const rows = 5;
  for (const fn of [program.step, program.bound, program.logWeight, program.encode]) {
    const network = emitNetwork([fn]);
    if (network === undefined) throw new Error("there are no kernels");
    const inputs = randomInputs(program, fn, sizes, rows, 3);
    for (const name of Object.keys(inputs.table))
      if (name.endsWith(".y")) inputs.table[name] = inputs.table[name]!.map((_, i) => (0.37 * (i + 1)) % 1);
    const expected = interpretPlan(fn, { sizes, rows, inputs });
    const prepared = new NetworkInstance(network, sizes, { threads: 1 }).prepare(fn.name, rows);
    for (const [key, view] of prepared.views) {
      const [kind, name] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
      if (kind !== "output") view.set(inputs[kind as "data"][name]!);
    }
    prepared.run();
    for (const [name, values] of Object.entries(expected)) {
      const scale = Math.max(1, ...values.map(Math.abs));
      const found = prepared.views.get(`output ${name}`)!;
      values.forEach((value, i) =>
        expect(Math.abs(found[i]! - value) / scale, `${fn.name} ${name}`).toBeLessThan(2e-4),
      );
    }
  }
});
