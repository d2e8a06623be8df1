import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import type { PlanFunction } from "../../../src/ir/plan.js";
import { boundProgramOf, randomInputs } from "../../support/bound-programs.js";
import { gameOf } from "../../support/games.js";
import { imageGameText, imageModels } from "../../support/image-models.js";
import { runOnDevice } from "./run-device.js";

const rows = 3;
const sizes = { L: 2, K: 3 };

/** Every function of the models of images that learns. */
function learningFunctions(): readonly (readonly [name: string, fn: PlanFunction, program: never])[] {
  const bounds = imageModels.map(({ name, text }) => {
    const program = boundProgramOf(text);
    return [name, program.step, program as never] as const;
  });
  const game = gameOf(imageGameText("loss: wasserstein, gp: 10"));
  return [
    ...bounds,
    ["the critic's step, under a penalty on its slope", game.criticStep, game as never],
    ["the generator's step", game.generatorStep, game as never],
  ];
}

describe.each(["cpu", "wasm"])("on the backend %s", (backend) => {
  beforeAll(async () => {
    expect(await tf.setBackend(backend)).toBe(true);
  });

  test.each(learningFunctions())("%s", async (_, fn, program) => {
    await tf.setBackend(backend);
    const inputs = randomInputs(program, fn, sizes, rows, 4);
    const expected = interpretPlan(fn, { sizes, rows, inputs });
    const before = tf.memory().numTensors;
    const found = await runOnDevice(tf, fn, { sizes, rows, inputs });
    expect(tf.memory().numTensors).toBe(before);
    if (found === undefined) throw new Error("it is left to the loops");
    for (const [name, values] of Object.entries(expected)) {
      const scale = Math.max(1, ...values.map(Math.abs));
      values.forEach((value, i) => expect(Math.abs(found[name][i] - value) / scale, name).toBeLessThan(2e-4));
    }
  });
});
