import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { compileSource, loadTrainer, type LoadedChainElboTrainer } from "../../../../src/compile/index.js";
import { LoopRunner, NetworkRunner, type PartRunner } from "../../../../src/runtime/elbo/chain/part-runner.js";
import { chainBoundModels } from "../../../support/chain-bound-models.js";
import {
  chainBoundOf,
  chainObjective,
  InterpretedRunner,
  randomParameters,
  randomSequences,
  uniforms,
} from "../../../support/chain-bound-programs.js";

const lengths = [4, 1, 7, 2, 7];

describe.each(chainBoundModels.map(({ name, text }) => [name, text] as const))("%s", (_, text) => {
  test("every engine has the objective and derivatives of the interpreter", async () => {
    const model = chainBoundOf(text);
    const random = uniforms(5);
    const sizes = Object.fromEntries(model.description.sizes.map(({ name, default: value }) => [name, value ?? 3]));
    const parameters = randomParameters(model, sizes, random);
    const data = await randomSequences(model, sizes, lengths, random);
    const run = (runner: PartRunner): ReturnType<typeof chainObjective> =>
      chainObjective(model, data, runner, parameters, 0.8);
    const expected = await run(new InterpretedRunner(model.program, sizes, parameters));
    const source = { name: "model.gen", text };
    const { program } = compileSource(source);
    if (program === undefined) throw new Error("no program");
    const Trainer = await loadTrainer({ source, program });
    const trainer = new Trainer(sizes) as LoadedChainElboTrainer;
    const compare = async (runner: PartRunner, tolerance: number): Promise<void> => {
      const found = await run(runner);
      for (const [name, values] of Object.entries(expected)) {
        const scale = Math.max(1, ...values.map(Math.abs));
        values.forEach((value, i) =>
          expect(Math.abs(found[name]![i]! - value) / scale, `${name} ${i}`).toBeLessThan(tolerance),
        );
      }
    };
    await compare(new LoopRunner(trainer, sizes, parameters), 1e-12);
    await tf.setBackend("cpu");
    const Device = await loadTrainer({ source, program }, { engine: "tfjs" });
    const device = new Device(sizes) as LoadedChainElboTrainer;
    await compare(new LoopRunner(device, sizes, parameters), 2e-5);
    expect(tf.memory().numTensors).toBe(0);
    const instance = trainer.networks.create(sizes, 1);
    // Where an operation has no float32 kernel the loops are all there is.
    if (instance === undefined) return;
    const places = instance.place(
      "parameter",
      Object.entries(parameters).map(([name, { length }]) => ({ name, length })),
    );
    const view = instance.view(places.address, places.length);
    for (const [name, offset] of places.offsets) view.set(parameters[name]!, offset);
    await compare(new NetworkRunner(instance), 2e-5);
    trainer.dispose();
  });
});

test("models of networks have float32 kernels", () => {
  const [first] = chainBoundModels;
  const source = { name: "model.gen", text: first!.text };
  const { program } = compileSource(source);
  if (program === undefined) throw new Error("no program");
  return loadTrainer({ source, program }).then((Trainer) => {
    const trainer = new Trainer({ D: 2 }) as LoadedChainElboTrainer;
    expect(trainer.networks.create({ D: 2, L: 2 }, 1)).toBeDefined();
  });
});
