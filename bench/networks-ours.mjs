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
const Model = await loadTrainer({ source, program }, engine === undefined ? {} : { engine });
if (engine === "tfjs") await (await import("../dist/runtime/index.js")).useBackend(backend);
const compileSeconds = (performance.now() - began) / 1000;
const model = new Model({ D: points, H: hidden, L: latent });

// An epoch is this many steps (of the generator): the median is over epochs.
const stepsOfEpoch = Math.min(20, steps);
const epochs = Math.max(2, Math.ceil(steps / stepsOfEpoch));
const criticSteps = task === "wgan-gp" ? 5 : 1;
const rows = batch * stepsOfEpoch * criticSteps;
const data = settings.data === undefined ? drawn() : givenRows(settings.data);

// Comparisons of draws with data are no part of a step.
const alone = task === "vae" ? {} : { comparisons: 0 };
const options = { batchSize: batch, checkpointEvery: 0, ...alone, ...(threads === undefined ? {} : { threads }) };
const { times, objective, warmupSeconds } = await run(epochs);
const products = engine === "tfjs" ? undefined : await measureProducts();
console.log(
  JSON.stringify({
    side: "genc",
    version: process.version,
    secondsPerStep: times[times.length >> 1],
    min: times[0],
    max: times.at(-1),
    steps: epochs * stepsOfEpoch,
    objective,
    ...(products === undefined ? {} : { products }),
    compileSeconds,
    warmupSeconds,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  }),
);
process.exit(0);

/** Seconds per step in each epoch but the first two: compilation and the start of threads belong to them. */
async function run(count) {
  const started = performance.now() / 1000;
  const ends = [];
  let last;
  const fit = model.fit({ x: { shape: [rows, points], data } }, { ...options, epochs: count + 2 });
  for await (const event of fit) {
    if (event.kind !== "iteration") continue;
    ends.push(performance.now() / 1000);
    last = event.objective;
  }
  const each = ends.slice(2).map((end, i) => (end - ends[i + 1]) / stepsOfEpoch);
  return { times: each.sort((a, b) => a - b), objective: last, warmupSeconds: ends[1] - started };
}

/** Time and arithmetic of the matrix products, packing included, zeros counted, in a fit whose kernels are watched. */
async function measureProducts() {
  const { networks } = model;
  const create = networks.create.bind(networks);
  const perStep = [];
  let now = { operations: 0, seconds: 0 };
  networks.create = (...given) => {
    const instance = create(...given);
    if (instance === undefined) return undefined;
    const { threads: team, memory } = instance;
    const runTask = team.run.bind(team);
    team.run = (task, meanwhile) => {
      if (task.kernel === "adam" && now.operations > 0) {
        perStep.push(now);
        now = { operations: 0, seconds: 0 };
      }
      if (!/^(product|lines|needed|pack|list|bitList)/.test(task.kernel)) return runTask(task, meanwhile);
      const [height, width, depth] = memory.integers.subarray(task.block / 4, task.block / 4 + 3);
      if (/^(product|lines|needed)/.test(task.kernel)) now.operations += 2 * height * width * depth;
      const start = performance.now();
      // What is done meanwhile is no product.
      const answer = runTask(task);
      now.seconds += (performance.now() - start) / 1000;
      return answer;
    };
    return instance;
  };
  await run(Math.min(10, epochs));
  if (perStep.length === 0) return undefined;
  const rates = perStep.slice(perStep.length >> 1).map((each) => each.operations / each.seconds / 1e9);
  return { gigaflops: rates.sort((a, b) => a - b)[rates.length >> 1] };
}

function drawn() {
  let state = 1;
  const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Float64Array.from({ length: rows * points }, () => (task === "vae" ? Number(uniform() > 0.5) : uniform()));
}

/** The rows of a .npy file, again from the first where there are too few. */
function givenRows(path) {
  const bytes = readFileSync(path);
  const begin = bytes[6] === 1 ? 10 + bytes.readUInt16LE(8) : 12 + bytes.readUInt32LE(8);
  const isDouble = bytes.toString("latin1", 0, begin).includes("<f8");
  const body = bytes.buffer.slice(bytes.byteOffset + begin, bytes.byteOffset + bytes.length);
  const values = isDouble ? new Float64Array(body) : new Float32Array(body);
  return Float64Array.from({ length: rows * points }, (_, i) => values[i % values.length]);
}
