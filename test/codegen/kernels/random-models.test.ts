import fc from "fast-check";
import { expect, test } from "vitest";
import { emitKernels } from "../../../src/codegen/kernels/emit-kernel.js";
import { deriveProgram } from "../../../src/compile/index.js";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import type { PlanFunction } from "../../../src/ir/plan.js";
import type { EmProgram, Variants } from "../../../src/ir/program.js";
import { KernelInstance } from "../../../src/runtime/kernels/kernel-instance.js";
import { staticModel } from "../../arbitraries/static-model.js";
import { columns, randomWorld, stored } from "../../oracles/random-world.js";
import { isSmall, modelOf } from "../../support/random-models.js";
import { emptyOutputs } from "../loops/run-loops.js";
import { variants } from "./run-kernel.js";

/** Every function of a program that runs over rows and is given data alone. */
function functionsOf(program: EmProgram): readonly PlanFunction[] {
  const both = (name: string, { complete, incomplete }: Variants): readonly PlanFunction[] => [
    { ...complete, name: `${name}OfComplete` },
    ...(incomplete === undefined ? [] : [{ ...incomplete, name: `${name}OfIncomplete` }]),
  ];
  const gradients = program.updates.flatMap((update) => (update.kind === "gradient" ? [update.objective] : []));
  return [
    ...both("logDensity", program.logDensity),
    ...both("eStep", program.eStep),
    ...both("posterior", program.posterior),
    ...gradients.flatMap((objective, i) => both(`objective${i + 1}`, objective)),
    ...(program.impute === undefined ? [] : [{ ...program.impute, name: "impute" }]),
  ];
}

const runs = process.env["GENC_SLOW"] === undefined ? 25 : 600;

test("kernels of random models compute what the interpreter computes", () => {
  fc.assert(
    fc.property(staticModel({ priors: true, missing: true, weights: true }), (one) => {
      const rows = 11;
      const model = modelOf(one.text);
      fc.pre(isSmall(model, one.sizes));
      const world = randomWorld(model, one.sizes, one.seed, rows);
      const data = columns(world);
      const parameters = stored(world.parameters);
      const isComplete = Object.values(data).every((column) => column.every((value) => !Number.isNaN(value)));
      const functions = functionsOf(deriveProgram(model)).filter(
        ({ name }) => isComplete || !name.endsWith("OfComplete"),
      );
      const { module, skipped } = emitKernels(functions);
      expect(skipped).toEqual([]);
      if (module === undefined) return;
      const inputs = { parameter: parameters, previous: parameters, data, table: {} };
      for (const variant of variants) {
        const kernels = KernelInstance.createNow(module, { variant });
        for (const fn of functions) {
          const environment = { sizes: one.sizes, rows, inputs };
          const expected = interpretPlan(fn, environment);
          const into = emptyOutputs(fn, environment);
          kernels.run(fn.name, { sizes: one.sizes, rows, parameters, previous: parameters, data, into });
          for (const { name } of fn.outputs) {
            const scale = expected[name].reduce((most, value) => Math.max(most, Math.abs(value)), 1);
            expected[name].forEach((value, i) => {
              const where = `${fn.name} ${name}[${i}]`;
              if (!Number.isFinite(value)) expect(into[name][i], where).toBe(value);
              else expect(Math.abs(into[name][i] - value), where).toBeLessThanOrEqual(1e-12 * scale);
            });
          }
        }
      }
    }),
    { numRuns: runs },
  );
}, 600_000);
