// One case on our side, as a process of its own: node ours.mjs '{"task":…,"n":…,…}' prints one JSON object.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileSource, loadTrainer } from "../dist/compile/index.js";
import { chainProblem } from "./chain-cases.mjs";
import { readNpy } from "./recipe.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const settings = JSON.parse(process.argv[2]);
const { task, n, d, k, choices, data, iterations, repetitions, threads, seconds } = settings;

const name = task === "gmm" ? `gaussian-${settings.covariance}` : task;
const source = { name: `${name}.gen`, text: readFileSync(join(here, "models", `${name}.gen`), "utf8") };
let clock = performance.now();
const since = () => {
  const passed = (performance.now() - clock) / 1000;
  clock = performance.now();
  return passed;
};
const { program } = compileSource(source);
const Model = await loadTrainer({ source, program });
const compileSeconds = since();
const problem = settings.steps === undefined ? mixtureProblem() : chainProblem(settings);
const model = new Model(problem.sizes);

// The peers hold up covariances by 1e-6 in every iteration. Nothing is added here, unless a component becomes singular
// from the start that all sides have, as may happen with 64 components in 10000 rows.
let ridge = 0;
// Until code is optimised and threads have started, as a fit of some length has them.
const warm = { seconds: 0 };
try {
  warm.seconds += (await run(iterations)).seconds;
} catch (error) {
  if (error.name !== "CollapsedComponentError") throw error;
  ridge = 1e-6;
}
while (warm.seconds < (settings.warmSeconds ?? 1)) warm.seconds += (await run(iterations)).seconds;
const times = [];
let check;
const begun = performance.now();
for (let r = 0; r < repetitions; r++) {
  const measured = await run(iterations);
  times.push(...measured.times);
  check = measured.check;
  if ((performance.now() - begun) / 1000 > seconds) break;
}
times.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    side: "genc",
    version: process.version,
    secondsPerIteration: times[times.length >> 1],
    min: times[0],
    max: times.at(-1),
    iterations: times.length,
    check,
    ...(ridge === 0 ? {} : { ridge }),
    compileSeconds,
    warmupSeconds: warm.seconds,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  }),
);
model.dispose();
process.exit(0);

/** A fit of so many iterations from the start that all sides have; the times between their ends. */
async function run(count) {
  const started = performance.now();
  const ends = [];
  const fit = model.fit(problem.data, {
    init: problem.init,
    restarts: 1,
    maxIterations: count + 1,
    tolerance: 0,
    ridge,
    accelerate: false,
    emptyComponents: "keep",
    checkpointEvery: 0,
    ...(threads === undefined ? {} : { threads }),
  });
  const means = [];
  for await (const event of fit) {
    if (event.kind !== "iteration") continue;
    ends.push(performance.now() / 1000);
    means.push(event.meanLogLikelihood);
  }
  // The first is not counted: laying out the data belongs to it.
  const gaps = ends.slice(1).map((end, i) => end - ends[i]);
  return {
    times: gaps,
    check: means[task === "switching" ? 0 : (settings.checkedIteration ?? count) - 1],
    seconds: (performance.now() - started) / 1000,
  };
}

function mixtureProblem() {
  const rows = readNpy(data);
  return {
    sizes: { K: k, D: d, ...(choices === undefined ? {} : { V: choices }) },
    data: { x: { shape: [n, d], data: rows } },
    init: start(rows),
  };
}

function start(rows) {
  const weights = new Array(k).fill(1 / k);
  const spread = (shape, diagonal) => ({ shape, data: diagonal });
  const rowOf = (j) => Array.from(rows.subarray(Math.floor((j * n) / k) * d, Math.floor((j * n) / k) * d + d));
  const means = Array.from({ length: k }, (_, j) => rowOf(j));
  const identity = Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 4 : 0));
  switch (task) {
    case "gmm":
      return { weights, mean: means, covariance: covariance(spread, identity) };
    case "poisson":
      return { weights, rate: means.map((row) => row.map((value) => value + 1)) };
    case "latent-classes":
      return {
        weights,
        probability: means.map((row) =>
          row.map((answer) => Array.from({ length: choices }, (_, c) => (c === answer ? 2 : 1) / (choices + 1))),
        ),
      };
  }
}

function covariance(spread, identity) {
  switch (settings.covariance) {
    case "full":
      return spread([k, d, d], Array.from({ length: k }, () => identity).flat());
    case "tied":
      return spread([d, d], identity);
    case "diag":
      return spread([k, d], new Array(k * d).fill(4));
    case "spherical":
      return spread([k], new Array(k).fill(4));
  }
}
