import { afterEach, describe, expect, test } from "vitest";
import { deviceKernels } from "../../../src/codegen/tfjs/device-kernels.js";
import { deviceOptimiser } from "../../../src/runtime/elbo/choose-device-optimiser.js";
import { tensorFlow, useBackend } from "../../../src/runtime/tensor-flow.js";

const [beta1, beta2, epsilon, rate, weightDecay] = [0.9, 0.999, 1e-8, 0.05, 0.2];

/** Kingma and Ba 2015, algorithm 1, uphill; Loshchilov and Hutter 2019 where weights decay. */
function expected(start: readonly number[], gradients: readonly (readonly number[])[], decay: number): number[] {
  return start.map((x, i) => {
    let [m, v, at] = [0, 0, x];
    gradients.forEach((gradient, before) => {
      const t = before + 1;
      m = beta1 * m + (1 - beta1) * gradient[i]!;
      v = beta2 * v + (1 - beta2) * gradient[i]! ** 2;
      at -= rate * decay * at;
      at += (rate * (m / (1 - beta1 ** t))) / (Math.sqrt(v / (1 - beta2 ** t)) + epsilon);
    });
    return at;
  });
}

/** Optional packages of their own: what is tried is printed with the names of the tests. */
const native = await import("@tensorflow/tfjs-node" as string).then(
  () => ["node"],
  () => [],
);

describe.each(["cpu", "wasm", ...native])("on the backend %s", (backend) => {
  let left = 0;
  afterEach(async () => expect((await tensorFlow()).memory().numTensors).toBe(left));

  test.each(["adam", "adamw"] as const)("%s goes where its definition says, and is read and set back", async (name) => {
    await useBackend(backend);
    const tf = await tensorFlow();
    left = tf.memory().numTensors;
    const decay = name === "adamw" ? weightDecay : 0;
    // One to seven numbers beyond whole vectors of four.
    for (const size of [1, 2, 3, 4, 5, 7, 64]) {
      const start = Array.from({ length: size }, (_, i) => Math.sin(i + 1));
      const gradients = [0, 1, 2, 3].map((t) => start.map((_, i) => Math.cos(3 * t + i) * 10 ** ((i % 5) - 2)));
      const optimiser = deviceOptimiser(tf, { optimizer: name, beta1, beta2, weightDecay }, deviceKernels());
      const ascend = (weight: ReturnType<typeof tf.tensor>, t: number): typeof weight => {
        // The derivative is given twice as large, and halved.
        const gradient = tf.tensor(gradients[t]!.map((value) => 2 * value));
        const after = optimiser.step("w", weight, gradient, { rate, step: t + 1, factor: 0.5 });
        gradient.dispose();
        return after;
      };
      let weight = tf.tensor(start);
      optimiser.begin("w", weight);
      weight = ascend(ascend(weight, 0), 1);
      const [values, moments] = [Float32Array.from(await weight.data()), await optimiser.moments("w")];
      weight = ascend(ascend(weight, 2), 3);
      const through = [...(await weight.data())];
      expected(start, gradients, decay).forEach((value, i) => expect(through[i]).toBeCloseTo(value, 5));
      weight = optimiser.restore("w", weight, values, moments);
      weight = ascend(ascend(weight, 2), 3);
      expect([...(await weight.data())]).toEqual(through);
      weight.dispose();
      optimiser.release();
    }
  });
});
