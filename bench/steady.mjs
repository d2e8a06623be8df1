// Memory over many training steps: node bench/steady.mjs [--steps 10000] [--backends cpu,wasm,node] prints, for every engine
// and backend that starts here, tensors and memory after warm-up and at the end of one fit. Both are to stay where they are.
// The native backend is found from the working folder.
import { parseArgs } from "node:util";
import { compileSource, loadTrainer } from "../dist/compile/index.js";
import { tensorFlow, useBackend } from "../dist/runtime/index.js";

const { values } = parseArgs({ options: { steps: { type: "string" }, backends: { type: "string" } } });
const steps = Number(values.steps ?? 10_000);
const [points, batch, stepsOfEpoch] = [64, 16, 100];
const models = {
  bound: `model Code {
  size D, L = 4
  net decoder(Vector[L]) -> Vector[D] = dense(32, relu)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Binary[D] ~ Bernoulli(logits: decoder(z)) }
}`,
  game: `model Game {
  size D, L = 4
  net generator(Vector[L]) -> Vector[D] = dense(32, relu)
  net judge(Vector[D]) -> Real = dense(32, relu)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] = generator(z) }
  critic judge(x)
  learn adversarial { loss: wasserstein, gp: 10, critic_steps: 1 }
}`,
};
const rows = batch * stepsOfEpoch;
const data = Float64Array.from({ length: rows * points }, (_, i) => Number(Math.sin(i * i) > 0));

for (const [name, text] of Object.entries(models)) {
  for (const backend of [undefined, ...(values.backends ?? "cpu,wasm,node,node-gpu").split(",")]) {
    const engine = backend === undefined ? "kernel" : "tfjs";
    if (backend !== undefined && !(await starts(backend))) continue;
    const source = { name: `${name}.gen`, text };
    const Model = await loadTrainer({ source, program: compileSource(source).program }, { engine });
    const model = new Model({ D: points });
    const epochs = Math.ceil(steps / stepsOfEpoch);
    const seen = [];
    for await (const { kind } of model.fit({ x: { shape: [rows, points], data } }, { batchSize: batch, epochs })) {
      if (kind !== "iteration") continue;
      const tensors = backend === undefined ? 0 : (await tensorFlow()).memory().numTensors;
      const { arrayBuffers, external, rss } = process.memoryUsage();
      seen.push({ tensors, buffers: Math.max(arrayBuffers, external) / 2 ** 20, resident: rss / 2 ** 20 });
    }
    const from = seen[Math.floor(seen.length / 10)];
    const to = seen.at(-1);
    const most = Math.max(...seen.map(({ tensors }) => tensors));
    console.log(
      JSON.stringify({
        ...{ model: name, engine, backend, steps: epochs * stepsOfEpoch },
        ...{ tensors: [from.tensors, to.tensors], mostTensors: most },
        residentMiB: [from.resident, to.resident].map(Math.round),
        buffersMiB: [from.buffers, to.buffers].map(Math.round),
      }),
    );
    model.dispose();
  }
}
process.exit(0);

async function starts(backend) {
  try {
    await useBackend(backend);
    return true;
  } catch (error) {
    console.log(JSON.stringify({ backend, notMeasured: String(error.message ?? error).split("\n")[0] }));
    return false;
  }
}
