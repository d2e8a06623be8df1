import { describe, expect, test } from "vitest";
import { emitNetwork } from "../../../src/codegen/network-kernels/emit-network.js";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import { NetworkInstance } from "../../../src/runtime/networks/network-instance.js";
import { randomInputs } from "../../support/bound-programs.js";
import { slopes } from "../../support/finite-differences.js";
import { gameOf, gameText } from "../../support/games.js";

const rows = 5;
const sizes = { D: 3, L: 2, C: 4 };

describe.each([
  ["loss: nonsaturating", false],
  ["loss: nonsaturating, r1: 2", false],
  ["loss: hinge", false],
  ["loss: lsgan", true],
  ["loss: wasserstein, gp: 10", false],
  ["loss: wasserstein, gp: 3", true],
  ["loss: hinge, spectral: 1", false],
  ["loss: wasserstein, spectral: 1, r1: 1", true],
] as const)("%s, conditional %s", (options, conditional) => {
  const program = gameOf(gameText(options, conditional));

  test.each(["criticStep", "generatorStep"] as const)("%s: the derivative is the slope, penalties included", (name) => {
    const fn = program[name];
    const inputs = randomInputs(program as never, fn, sizes, rows, 5);
    const side = name === "criticStep" ? program.critic : program.generator;
    const learned = side.filter((parameter) => inputs.parameter[parameter] !== undefined);
    expect(learned.length).toBeGreaterThan(3);
    for (const { name: parameter, derived, difference } of slopes(fn, { sizes, rows, inputs }, learned))
      expect(Math.abs(derived - difference), parameter).toBeLessThan(1e-6 * (1 + Math.abs(difference)));
  });

  test("the two sides learn different parameters, and all but the units of the data", () => {
    const all = program.model.parameters
      .filter(({ asWritten }) => asWritten === undefined)
      .map(({ name }) => name)
      .sort();
    expect([...program.critic, ...program.generator, ...program.carried].sort()).toEqual(all);
  });

  test("float32 kernels compute what the interpreter computes", () => {
    const module = emitNetwork([program.criticStep, program.generatorStep])!;
    for (const fn of [program.criticStep, program.generatorStep]) {
      const inputs = randomInputs(program as never, fn, sizes, rows, 7);
      const expected = interpretPlan(fn, { sizes, rows, inputs });
      const prepared = new NetworkInstance(module, sizes).prepare(fn.name, rows);
      for (const [key, view] of prepared.views) {
        const [kind, name] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
        if (kind !== "output") view.set(inputs[kind as "data"][name]!);
      }
      prepared.run();
      for (const [name, values] of Object.entries(expected)) {
        const scale = Math.max(1, ...values.map(Math.abs));
        const found = prepared.views.get(`output ${name}`)!;
        values.forEach((value, i) => expect(Math.abs(found[i]! - value) / scale).toBeLessThan(2e-4));
      }
    }
  });
});

test("the penalty is (|dF/dx| - 1)^2 between data and draws", () => {
  // A critic that is linear with weights w in effect: its slope is the same everywhere.
  const program = gameOf(`model Game {
  size D = 2, L = 1
  net generator(Vector[L]) -> Vector[D] = dense(1, linear)
  net judge(Vector[D]) -> Real = dense(1, linear)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] = generator(z) }
  critic judge(x)
  learn adversarial { loss: wasserstein, gp: 10 }
}`);
  const inputs = randomInputs(program as never, program.criticStep, { D: 2, L: 1 }, 3, 1);
  inputs.parameter["judge.0.weight"] = Float64Array.of(3, 4);
  inputs.parameter["judge.1.weight"] = Float64Array.of(0.5);
  const { penalty } = interpretPlan(program.criticStep, { sizes: { D: 2, L: 1 }, rows: 3, inputs });
  expect(penalty![0]).toBeCloseTo(10 * (2.5 - 1) ** 2, 9);
});
