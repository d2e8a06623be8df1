// Does WGAN-GP find all clusters? `node test/games/run.mjs [ring|grid] [seeds]`; minutes for each seed.
// Ring: 8 Gaussians on a circle of radius 2, standard deviation 0.05. Grid: 25 on a square lattice of step 2. A draw
// within 3 standard deviations of a centre is of high quality; a cluster is found if such draws of it are at least 1% of
// all on the ring (0.2% on the grid, where each has 4%), of 2500.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileSource, loadTrainer } from "../../dist/compile/index.js";

const deviation = 0.05;
const rows = 51_200;
const draws = 2500;
const shapes = {
  ring: {
    centres: Array.from({ length: 8 }, (_, i) => [2 * Math.cos((Math.PI * i) / 4), 2 * Math.sin((Math.PI * i) / 4)]),
    steps: 4000,
    share: 0.01,
    modes: 8,
    highQuality: 0.75,
  },
  grid: {
    centres: Array.from({ length: 25 }, (_, i) => [2 * (i % 5) - 4, 2 * Math.floor(i / 5) - 4]),
    steps: 6000,
    share: 0.002,
    modes: 20,
    highQuality: 0.15,
  },
};

/** A linear congruential generator (Numerical Recipes) and Box and Muller's normals. */
function points(centres, count) {
  let state = 12345;
  const uniform = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) + 0.5) / 2 ** 32;
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const data = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const centre = centres[Math.floor(uniform() * centres.length)];
    for (let d = 0; d < 2; d++) data[2 * i + d] = centre[d] + deviation * normal();
  }
  return data;
}

const [name = "all", seeds = "3", steps] = process.argv.slice(2);
const file = fileURLToPath(new URL("mixtures.gen", import.meta.url));
const source = { name: "mixtures.gen", text: readFileSync(file, "utf8") };
const { program } = compileSource(source);
const Clusters = await loadTrainer({ source, program });
let failures = 0;
for (const [shape, wanted] of Object.entries(shapes)) {
  if (name !== "all" && name !== shape) continue;
  const x = { shape: [rows, 2], data: points(wanted.centres, rows) };
  for (let seed = 0; seed < Number(seeds); seed++) {
    const model = new Clusters({});
    const result = await model.fit({ x }, { seed, steps: Number(steps ?? wanted.steps), checkpointEvery: 0 });
    const drawn = (await model.sample(draws, { seed: 1 })).x.data;
    const found = wanted.centres.map(() => 0);
    for (let i = 0; i < draws; i++) {
      const distances = wanted.centres.map((centre) =>
        Math.hypot(drawn[2 * i] - centre[0], drawn[2 * i + 1] - centre[1]),
      );
      const nearest = distances.indexOf(Math.min(...distances));
      if (distances[nearest] < 3 * deviation) found[nearest]++;
    }
    const modes = found.filter((count) => count >= wanted.share * draws).length;
    const highQuality = found.reduce((a, b) => a + b, 0) / draws;
    const isEnough = modes >= wanted.modes && highQuality >= wanted.highQuality;
    if (!isEnough) failures++;
    const figures = `${modes}/${wanted.centres.length} clusters, ${(100 * highQuality).toFixed(1)}% of high quality`;
    console.log(
      `${shape} seed ${seed}: ${figures}, discrepancy ${result.discrepancy.toFixed(5)}, ${result.seconds.toFixed(0)} s` +
        (isEnough ? "" : `: at least ${wanted.modes} and ${100 * wanted.highQuality}% are wanted`),
    );
  }
}
process.exitCode = failures > 0 ? 1 : 0;
