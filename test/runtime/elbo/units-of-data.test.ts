import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readParameters } from "../../../src/cli/read-parameters.js";
import { decodeSafetensors, encodeSafetensors } from "../../../src/runtime/safetensors.js";
import { boundTrainer } from "../../support/trainers.js";

const text = `model M {
  size D, L = 1
  net dec(Vector[L]) -> Vector[D] = dense(16, tanh)
  param v: Diag[D]
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] ~ Normal(dec(z), v) }
}`;

const faithful = readFileSync(new URL("../../../stdlib/data/faithful.csv", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(",").slice(-2).map(Number));
const rows = faithful.length;
const column = (d: number): readonly number[] => faithful.map((row) => row[d]!);
const mean = [0, 1].map((d) => column(d).reduce((a, b) => a + b, 0) / rows);
const deviation = [0, 1].map((d) =>
  Math.sqrt(column(d).reduce((sum, value) => sum + (value - mean[d]!) ** 2, 0) / rows),
);
const raw = { x: { shape: [rows, 2], data: Float64Array.from(faithful.flat()) } };
const standard = {
  x: { shape: [rows, 2], data: raw.x.data.map((value, i) => (value - mean[i % 2]!) / deviation[i % 2]!) },
};
const logUnits = rows * deviation.reduce((sum, value) => sum + Math.log(value), 0);

test("data as they are and data that were standardised by hand are learned alike, up to the log of the units", async () => {
  const settings = { epochs: 60, batchSize: 64, learningRate: 3e-3, seed: 1 };
  const [one, two] = [await boundTrainer(text), await boundTrainer(text)];
  const found = await one.fit(raw, settings);
  const expected = await two.fit(standard, settings);
  // Rounding of float32 in the first steps, which later ones enlarge.
  found.trace.slice(0, 3).forEach((value, i) => expect(value + logUnits).toBeCloseTo(expected.trace[i]!, 1));
  expect(Math.abs(found.logLikelihood + logUnits - expected.logLikelihood)).toBeLessThan(3);
  // Parameters and results are in the units of the data.
  const [v, w] = [one.parameters["v"]!.data, two.parameters["v"]!.data];
  v.forEach((value, d) => expect(value / deviation[d]! ** 2 / w[d]!).toBeCloseTo(1, 1));
  const { x } = await one.reconstruct(raw);
  expect(x!.data.filter((_, i) => i % 2 === 1).reduce((a, b) => a + b, 0) / rows).toBeCloseTo(mean[1]!, -1);
});

const weights = {
  "dec.0.weight": new Float64Array(16).map((_, i) => Math.sin(i)),
  "dec.0.bias": new Float64Array(16).map((_, i) => Math.cos(i)),
  "dec.1.weight": new Float64Array(32).map((_, i) => Math.sin(3 * i)),
  "dec.1.bias": Float64Array.of(3, 70),
};

test("weights that are given without units are those of the network as it is written", async () => {
  const model = await boundTrainer(text);
  const units = (): readonly number[] =>
    ["mean", "deviation"].flatMap((as) => [...model.parameters[`dec.x.${as}`]!.data]);
  await model.fit(raw, { epochs: 1, seed: 1, init: weights });
  expect(units()).toEqual([0, 0, 1, 1]);
  const { parameters } = model;
  // A start that says nothing of the network leaves it in the units of the data; one that says all is taken as it is.
  await model.fit(raw, { epochs: 1, seed: 1, init: { v: [1, 100] } });
  [...mean, ...deviation].forEach((value, i) => expect(units()[i]).toBeCloseTo(value, 9));
  const all = { ...parameters, "dec.x.mean": [1, 2], "dec.x.deviation": [3, 4] };
  await model.fit(raw, { epochs: 1, seed: 1, init: all });
  expect(units()).toEqual([1, 2, 3, 4]);
  const { "dec.x.mean": _, "dec.x.deviation": __, ...others } = parameters;
  model.setParameters(others);
  expect(units()).toEqual([0, 0, 1, 1]);
});

test("a file of parameters and a saved model need not have them", async () => {
  const model = await boundTrainer(text);
  await model.fit(raw, { epochs: 1, seed: 1, init: weights });
  const isUnit = (name: string): boolean => name.startsWith("dec.x.");
  const document = Object.fromEntries(
    Object.entries(model.parameters).map(([name, { shape, data }]) => [name, nested(shape, [...data])]),
  );
  const { "dec.x.mean": _, "dec.x.deviation": __, ...older } = document;
  const read = readParameters("p.json", JSON.stringify(older), model.description.parameters, new Map(), false);
  expect(read.kind).toBe("ready");
  const { tensors, metadata } = decodeSafetensors(await model.save());
  const kept = Object.fromEntries([...tensors].filter(([name]) => !isUnit(name)));
  const again = await boundTrainer(text);
  again.restore(encodeSafetensors(kept, Object.fromEntries(metadata)));
  const [left, right] = [await model.score(raw, { seed: 3 }), await again.score(raw, { seed: 3 })];
  expect([...right.perRow]).toEqual([...left.perRow]);
});

function nested(shape: readonly number[], data: readonly number[]): unknown {
  const [first, ...rest] = shape;
  if (first === undefined) return data[0];
  const width = data.length / first;
  return Array.from({ length: first }, (_, i) => nested(rest, data.slice(i * width, (i + 1) * width)));
}
