import { beforeAll, describe, expect, test } from "vitest";
import { compileSource, loadTrainer, type LoadedElboTrainer } from "../../../src/compile/index.js";
import type { StepState } from "../../../src/runtime/elbo/step-state.js";
import { tensorFlow, useBackend } from "../../../src/runtime/tensor-flow.js";

const source = {
  name: "model.gen",
  text: `model M {
  size D, L = 2
  net dec(Vector[L]) -> Vector[D] = dense(9, relu)
  param v: Diag[D]
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] ~ Normal(dec(z), v) }
}`,
};
const [rows, D] = [60, 7];
const x = {
  shape: [rows, D],
  data: Float64Array.from({ length: rows * D }, (_, i) => 3 + Math.sin(i * i) + Math.cos(Math.floor(i / D))),
};

async function trainer(engine: "kernel" | "tfjs"): Promise<LoadedElboTrainer> {
  const { program } = compileSource(source);
  if (program?.algorithm !== "elbo") throw new Error("no bound");
  const Model = await loadTrainer({ source, program }, { engine });
  return new Model({}) as LoadedElboTrainer;
}

const valuesOf = (model: LoadedElboTrainer): readonly (readonly [string, readonly number[]])[] =>
  Object.entries(model.parameters).map(([name, { data }]) => [name, [...data]]);

describe.each(["cpu", "wasm"])("on the backend %s", (backend) => {
  beforeAll(() => useBackend(backend));

  test.each([
    { optimizer: "adam" },
    { optimizer: "adamw", weightDecay: 0.1 },
    { optimizer: "sgd", learningRate: 1e-3 },
    { optimizer: "rmsprop" },
    { optimizer: "adam", clip: 0.5 },
  ] as const)("weights on the device go where those of the kernels go: %o", async (options) => {
    const settings = { epochs: 4, batchSize: 20, seed: 3, ...options };
    const [kernel, device] = [await trainer("kernel"), await trainer("tfjs")];
    expect(device.description.residents?.length).toBeGreaterThan(4);
    const { trace } = await kernel.fit({ x }, settings);
    const before = (await tensorFlow()).memory().numTensors;
    const found = await device.fit({ x }, settings);
    expect((await tensorFlow()).memory().numTensors).toBe(before);
    found.trace.forEach((value, i) => expect(value / trace[i]!).toBeCloseTo(1, 4));
    const expected = new Map(valuesOf(kernel));
    for (const [name, values] of valuesOf(device))
      values.forEach((value, i) => expect(Math.abs(value - expected.get(name)![i]!), name).toBeLessThan(2e-3));
  });

  test("a fit that goes on from a checkpoint ends in the same bits, and one that is left leaves no tensor", async () => {
    const settings = { epochs: 4, batchSize: 20, seed: 3 };
    const whole = await trainer("tfjs");
    await whole.fit({ x }, settings);
    const before = (await tensorFlow()).memory().numTensors;
    let state: StepState | undefined;
    const left = await trainer("tfjs");
    for await (const event of left.fit({ x }, { ...settings, checkpointEvery: 5 })) {
      if (event.kind !== "checkpoint") continue;
      state = event.state;
      break;
    }
    expect(state?.step).toBe(3);
    expect((await tensorFlow()).memory().numTensors).toBe(before);
    const resumed = await trainer("tfjs");
    if (state === undefined) throw new Error("no checkpoint");
    await resumed.fit({ x }, { ...settings, resume: state });
    expect(valuesOf(resumed)).toEqual(valuesOf(whole));
  });
});
