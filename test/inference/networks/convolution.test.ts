import { describe, expect, test } from "vitest";
import { emitNetwork } from "../../../src/codegen/network-kernels/emit-network.js";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import { NetworkInstance } from "../../../src/runtime/networks/network-instance.js";
import { boundProgramOf, randomInputs } from "../../support/bound-programs.js";
import { slopes } from "../../support/finite-differences.js";
import { gameOf } from "../../support/games.js";
import { imageGameText, imageModels } from "../../support/image-models.js";

const rows = 3;

describe.each(imageModels.map((model) => [model.name, model.text] as const))("%s", (_, text) => {
  test("the derivative of the objective is its slope", () => {
    const program = boundProgramOf(text);
    const sizes = Object.fromEntries(program.model.sizes.map((size) => [size.name, size.default ?? 2]));
    const inputs = randomInputs(program, program.step, sizes, rows, 3);
    // The units of the data are not learned.
    const names = Object.keys(inputs.parameter).filter((name) => !program.held.includes(name));
    expect(names.length).toBeGreaterThan(8);
    for (const { name, derived, difference } of slopes(program.step, { sizes, rows, inputs }, names))
      expect(Math.abs(derived - difference), name).toBeLessThan(1e-6 * (1 + Math.abs(difference)));
  });
});

describe.each(["loss: wasserstein, gp: 10", "loss: nonsaturating, r1: 2"])("a game of images, %s", (options) => {
  const program = gameOf(imageGameText(options));
  test.each(["criticStep", "generatorStep"] as const)("%s: the derivative is the slope, penalties included", (name) => {
    const fn = program[name];
    const inputs = randomInputs(program as never, fn, { L: 2 }, rows, 5);
    const side = name === "criticStep" ? program.critic : program.generator;
    const learned = side.filter((parameter) => inputs.parameter[parameter] !== undefined);
    expect(learned.length).toBeGreaterThan(3);
    for (const { name: parameter, derived, difference } of slopes(fn, { sizes: { L: 2 }, rows, inputs }, learned))
      expect(Math.abs(derived - difference), parameter).toBeLessThan(1e-6 * (1 + Math.abs(difference)));
  });

  test("float32 kernels compute what the interpreter computes", () => {
    const module = emitNetwork([program.criticStep, program.generatorStep]);
    if (module === undefined) throw new Error("there are no kernels");
    for (const fn of [program.criticStep, program.generatorStep]) {
      const inputs = randomInputs(program as never, fn, { L: 2 }, rows, 7);
      const expected = interpretPlan(fn, { sizes: { L: 2 }, rows, inputs });
      const prepared = new NetworkInstance(module, { L: 2 }).prepare(fn.name, rows);
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
});
