// One network on our side, as a process of its own: node networks-ours.mjs '{"task":…,"hidden":…}' prints one JSON object.
// The trainer is the one a user has: rows in memory, shuffled, copied into batches, noise drawn anew for every step.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileSource, loadTrainer } from "../dist/compile/index.js";

const here = dirname(fileURLToPath(import.meta.url));
const settings = JSON.parse(process.argv[2]);
const { task, hidden, latent, batch, steps, threads, engine, backend } = settings;
const points = 784;

const file = `${task}.gen`;
const source = { name: file, text: readFileSync(join(here, "models", file), "utf8") };
const began = performance.now();
const { program } = compileSource(source);
const asked = engine === undefined ? {} : { engine, ...(backend === undefined ? {} : { backend }) };
const Model = await loadTrainer({ source, program, ...asked });
const compileSeconds = (performance.now() - began) / 1000;
const model = new Model({ D: points, H: hidden, L: latent });

// An epoch is this many steps (of the generator): the median is over epochs.
const stepsOfEpoch = Math.min(20, steps);
const epochs = Math.max(2, Math.ceil(steps / stepsOfEpoch));
const criticSteps = task === "wgan-gp" ? 5 : 1;
const rows = batch * stepsOfEpoch * criticSteps;
let state = 1;
const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
const data = Float64Array.from({ length: rows * points }, () => (task === "vae" ? Number(uniform() > 0.5) : uniform()));

const started = performance.now();
const ends = [];
let objective;
const fit = model.fit(
  { x: { shape: [rows, points], data } },
  { batchSize: batch, epochs: epochs + 2, checkpointEvery: 0, ...(threads === undefined ? {} : { threads }) },
);
for await (const event of fit) {
  if (event.kind !== "iteration") continue;
  ends.push(performance.now() / 1000);
  ({ objective } = event);
  if (ends.length === epochs + 2) break;
}
// The first two are not counted: compilation and the start of threads belong to them.
const times = ends.slice(2).map((end, i) => (end - ends[i + 1]) / stepsOfEpoch);
times.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    side: "genc",
    version: process.version,
    secondsPerStep: times[times.length >> 1],
    min: times[0],
    max: times.at(-1),
    steps: epochs * stepsOfEpoch,
    objective,
    compileSeconds,
    warmupSeconds: ends[1] - started / 1000,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  }),
);
process.exit(0);
