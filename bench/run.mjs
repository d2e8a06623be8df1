// Seconds per EM iteration, side by side with scikit-learn and JAX, in one run:  npm run bench -- OPTIONS
//
//   --quick, --full          fewer sizes, all sizes
//   --n --d --k LIST         sizes, separated by commas          --task LIST, --covariance LIST
//   --only TEXT              cases whose name contains it, for example "full N=200k D=16 K=16"
//   --budget MINUTES         no case is begun after so long [20]
//   --limit SECONDS          sides are left out whose iteration is likely to take longer [5]
//   --rounds N               how often each side is run, in turn [3]
//   --threads N              for all sides [as many as there are cores, at most 2]
//   --node PATH              another Node.js to measure genc on as well (repeatable)
//   --peers FOLDER           the peers' scripts [../shared/peers]
//   --python PATH            a Python with scikit-learn and JAX, as `sh setup.sh FOLDER` of the peers makes
//                            [GENC_BENCH_PYTHON, else python3]
//   --out FILE.json, --chart FILE.svg
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { casesOf, covariances, guessSeconds, tables, tasks } from "./cases.mjs";
import { chainArguments } from "./chain-cases.mjs";
import { chart } from "./chart.mjs";
import { answerRows, countRows, gaussianRows, writeNpy } from "./recipe.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const text = { type: "string" };
const { values: options } = parseArgs({
  options: {
    ...{ quick: { type: "boolean" }, full: { type: "boolean" }, n: text, d: text, k: text, task: text },
    ...{ covariance: text, only: text, budget: text, limit: text, rounds: text, threads: text },
    ...{ node: { type: "string", multiple: true }, peers: text, python: text, out: text, chart: text },
  },
});
const numbers = (list, usual) => list?.split(",").map(Number) ?? usual;
const table = tables[options.full ? "full" : options.quick ? "quick" : "usual"];
const sizes = { n: numbers(options.n, table.n), d: numbers(options.d, table.d), k: numbers(options.k, table.k) };
const cases = casesOf(sizes, options.task?.split(",") ?? tasks, options.covariance?.split(",") ?? covariances).filter(
  ({ name }) => name.includes(options.only ?? ""),
);
const budget = 60 * Number(options.budget ?? 20);
const limit = Number(options.limit ?? 5);
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const threads = Number(options.threads ?? Math.min(2, availableParallelism()));
const nodes = [process.execPath, ...(options.node ?? []).map((path) => resolve(path))];
const peers = resolve(options.peers ?? join(here, "..", "..", "shared", "peers"));
const python = findPython();
const folder = mkdtempSync(join(tmpdir(), "genc-bench-"));
const begun = performance.now();
const elapsed = () => (performance.now() - begun) / 1000;

if (!existsSync(join(here, "..", "dist", "compile", "index.js"))) {
  const { build } = await import("../scripts/build.mjs");
  await build();
}
console.log(`${cpus()[0]?.model.trim()}, ${threads} threads, load ${loadavg()[0].toFixed(1)}`);
if (python === undefined) console.log("No Python with scikit-learn and JAX: genc alone (--python, --peers).");
const peaks = new Map();
for (const node of nodes) await measurePeak(node);

const results = [];
try {
  for (const each of cases) {
    if (elapsed() > budget) {
      console.log(`budget of ${budget / 60} minutes used: ${cases.length - results.length} cases not measured`);
      break;
    }
    results.push(await measureCase(each));
    print(results.at(-1));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const node of nodes) await measurePeak(node);

const document = {
  schema: "genc.benchmarks/1",
  machine: { processor: cpus()[0]?.model.trim(), cores: availableParallelism(), platform: process.platform },
  threads,
  rounds,
  load: loadavg()[0],
  seconds: elapsed(),
  peaks: [...peaks.values()],
  notMeasured: cases.slice(results.length).map(({ name }) => name),
  results,
};
const out = options.out ?? join(here, "results", "latest.json");
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, `${JSON.stringify(document, null, 1)}\n`);
const picture = options.chart ?? out.replace(/(\.json)?$/, ".svg");
writeFileSync(picture, chart(document));
console.log(`${out}\n${picture}`);

async function measurePeak(node) {
  const found = await run(node, [join(here, "peak.mjs"), String(threads)], {}, 120);
  if (found.error !== undefined) return;
  const [measured] = found.lines;
  // The best of those before and after: what others do on the machine can only lower it.
  if ((peaks.get(node)?.gigaflops ?? 0) < measured.gigaflops) peaks.set(node, measured);
}

/** All sides of one case, in turn, as often as there are rounds. */
async function measureCase(each) {
  const data = each.steps === undefined ? makeData(each) : undefined;
  const guess = guessSeconds(each);
  // A median of so many that those in which threads start do not decide it.
  const iterations = guess < 3 ? Math.min(60, Math.max(6, Math.ceil(0.3 / guess))) : 2;
  const repetitions = guess < 0.3 ? 3 : 1;
  const sides = [
    ...nodes.map((node) => ({ side: "genc", measure: () => ours(node, each, data, iterations, repetitions) })),
    ...(python === undefined ? [] : peerSides(each, data, iterations, repetitions)),
  ];
  const measured = sides.map(() => []);
  const left = sides.map(({ side }) => (side !== "genc" && guess > limit ? "its iteration takes too long" : undefined));
  for (let round = 0; round < rounds; round++) {
    for (const [i, { measure }] of sides.entries()) {
      if (left[i] !== undefined) continue;
      const found = await measure();
      if (found.error === undefined) measured[i].push(found);
      else left[i] = found.error;
    }
  }
  const { name, operations, steps, ...size } = each;
  return {
    name,
    size,
    ...(steps === undefined ? { operations } : { steps }),
    iterations,
    load: loadavg()[0],
    sides: sides.map(({ side }, i) => summary(side, measured[i], left[i], { operations, steps })),
  };
}

function summary(side, runs, error, { operations, steps }) {
  if (runs.length === 0) return { side, error: error ?? "nothing measured" };
  const last = runs.at(-1);
  const secondsPerIteration = median(runs.map((each) => each.secondsPerIteration));
  const gigaflops = operations === undefined ? undefined : operations / secondsPerIteration / 1e9;
  const peak = [...peaks.values()].find(({ version }) => version === last.version);
  return {
    side,
    version: last.version,
    ...(last.variant === undefined ? {} : { variant: last.variant }),
    ...(last.others === undefined ? {} : { others: last.others }),
    secondsPerIteration,
    min: Math.min(...runs.map((each) => each.min)),
    runs: runs.map((each) => each.secondsPerIteration),
    ...(gigaflops === undefined ? { microsecondsPerStep: (1e6 * secondsPerIteration) / steps } : { gigaflops }),
    ...(peak === undefined || gigaflops === undefined ? {} : { shareOfPeak: gigaflops / peak.gigaflops }),
    warmupSeconds: median(runs.map((each) => each.warmupSeconds)),
    peakMiB: Math.max(...runs.map((each) => each.peakMiB)),
    check: last.check,
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function ours(node, each, data, iterations, repetitions) {
  const settings = { ...each, data, iterations, repetitions, threads, seconds: 60 };
  const found = await run(node, [join(here, "ours.mjs"), JSON.stringify(settings)], {}, 600);
  return found.error === undefined ? found.lines[0] : found;
}

function peerSides(each, data, iterations, repetitions) {
  const input = each.steps === undefined ? ["--data", data, "--k", each.k, "--dtype", "float64"] : chainArguments(each);
  const common = [...input, "--iters", iterations, "--reps", repetitions, "--threads", threads];
  const side = (name, script, more) => ({
    side: name,
    measure: async () => {
      const arguments_ = [join(here, "peers", "with_memory.py"), script, ...common, ...more];
      const environment = { PYTHONPATH: peers, PYTHONDONTWRITEBYTECODE: "1" };
      const found = await run(python, arguments_.map(String), environment, 60 + 120 * limit);
      if (found.error !== undefined) return found;
      const [measured, { peakMiB }] = found.lines;
      const { secondsPerIteration, min, check, variant, variants, warmupSeconds, versions } = measured;
      const version = name === "scikit-learn" ? versions["scikit-learn"] : versions.jax;
      return { version, secondsPerIteration, min, check, variant, others: variants, warmupSeconds, peakMiB };
    },
  });
  const own = (script) => join(here, "peers", script);
  switch (each.task) {
    case "gmm":
      return [
        side("scikit-learn", join(peers, "gmm_sklearn.py"), ["--cov", each.covariance]),
        side("JAX", join(peers, "gmm_jax.py"), ["--cov", each.covariance]),
      ];
    case "hmm":
    case "kalman":
    case "switching":
      return [side("JAX", join(peers, `${each.task}_jax.py`), [])];
    case "poisson":
      return [side("JAX", own("poisson_jax.py"), [])];
    default:
      return [side("JAX", own("latent_classes_jax.py"), ["--choices", each.choices])];
  }
}

/** A process whose output is one JSON object a line. */
function run(program, arguments_, environment, seconds) {
  return new Promise((settle) => {
    const child = spawn(program, arguments_, { env: { ...process.env, ...environment }, timeout: 1000 * seconds });
    let [out, said] = ["", ""];
    child.stdout.on("data", (part) => (out += part));
    child.stderr.on("data", (part) => (said = (said + part).slice(-1000)));
    child.on("error", (error) => settle({ error: String(error) }));
    child.on("close", (code, signal) => {
      const lines = out.split("\n").filter((line) => line.startsWith("{"));
      if (signal !== null) settle({ error: `stopped after ${seconds} s` });
      else if (code !== 0 || lines.length === 0) settle({ error: said.trim().split("\n").at(-1) || `status ${code}` });
      else settle({ lines: lines.map((line) => JSON.parse(line)) });
    });
  });
}

function makeData({ task, n, d, k, choices }) {
  const file = join(folder, `${task}-${n}-${d}-${k}.npy`);
  if (existsSync(file)) return file;
  // Only those of the case at hand: they may have a gigabyte.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const rows = {
    gmm: () => gaussianRows(n, d, k, 1),
    poisson: () => countRows(n, d, k, 1),
    "latent-classes": () => answerRows(n, d, k, choices, 1),
  }[task]();
  writeNpy(file, rows, [n, d]);
  return file;
}

function findPython() {
  if (!existsSync(join(peers, "gmm_sklearn.py"))) return undefined;
  const names = [options.python, process.env.GENC_BENCH_PYTHON, "python3"].filter((name) => name);
  return names.find((name) => spawnSync(name, ["-c", "import sklearn, jax"], { stdio: "ignore" }).status === 0);
}

function print({ name, sides }) {
  console.log(name);
  const [first] = sides;
  for (const each of sides) {
    const label = `  ${each.side} ${each.version ?? ""}`.padEnd(26);
    if (each.error !== undefined) {
      console.log(`${label}not measured: ${each.error}`);
      continue;
    }
    const ratio = each.side === "genc" || first.error !== undefined ? "" : `${ratioText(each, sides)} as long as genc`;
    const share = each.shareOfPeak === undefined ? "" : `, ${(100 * each.shareOfPeak).toFixed(0)}% of the peak`;
    console.log(
      `${label}${(1000 * each.secondsPerIteration).toPrecision(3).padStart(8)} ms  ` +
        `${speedText(each)}${share}  ${each.peakMiB.toFixed(0)} MiB  ` +
        `${ratio}${agrees(each.check, first.check) ? "" : `  CHECK DIFFERS: ${each.check}, ${first.check}`}`,
    );
  }
}

function speedText({ gigaflops, microsecondsPerStep }) {
  return gigaflops === undefined
    ? `${microsecondsPerStep.toPrecision(3).padStart(5)} us per step`
    : `${gigaflops.toFixed(1).padStart(5)} GFLOP/s`;
}

function ratioText(each, sides) {
  return sides
    .filter(({ side, error }) => side === "genc" && error === undefined)
    .map((genc) => `${(each.secondsPerIteration / genc.secondsPerIteration).toFixed(1)} times`)
    .join(", ");
}

/** The peers add 1e-6 to the diagonals of covariances in every iteration; genc adds nothing. */
function agrees(a, b) {
  return a === undefined || b === undefined || Math.abs(a - b) <= 1e-6 * Math.abs(b);
}
