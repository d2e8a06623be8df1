import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import { buildRecipe, planEnvironment, planRecipe } from "../../arbitraries/plan.js";
import { runOnDevice } from "./run-device.js";

const slow = process.env["GENC_SLOW"] !== undefined;

describe.each(["cpu", "wasm"])("on the backend %s", (backend) => {
  beforeAll(async () => {
    expect(await tf.setBackend(backend)).toBe(true);
  });

  test("random plans equal the interpreter to float32, and leave no tensor behind", async () => {
    let onDevice = 0;
    await fc.assert(
      fc.asyncProperty(planRecipe(6), fc.nat(), async (recipe, choice) => {
        await tf.setBackend(backend);
        const { builder, pool, total } = buildRecipe(recipe);
        const last = pool[pool.length - 1 - (choice % Math.min(3, pool.length))];
        builder.output("last", last);
        builder.output("total", total, []);
        const fn = builder.build("random");
        const tensors = tf.memory().numTensors;
        const found = await runOnDevice(tf, fn, planEnvironment());
        expect(tf.memory().numTensors).toBe(tensors);
        if (found === undefined) return;
        onDevice++;
        const expected = interpretPlan(fn, planEnvironment());
        for (const name of ["last", "total"]) {
          expected[name].forEach((value, i) => {
            if (Number.isNaN(value)) expect(found[name][i]).toBeNaN();
            else if (!Number.isFinite(value)) expect(found[name][i]).toBe(value);
            else expect(Math.abs(found[name][i] - value)).toBeLessThanOrEqual(1e-4 * (1 + Math.abs(value)));
          });
        }
      }),
      { numRuns: slow ? 600 : 60 },
    );
    expect(onDevice).toBeGreaterThan(20);
  });
});
