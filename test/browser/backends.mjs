// Trains a network with the engine tfjs in headless Chromium, on every backend that a page can have here; a part of
//   npm run test:browser
//
// The GPU is SwiftShader, which computes on the CPU. WebGL needs the optional package @tensorflow/tfjs-backend-webgl; what is
// not installed is said. CHROMIUM names the browser; without one there is nothing to test.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium, openPage } from "./chromium.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const SECONDS_FOR_A_PAGE = 300;
if (chromium === undefined) {
  console.log("backends in a page: skipped, there is no Chromium here (set CHROMIUM, or install one)");
  process.exit(0);
}

const swiftShader = {
  webgl: ["--enable-unsafe-swiftshader", "--use-gl=angle", "--use-angle=swiftshader"],
  webgpu: ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
};
const isInstalled = (name) => {
  try {
    createRequire(join(root, "package.json")).resolve(name);
    return true;
  } catch {
    return false;
  }
};
const tried = [
  { backend: "cpu", flags: ["--disable-gpu"] },
  { backend: "webgpu", flags: swiftShader.webgpu },
  { backend: "webgl", flags: swiftShader.webgl },
].filter(({ backend }) => {
  const name = `@tensorflow/tfjs-backend-${backend}`;
  if (!isInstalled(name)) console.log(`backends in a page: ${backend} is left out, ${name} is not installed`);
  return isInstalled(name);
});

const folder = mkdtempSync(join(tmpdir(), "genc-backends-"));
try {
  await bundle();
  const traces = new Map();
  let failures = 0;
  for (const { backend, flags } of tried) {
    const files = { "/page.mjs": readFileSync(join(folder, "page.mjs")) };
    const found = await openPage({ files, query: `?${backend}`, flags, folder, seconds: SECONDS_FOR_A_PAGE });
    traces.set(backend, found.trace);
    const expected = traces.get("cpu");
    // Float32 everywhere, sums in other orders.
    const isClose =
      found.trace?.length === 3 && found.trace.every((value, i) => Math.abs(value / expected[i] - 1) < 1e-4);
    const holds = isClose && found.backend === backend && found.left === 0 && found.trace[2] > found.trace[0];
    if (!holds) failures++;
    console.log(`${holds ? "ok    " : "FAILED"}  a bound on ${backend}: ${JSON.stringify(found)}`);
  }
  process.exitCode = failures === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** One page with the model, the run time and the backends. */
async function bundle() {
  writeFileSync(
    join(folder, "code.gen"),
    `model Code {
  size D, L = 3
  net decoder(Vector[L]) -> Vector[D] = dense(32, relu)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Binary[D] ~ Bernoulli(logits: decoder(z)) }
}`,
  );
  const compile = ["compile", join(folder, "code.gen"), "--engine", "tfjs", "-o", join(folder, "code.mjs")];
  const compiled = spawnSync(process.execPath, [join(root, "bin", "genc.js"), ...compile], { encoding: "utf8" });
  if (compiled.status !== 0) throw new Error(compiled.stderr);
  writeFileSync(
    join(folder, "entry.mjs"),
    `import * as tf from "@tensorflow/tfjs-core";
${tried.map(({ backend }) => `import "@tensorflow/tfjs-backend-${backend}";`).join("\n")}
import { useBackend } from "genc/runtime";
import { Code } from "./code.mjs";
const [rows, points] = [256, 64];
async function train() {
  await useBackend(location.search.slice(1));
  const data = Float64Array.from({ length: rows * points }, (_, i) => Number(Math.sin(i * i) > 0));
  const before = tf.memory().numTensors;
  const model = new Code({ D: points });
  const { trace } = await model.fit({ x: { shape: [rows, points], data } }, { batchSize: 32, epochs: 3, seed: 1 });
  return { backend: tf.getBackend(), trace, left: tf.memory().numTensors - before };
}
const report = (result) => fetch("/result", { method: "POST", body: JSON.stringify(result) });
train().then(report, (error) => report({ error: String(error?.stack ?? error) }));`,
  );
  await build({
    entryPoints: [join(folder, "entry.mjs")],
    outfile: join(folder, "page.mjs"),
    ...{ bundle: true, format: "esm", platform: "browser", logLevel: "error" },
    alias: { "genc/runtime": join(root, "dist", "runtime", "index.js") },
    nodePaths: [join(root, "node_modules"), ...(process.env.NODE_PATH ?? "").split(":")],
    // What TensorFlow.js asks for in Node.js only.
    external: ["fs", "path", "worker_threads", "perf_hooks", "os", "util", "string_decoder", "crypto"],
  });
}
