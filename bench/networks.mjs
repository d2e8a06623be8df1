// Seconds per training step of networks, side by side with PyTorch, JAX and TensorFlow.js in one run:
//
//   node bench/networks.mjs OPTIONS
//
//   --only TEXT              cases whose name contains it: vae-200, vae-400, wgan-gp
//   --rounds N               how often each side is run, in turn [3]
//   --steps N                steps of each run [100]
//   --threads N              for all sides that have threads [2]
//   --node PATH              another Node.js to measure genc on as well (repeatable)
//   --peers FOLDER           the peers' scripts [../shared/peers]
//   --python PATH            a Python with PyTorch and JAX [GENC_BENCH_PYTHON, else python3]
//   --tfjs FOLDER            a folder with @tensorflow/tfjs and @tensorflow/tfjs-backend-wasm [none: left out]; where it has
//                            @tensorflow/tfjs-node, both sides run on the native backend too
//   --data FILE.npy          rows for all sides, float32 or float64 [rows, 784] in C order [random: half of the bits ones]
//   --sides LIST             genc, tfjs-engine, torch, jax, tfjs [all]
//   --out FILE.json          [results/networks.json]
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const text = { type: "string" };
const { values: options } = parseArgs({
  options: {
    ...{ only: text, rounds: text, steps: text, threads: text, node: { type: "string", multiple: true } },
    ...{ peers: text, python: text, tfjs: text, data: text, sides: text, out: text },
  },
});
const rounds = Number(options.rounds ?? 3);
const steps = Number(options.steps ?? 100);
const threads = Number(options.threads ?? 2);
const nodes = [process.execPath, ...(options.node ?? []).map((path) => resolve(path))];
const peers = resolve(options.peers ?? join(here, "..", "..", "shared", "peers"));
const python = options.python ?? process.env.GENC_BENCH_PYTHON ?? "python3";
const wanted = options.sides?.split(",") ?? ["genc", "tfjs-engine", "torch", "jax", "tfjs"];

const hasNative =
  options.tfjs !== undefined && existsSync(join(resolve(options.tfjs), "node_modules", "@tensorflow", "tfjs-node"));
const backends = hasNative ? ["wasm", "node"] : ["wasm"];

const vae = (hidden) => ({ name: `vae-${hidden}`, task: "vae", hidden, latent: 20, batch: 128, steps });
const cases = [
  vae(200),
  vae(400),
  { name: "wgan-gp", task: "wgan-gp", hidden: 256, latent: 64, batch: 64, steps: Math.max(20, Math.round(steps / 5)) },
].filter(({ name }) => name.includes(options.only ?? ""));

if (!existsSync(join(here, "..", "dist", "compile", "index.js"))) {
  const { build } = await import("../scripts/build.mjs");
  await build();
}
console.log(`${cpus()[0]?.model.trim()}, ${threads} threads, load ${loadavg()[0].toFixed(1)}`);
const peaks = new Map();
for (const node of nodes) await measurePeak(node);
const results = [];
for (const each of cases) {
  const sides = sidesOf(each);
  const measured = sides.map(() => []);
  const errors = sides.map(() => undefined);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { measure }] of sides.entries()) {
      if (errors[i] !== undefined) continue;
      const found = await measure();
      if (found.error === undefined) measured[i].push(found);
      else errors[i] = found.error;
    }
  }
  results.push({
    case: each,
    load: loadavg()[0],
    sides: sides.flatMap(({ side }, i) => summaries(side, measured[i], errors[i])),
  });
  print(results.at(-1));
}
for (const node of nodes) await measurePeak(node);
const out = options.out ?? join(here, "results", "networks.json");
mkdirSync(dirname(out), { recursive: true });
const machine = { processor: cpus()[0]?.model.trim(), cores: availableParallelism(), platform: process.platform };
const document = { schema: "genc.network-benchmarks/1", machine, threads, rounds, peaks: [...peaks.values()], results };
writeFileSync(out, `${JSON.stringify(document, null, 1)}\n`);
console.log(out);

async function measurePeak(node) {
  const found = await run(node, [join(here, "peak.mjs"), String(threads), "float32"], {});
  if (found.error !== undefined) return;
  const [measured] = found.lines;
  if ((peaks.get(node)?.gigaflops ?? 0) < measured.gigaflops) peaks.set(node, measured);
}

/** Runs of each side; a peer's run may have several variants, each a side of its own in the result. */
function sidesOf(each) {
  const given = options.data === undefined ? {} : { data: resolve(options.data) };
  const ours = (side, node, more) => ({
    side,
    measure: async () => {
      const settings = { ...each, threads, ...given, ...more };
      const found = await run(node, [join(here, "networks-ours.mjs"), JSON.stringify(settings)], {});
      return found.error === undefined ? { ...found.lines[0], variant: found.lines[0].version } : found;
    },
  });
  const script = (name) => join(peers, `${each.task === "vae" ? "vae" : "wgan"}_${name}`);
  const size = [...["--hidden", each.hidden, "--latent", each.latent, "--batch", each.batch]];
  const peer = (side, program, file, more, environment = {}) => ({
    side,
    measure: async () => {
      const found = await run(
        program,
        [file, ...size, ...(given.data === undefined ? [] : ["--data", given.data]), ...more].map(String),
        environment,
      );
      return found.error === undefined ? { ...found.lines[0], version: found.lines[0].versions } : found;
    },
  });
  const quietPython = { PYTHONDONTWRITEBYTECODE: "1" };
  const all = {
    genc: () => nodes.map((node) => ours("genc", node, {})),
    "tfjs-engine": () =>
      backends.map((backend) =>
        ours(`genc --engine tfjs, ${backend}`, nodes[0], {
          ...{ engine: "tfjs", backend, threads: undefined },
          steps: Math.min(each.steps, backend === "node" ? 60 : 20),
        }),
      ),
    torch: () => [
      peer(
        "PyTorch",
        python,
        script("torch.py"),
        ["--threads", threads, "--steps", each.steps, ...(each.task === "vae" ? ["--compile", 0] : [])],
        quietPython,
      ),
    ],
    jax: () =>
      each.task === "vae"
        ? [peer("JAX", python, script("jax.py"), ["--threads", threads, "--steps", each.steps], quietPython)]
        : [],
    tfjs: () =>
      options.tfjs === undefined
        ? []
        : backends.map((backend) => {
            const count = backend === "node" ? 40 : 10;
            return peer(`TensorFlow.js ${backend}`, nodes[0], script("tfjs.mjs"), [
              "--backend",
              backend,
              "--steps",
              count,
            ]);
          }),
  };
  return wanted.flatMap((side) => all[side]?.() ?? []);
}

function summaries(side, runs, error) {
  if (runs.length === 0) return [{ side, error: error ?? "nothing measured" }];
  const variants = runs[0].variants ?? { [runs[0].variant]: { seconds: runs[0].secondsPerStep } };
  return Object.keys(variants).map((variant) => {
    const seconds = runs.map((each) => each.variants?.[variant]?.seconds ?? each.secondsPerStep);
    const products = runs.flatMap((each) => (each.products === undefined ? [] : [each.products.gigaflops]));
    const peak = [...peaks.values()].find(({ version }) => version === runs[0].version);
    return {
      side,
      variant,
      secondsPerStep: median(seconds),
      runs: seconds,
      ...(products.length === 0 ? {} : { productGigaflops: median(products) }),
      ...(products.length === 0 || peak === undefined ? {} : { shareOfPeak: median(products) / peak.gigaflops }),
    };
  });
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function print({ case: { name }, sides }) {
  console.log(name);
  const own = sides.filter(({ side, error }) => side === "genc" && error === undefined);
  for (const each of sides) {
    const label = `  ${each.side} ${each.variant ?? ""}`.padEnd(40);
    if (each.error !== undefined) {
      console.log(`${label}not measured: ${each.error}`);
      continue;
    }
    const ratios = own
      .filter((one) => one !== each && each.side !== "genc")
      .map((one) => `${(each.secondsPerStep / one.secondsPerStep).toFixed(2)} of ${one.variant}`);
    const share =
      each.productGigaflops === undefined
        ? ""
        : `  products ${each.productGigaflops.toFixed(0)} GFLOP/s${each.shareOfPeak === undefined ? "" : `, ${(100 * each.shareOfPeak).toFixed(0)}% of the peak`}`;
    console.log(`${label}${(1000 * each.secondsPerStep).toFixed(2).padStart(8)} ms  ${ratios.join(", ")}${share}`);
  }
}

/** A process whose output is one JSON object a line; TensorFlow.js is found from its folder. */
function run(program, arguments_, environment) {
  return new Promise((settle) => {
    const folder = options.tfjs === undefined ? here : resolve(options.tfjs);
    const child = spawn(program, arguments_, {
      cwd: folder,
      env: { ...process.env, ...environment },
      timeout: 600_000,
    });
    let [output, said] = ["", ""];
    child.stdout.on("data", (part) => (output += part));
    child.stderr.on("data", (part) => (said = (said + part).slice(-1000)));
    child.on("error", (error) => settle({ error: String(error) }));
    child.on("close", (code) => {
      const lines = output.split("\n").filter((line) => line.startsWith("{"));
      if (code !== 0 || lines.length === 0) settle({ error: said.trim().split("\n").at(-1) || `status ${code}` });
      else settle({ lines: lines.map((line) => JSON.parse(line)) });
    });
  });
}
