import { expect, test } from "vitest";
import { emitNetwork } from "../../../src/codegen/network-kernels/emit-network.js";
import { compileSource, loadTrainer, type LoadedElboTrainer } from "../../../src/compile/index.js";
import { NetworkInstance } from "../../../src/runtime/networks/network-instance.js";
import { boundProgramOf, randomInputs } from "../../support/bound-programs.js";

const text = `model M {
  size D, L = 9
  net dec(Vector[L]) -> Vector[D] = dense(150, relu) |> layernorm() |> dense(70, tanh)
  param v: Diag[D]
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] ~ Normal(dec(z), v) }
}`;
const sizes = { D: 101, L: 9 };
/** Products of this many rows are shared by rows among two, by columns among four. */
const rows = 300;
const program = boundProgramOf(text);
const module = emitNetwork([program.step]);

/** Outputs of a step that so many threads have worked on, as the bits that they are. */
async function outputsOf(threads: number, variant: "plain" | undefined): Promise<Record<string, Uint32Array>> {
  if (module === undefined) throw new Error("no kernels");
  const instance = new NetworkInstance(module, sizes, { threads, ...(variant === undefined ? {} : { variant }) });
  const inputs = randomInputs(program, program.step, sizes, rows, 1);
  const prepared = instance.prepare("step", rows);
  for (const [key, view] of prepared.views) {
    const [kind, name] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
    if (kind !== "output") view.set(inputs[kind as "data"][name]!);
  }
  // Threads are started once there was enough work for them.
  while (instance.runningThreads < threads) {
    prepared.run();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (const [key, view] of prepared.views) if (key.startsWith("output ")) view.fill(NaN);
  let calls = 0;
  prepared.run(() => calls++);
  expect(calls).toBe(1);
  const found: Record<string, Uint32Array> = {};
  for (const [key, view] of prepared.views)
    if (key.startsWith("output ")) found[key] = new Uint32Array(Float32Array.from(view).buffer);
  instance.dispose();
  return found;
}

test.each([undefined, "plain"] as const)("a step has the same bits for 1, 2 and 4 threads (%s)", async (variant) => {
  const alone = await outputsOf(1, variant);
  expect(Object.keys(alone).length).toBeGreaterThan(8);
  for (const bits of Object.values(alone)) expect(new Float32Array(bits.buffer).every(Number.isFinite)).toBe(true);
  for (const threads of [2, 4]) expect(await outputsOf(threads, variant)).toEqual(alone);
});

test("a fit has the same bits for any number of threads, and ends them", async () => {
  const source = { name: "model.gen", text };
  const compiled = compileSource(source).program;
  if (compiled?.algorithm !== "elbo") throw new Error("no bound");
  const Model = await loadTrainer({ source, program: compiled });
  const data = Float64Array.from({ length: 600 * sizes.D }, (_, i) => Math.sin(i * i));
  const fits = [];
  for (const threads of [1, 2]) {
    const model = new Model({}) as LoadedElboTrainer;
    const { trace } = await model.fit(
      { x: { shape: [600, sizes.D], data } },
      { epochs: 5, batchSize: 256, seed: 3, threads },
    );
    fits.push([trace, Object.values(model.parameters).map(({ data: values }) => [...values])]);
  }
  expect(fits[1]).toEqual(fits[0]);
});
