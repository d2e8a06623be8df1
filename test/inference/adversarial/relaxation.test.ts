import { describe, expect, test } from "vitest";
import { emitNetwork } from "../../../src/codegen/network-kernels/emit-network.js";
import { compileSource, loadTrainer, type LoadedAdversarialTrainer } from "../../../src/compile/index.js";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import { NetworkInstance } from "../../../src/runtime/networks/network-instance.js";
import { asWritten } from "../../support/as-written.js";
import { randomInputs } from "../../support/bound-programs.js";
import { slopes } from "../../support/finite-differences.js";
import { gameOf } from "../../support/games.js";

const table = (options: string): string => `model Table {
  size D = 2, B = 2, C = 3, L = 2
  net generator(Vector[L]) -> (Vector[D], Vector[B], Vector[C]) = dense(5, tanh)
  net judge(Vector[D], Binary[B], Category[C]) -> Real = dense(6, tanh) |> dense(4, softplus)
  each n {
    let (numbers, answers, kinds) = generator(z)
    latent z: Vector[L] ~ Normal(0, 1)
    observe x: Vector[D] = numbers
    observe b: Binary[B] = sigmoid(answers)
    observe c: Category[C] = softmax(kinds)
  }
  critic judge(x, b, c)
  learn adversarial { ${options} }
}`;
const sizes = { D: 2, B: 2, C: 3, L: 2 };

describe.each(["loss: wasserstein, gp: 10", "loss: hinge, r1: 1", "loss: lsgan, spectral: 1"])("%s", (options) => {
  const program = gameOf(table(options));

  test.each(["criticStep", "generatorStep"] as const)("%s: the derivative is the slope", (name) => {
    const inputs = randomInputs(program as never, program[name], sizes, 4, 5);
    const side = name === "criticStep" ? program.critic : program.generator;
    for (const { name: parameter, derived, difference } of slopes(program[name], { sizes, rows: 4, inputs }, side))
      expect(Math.abs(derived - difference), parameter).toBeLessThan(1e-6 * (1 + Math.abs(difference)));
  });

  test("float32 kernels compute what the interpreter computes", () => {
    const module = emitNetwork([program.criticStep, program.generatorStep])!;
    for (const fn of [program.criticStep, program.generatorStep]) {
      const inputs = randomInputs(program as never, fn, sizes, 4, 7);
      const expected = interpretPlan(fn, { sizes, rows: 4, inputs });
      const prepared = new NetworkInstance(module, sizes).prepare(fn.name, 4);
      for (const [key, view] of prepared.views) {
        const [kind, name] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
        if (kind !== "output") view.set(inputs[kind as "data"][name]!);
      }
      prepared.run();
      for (const [name, values] of Object.entries(expected)) {
        const scale = Math.max(1, ...values.map(Math.abs));
        const found = prepared.views.get(`output ${name}`)!;
        values.forEach((value, i) => expect(Math.abs(found[i]! - value) / scale, name).toBeLessThan(2e-4));
      }
    }
  });
});

const linear = `model Table {
  size D = 2, C = 3, L = 1
  net generator(Vector[L]) -> (Vector[D], Vector[C]) = dense(1, linear)
  net judge(Vector[D], Category[C]) -> Real = dense(1, linear)
  each n {
    let (numbers, kinds) = generator(z)
    latent z: Vector[L] ~ Normal(0, 1)
    observe x: Vector[D] = numbers
    observe c: Category[C] = softmax(kinds)
  }
  critic judge(x, c)
  learn adversarial { loss: wasserstein, gp: 10 }
}`;

test("a linear critic: probabilities weigh the rows of its weight, and the penalty counts the slopes in both", () => {
  const program = gameOf(linear);
  const sizes = { D: 2, C: 3, L: 1 };
  const inputs = randomInputs(program as never, program.criticStep, sizes, 1, 1);
  Object.assign(inputs.parameter, asWritten(program.model, sizes), {
    "judge.0.weight": Float64Array.of(3, 4),
    "judge.0.weight1": Float64Array.of(2, 6, 4),
    "judge.1.weight": Float64Array.of(0.5),
    "generator.0.weight": Float64Array.of(0),
    "generator.0.bias": Float64Array.of(0),
    "generator.1.head0.bias": Float64Array.of(1, 1),
    // Probabilities 1/4, 1/4, 1/2.
    "generator.1.head1.bias": Float64Array.of(0, 0, Math.log(2)),
  });
  inputs.data["x"] = Float64Array.of(2, 0);
  inputs.data["c"] = Float64Array.of(1);
  const { gap, penalty } = interpretPlan(program.criticStep, { sizes, rows: 1, inputs });
  // F = (3 x0 + 4 x1 + weight of c) / 2: on the data (6 + 6) / 2, on the draw (7 + 2/4 + 6/4 + 4/2) / 2.
  expect(gap![0]).toBeCloseTo(6 - 5.5, 9);
  expect(penalty![0]).toBeCloseTo(10 * (Math.sqrt(9 + 16 + 4 + 36 + 16) / 2 - 1) ** 2, 9);
});

test("a row that is sampled takes one value, with these probabilities", async () => {
  const source = { name: "model.gen", text: linear };
  const { program } = compileSource(source);
  if (program === undefined) throw new Error("no game");
  const model = new (await loadTrainer({ source, program }))({}) as LoadedAdversarialTrainer;
  const x = { shape: [8, 2], data: new Float64Array(16) };
  const zero = (length: number): { shape: number[]; data: Float64Array } => ({
    shape: [1, length],
    data: new Float64Array(length),
  });
  const init = {
    "generator.1.head1.weight": zero(3),
    "generator.1.head1.bias": { shape: [3], data: Float64Array.of(0, 0, Math.log(2)) },
  };
  const fix = ["generator.1.head1.weight", "generator.1.head1.bias"];
  await model.fit({ x, c: Int32Array.from({ length: 8 }, (_, i) => i % 3) }, { steps: 1, init, fix });
  const { c } = await model.sample(4000, { seed: 3 });
  const share = [0, 1, 2].map((k) => c!.data.reduce((sum, value) => sum + (value === k ? 1 : 0), 0) / 4000);
  // Four standard errors.
  [0.25, 0.25, 0.5].forEach((p, k) =>
    expect(Math.abs(share[k]! - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 4000)),
  );
});
