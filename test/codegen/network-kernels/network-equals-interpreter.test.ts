import { describe, expect, test } from "vitest";
import { emitNetwork } from "../../../src/codegen/network-kernels/emit-network.js";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import { NetworkInstance } from "../../../src/runtime/networks/network-instance.js";
import { imageModels } from "../../support/image-models.js";
import { boundModels, boundProgramOf, randomInputs } from "../../support/bound-programs.js";

/** Rounding of float32 in sums of this size. */
const tolerance = 2e-4;

describe.each([...boundModels, ...imageModels].map((model) => [model.name, model.text] as const))("%s", (_, text) => {
  const program = boundProgramOf(text);
  const functions = [program.step, program.bound, program.logWeight, program.encode, program.reconstruct];
  const module = emitNetwork(functions);

  test("has float32 kernels", () => expect(module).toBeDefined());

  test.each([1, 3, 13])("computes what the interpreter computes, %i rows", (rows) => {
    if (module === undefined) return;
    const sizes = {
      D: 9,
      ...Object.fromEntries(program.model.sizes.flatMap((s) => (s.default ? [[s.name, s.default]] : []))),
    };
    for (const fn of functions) {
      const instance = new NetworkInstance(module, sizes);
      const inputs = randomInputs(program, fn, sizes, rows, rows);
      const expected = interpretPlan(fn, { sizes, rows, inputs });
      const prepared = instance.prepare(fn.name, rows);
      for (const [key, view] of prepared.views) {
        const [kind, name] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
        if (kind !== "output") view.set(inputs[kind as "data"][name]!);
      }
      for (let repeat = 0; repeat < 2; repeat++) {
        prepared.run();
        for (const [name, values] of Object.entries(expected)) {
          const found = prepared.views.get(`output ${name}`)!;
          expect(found.length).toBe(values.length);
          const scale = Math.max(1, ...values.map(Math.abs));
          values.forEach((value, i) =>
            expect(
              Math.abs(found[i]! - value) / scale,
              `${fn.name} ${name}[${i}]: ${found[i]} and ${value}`,
            ).toBeLessThan(tolerance),
          );
        }
      }
    }
  });
});
