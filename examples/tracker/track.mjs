/**
 * Learns a tracker from a track, follows the track one sighting at a time as it would come in, says how long a step
 * takes, and draws what it found.
 *
 *     npm run build && node examples/tracker/track.mjs
 */
import { readFileSync, writeFileSync } from "node:fs";
import { compileSource, loadTrainer } from "genc";
import { drawTrack } from "./draw-track.mjs";

const here = new URL(".", import.meta.url);
const text = readFileSync(new URL("tracker.gen", here), "utf8");
const source = { name: "tracker.gen", text };
const { program } = compileSource(source);
const Tracker = await loadTrainer({ source, program });

const [, ...lines] = readFileSync(new URL("../../stdlib/data/track.csv", here), "utf8").trim().split("\n");
const rows = lines.map((line) => line.split(",").map((cell) => (cell === "" ? null : Number(cell))));
const seen = rows.map((row) => (row[2] === null ? null : [row[2], row[3]]));
const truth = rows.map((row) => ({ place: [row[4], row[5]], turning: row[6] === 1 }));

const tracker = new Tracker({ K: 2 });
const result = await tracker.fit(
  { seen: seen.map((place) => place ?? [NaN, NaN]) },
  {
    init: {
      initial: [0.9, 0.1],
      transition: [
        [0.95, 0.05],
        [0.1, 0.9],
      ],
      acceleration: [1e-3, 5e-2],
      drift: 1e-4,
      noise: 1,
      start: [0, 0],
      spread: 100,
      speed: 1,
    },
    // One track says nothing of where others begin.
    fix: ["initial", "drift", "start", "spread", "speed"],
    maxIterations: 200,
  },
);
const { transition, acceleration, noise } = tracker.parameters;
console.log(`learned in ${result.iterations} iterations: log-likelihood ${result.logLikelihood.toFixed(2)}`);
console.log(`  noise ${Math.sqrt(noise.data[0]).toFixed(3)} (drawn with 0.800)`);
console.log(`  change of velocity, sd: ${[...acceleration.data].map((v) => Math.sqrt(v).toFixed(4)).join(" and ")}`);
console.log(`  stays in its regime: ${transition.data[0].toFixed(3)} and ${transition.data[3].toFixed(3)}`);

const filter = tracker.filter();
const path = [];
for (const place of seen) {
  const { mean, covariance, probability } = await filter.next({ seen: place ?? [null, null] });
  path.push({ place: [...mean.position], covariance: [...covariance.position], turning: probability.regime[1] });
}
const distance = ([a, b], [c, d]) => Math.hypot(a - c, b - d);
const rootMeanSquare = (values) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
const errors = path.map(({ place }, i) => distance(place, truth[i].place));
const raw = seen.flatMap((place, i) => (place === null ? [] : [distance(place, truth[i].place)]));
const right = path.filter(({ turning }, i) => turning > 0.5 === truth[i].turning).length;
console.log(
  `error of the position: ${rootMeanSquare(errors).toFixed(3)}, of the sightings ${rootMeanSquare(raw).toFixed(3)}`,
);
console.log(`regime right as it happens in ${((100 * right) / path.length).toFixed(1)} % of the steps`);

const laps = 100;
let began = 0;
for (let lap = -10; lap < laps; lap++) {
  if (lap === 0) began = performance.now();
  filter.reset();
  for (const place of seen) await filter.next({ seen: place ?? [null, null] });
}
const microseconds = ((performance.now() - began) * 1000) / (laps * seen.length);
console.log(`${microseconds.toFixed(1)} microseconds a step`);

const file = new URL("track.svg", here);
writeFileSync(file, drawTrack({ path, seen, truth }));
console.log("drawn: examples/tracker/track.svg");
tracker.dispose();
