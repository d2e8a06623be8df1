import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { emitKernels } from "../../../src/codegen/kernels/emit-kernel.js";
import { deriveProgram } from "../../../src/compile/index.js";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import { KernelInstance } from "../../../src/runtime/kernels/kernel-instance.js";
import { KernelMemory } from "../../../src/runtime/kernels/kernel-memory.js";
import { shardsAtOnce, threadsFor } from "../../../src/runtime/kernels/shards.js";
import { builtin } from "../../../src/runtime/kernels/shards.js";
import { ThreadPool } from "../../../src/runtime/kernels/thread-pool.js";
import { workerCode, words } from "../../../src/runtime/kernels/worker-code.js";
import { columns, randomWorld, stored } from "../../oracles/random-world.js";
import { modelOf } from "../../support/random-models.js";
import { emittedTrainer } from "../emitted-trainer.js";
import { emptyOutputs } from "../loops/run-loops.js";

const text = `model Mixture {
  size K, D
  param weights: Simplex[K]
  param mean[K]: Vector[D]
  param covariance[K]: Cov[D]
  param rate[K]: Positive
  each n {
    latent z: Category[K] ~ Categorical(weights)
    observe x: Vector[D]? ~ Normal(mean[z], covariance[z])
    observe y: Count ~ Poisson(rate[z])
  }
}`;
const sizes = { K: 3, D: 2 };
const model = modelOf(text);

async function workersOf(kernels: KernelInstance, threads: number): Promise<void> {
  kernels.threads = threads;
  while (kernels.readyWorkers < threads - 1) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("the sums have the same bits for any number of threads, and are those of the interpreter", async () => {
  const program = deriveProgram(model);
  const rows = 4500;
  for (const [fn, missing] of [
    [program.eStep.complete, 0],
    [program.eStep.incomplete ?? program.eStep.complete, 0.3],
    [program.logDensity.complete, 0],
  ] as const) {
    const world = randomWorld(model, sizes, 3, rows, missing);
    const data = columns(world);
    const parameters = stored(world.parameters);
    const { module } = emitKernels([fn]);
    if (module === undefined) throw new Error("no kernel");
    const environment = { sizes, rows, inputs: { parameter: parameters, data } };
    const found: Record<string, Float64Array>[] = [];
    for (const threads of [1, 2, 4]) {
      const kernels = KernelInstance.createNow(module);
      await workersOf(kernels, threads);
      for (let turn = 0; turn < 3; turn++) {
        const into = emptyOutputs(fn, environment);
        kernels.run(fn.name, { sizes, rows, parameters, data, into });
        found.push(into);
      }
      kernels.dispose();
      expect(kernels.threads).toBe(1);
    }
    for (const other of found) expect(other).toEqual(found[0]);
    const expected = interpretPlan(fn, environment);
    for (const { name } of fn.outputs) {
      const scale = expected[name].reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      expected[name].forEach((value, i) => expect(Math.abs(found[0][name][i] - value)).toBeLessThan(1e-12 * scale));
    }
  }
});

test("a fit has the same bits for any number of threads and any size of what is read at once", async () => {
  const program = deriveProgram(model);
  const rows = 40_000;
  const world = randomWorld(model, sizes, 5, 500);
  const small = columns(world);
  const x = Float64Array.from({ length: 2 * rows }, (_, i) => small.x[i % 1000] + 1e-3 * Math.sin(i));
  const y = Float64Array.from({ length: rows }, (_, i) => small.y[i % 500]);
  const data = { x: { shape: [rows, 2], data: x }, y: { shape: [rows], data: y } };
  const fits = [];
  for (const options of [{ threads: 1 }, { threads: 2 }, { threads: 4, blockRows: 5000 }, { blockRows: 7 }]) {
    const trainer = emittedTrainer(program, { K: 3 });
    const { objective } = await trainer.fit(data, { restarts: 1, maxIterations: 6, ...options });
    const values = Object.entries(trainer.parameters).map(([name, { data }]) => [name, [...data]]);
    fits.push({ objective, values });
    trainer.dispose();
  }
  for (const fit of fits) expect(fit).toEqual(fits[0]);
});

test("shards that a worker cannot do are done by the thread that asks, and the worker is done without", async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  const pool = new ThreadPool(module, memory, new KernelMemory(memory, 64), [{ rows: "not exported" }]);
  pool.threads = 2;
  while (pool.ready < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  let done: string[] = [];
  const work = { job: 0, frames: 0, stride: 64, first: 2, count: 4, groupsPerShard: 10, groups: 55 };
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  pool.run(work, (frame, begin, end) => {
    // The worker has the time to take shards too.
    Atomics.wait(sleep, 0, 0, 20);
    if (frame === 0) done = [];
    done.push(`${frame}: ${begin} to ${end}`);
  });
  expect(done).toEqual(["0: 20 to 30", "64: 30 to 40", "128: 40 to 50", "192: 50 to 55"]);
  expect(pool.threads).toBe(1);
});

describe("when threads are started", () => {
  test("not for one shard, nor before there was work that is worth it, and no more than are wanted", () => {
    expect(threadsFor(1, 8, 1e6)).toBe(1);
    expect(threadsFor(100, 8, 1)).toBe(1);
    expect(threadsFor(100, 8, 1000)).toBe(8);
    expect(threadsFor(100, 1, 1000)).toBe(1);
  });

  test("sums that take much memory are worked on a few at a time, but all threads have some", () => {
    expect(shardsAtOnce(16, 1, 10)).toBe(1);
    expect(shardsAtOnce(16, 2, 10)).toBe(16);
    expect(shardsAtOnce(16, 2, 1e9)).toBe(2);
  });
});

test("a waiting worker does not keep the process alive", () => {
  const code = `
    const { Worker } = require("node:worker_threads");
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    const worker = new Worker(${JSON.stringify(workerCode)}, { eval: true, workerData: { module, memory, control: 0, jobs: [] } });
    worker.unref();
    const words = new Int32Array(memory.buffer);
    const wait = () => (words[${words.ready}] === 1 ? console.log("ready") : setTimeout(wait, 5));
    wait();
  `;
  const done = spawnSync(process.execPath, ["-e", code], { encoding: "utf8", timeout: 20_000 });
  expect(done.stderr).toBe("");
  expect([done.status, done.stdout]).toEqual([0, "ready\n"]);
});

test("Node's own modules are found without an import", () => {
  expect(typeof builtin("node:worker_threads")?.Worker).toBe("function");
});
