import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileSource, loadTrainer, type LoadedElboTrainer } from "../../../src/compile/index.js";
import { csvRows } from "../../support/csv-columns.js";

/** The standard model for pictures of 8 by 8 points, which are halved twice as well. */
function smallPictures(): string {
  const file = new URL("../../../stdlib/models/autoencoders/conv-vae.gen", import.meta.url);
  const text = readFileSync(file, "utf8").replaceAll("[28, 28, 1]", "[8, 8, 1]");
  return text.replace("dense(1568, relu)", "dense(128, relu)").replace("reshape(7, 7, 32)", "reshape(2, 2, 32)");
}

test("a convolutional VAE, its encoder mirrored, tells more of digits than their points one by one do", async () => {
  const rows = csvRows(new URL("../../published/data/digits8x8-first400.csv", import.meta.url));
  const points = rows.map((row) => row.map((grey) => (grey > 8 ? 1 : 0)));
  // Log-likelihood of independent points at their frequencies, one added to each count.
  const frequency = points[0]!.map((_, d) => (1 + points.filter((row) => row[d] === 1).length) / (2 + points.length));
  const independent =
    points
      .flatMap((row) => row.map((on, d) => Math.log(on === 1 ? frequency[d]! : 1 - frequency[d]!)))
      .reduce((sum, term) => sum + term, 0) / points.length;
  const source = { name: "model.gen", text: smallPictures() };
  const { program, diagnostics } = compileSource(source);
  expect(diagnostics).toEqual([]);
  if (program?.algorithm !== "elbo") throw new Error("no bound");
  const Model = await loadTrainer({ source, program });
  const model = new Model({}) as LoadedElboTrainer;
  const x = { shape: [points.length, 8, 8, 1], data: Float64Array.from(points.flat()) };
  await model.fit({ x }, { epochs: 30, seed: 1, batchSize: 40, learningRate: 3e-3 });
  const { bound } = await model.evidenceLowerBound({ x });
  expect(bound).toBeGreaterThan(independent + 2);
  const { x: drawn } = await model.sample(3, { seed: 2 });
  expect(drawn!.shape).toEqual([3, 8, 8, 1]);
  expect([...drawn!.data].every((on) => on === 0 || on === 1)).toBe(true);
});
