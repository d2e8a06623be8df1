import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compileSource, loadTrainer, type LoadedTrainer } from "../../src/compile/index.js";
import { shapeOf } from "../../src/ir/domain.js";
import type { Dimension, Model } from "../../src/ir/model.js";
import type { Column } from "../../src/runtime/data/raw-column.js";
import { format } from "../../src/parser/format.js";
import { flatten, randomWorld } from "../oracles/random-world.js";
import { root, standardModels, type StandardModel } from "./standard-models.js";

function compiled({ fileName, text }: StandardModel) {
  const source = { name: fileName, text };
  const { model, program, diagnostics } = compileSource(source);
  expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
  if (model === undefined || program === undefined) throw new Error(`${fileName} does not compile`);
  return { source, model, program };
}

/** Rows drawn from the model itself at random parameters, and those parameters' log-likelihood of them. */
async function drawn(one: StandardModel, rows: number, seed: number) {
  const { source, model, program } = compiled(one);
  if (program.algorithm !== "em") throw new Error(`${one.name} is not learned by EM`);
  const Trainer = await loadTrainer({ source, program });
  const sizes = Object.fromEntries(model.sizes.map((size) => [size.name, size.default ?? 3]));
  const world = randomWorld(model, sizes, seed, rows, 0);
  const truth = new Trainer(sizes);
  truth.setParameters(world.parameters as Record<string, number>);
  const columnOf = (name: string): Column => {
    const { plates, event } = truth.description.variables.find((variable) => variable.name === name)!;
    const shape = [...plates, ...event].map((extent) =>
      typeof extent === "number" ? extent : sizes[extent as string]!,
    );
    return { shape: [rows, ...shape], data: Float64Array.from(world.rows.flatMap((row) => flatten(row[name]!))) };
  };
  const named = (role: string): string[] =>
    model.variables.filter((variable) => variable.role === role).map(({ name }) => name);
  const given: Record<string, Column> = Object.fromEntries(named("given").map((name) => [name, columnOf(name)]));
  const { sequences } = truth.description;
  const steps = 20;
  // Which sequence each row belongs to.
  const numbers = Array.from({ length: rows }, (_, row) => Math.floor(row / steps));
  const identity = sequences?.plate === undefined ? {} : { [sequences.plate]: numbers };
  const isLong = sequences !== undefined && Object.keys(given).length === 0;
  const sample = await truth.sample(
    sequences === undefined ? rows : rows / steps,
    isLong ? { seed, steps } : { seed, given: { ...given, ...identity } },
  );
  const data = {
    ...identity,
    ...given,
    ...Object.fromEntries(named("observed").map((name) => [name, sample[name]!])),
  };
  const { logLikelihood } = await truth.score(data);
  const open: LoadedTrainer = new Trainer(Object.fromEntries(model.sizes.map(({ name }) => [name, sizes[name]!])));
  return { trainer: open, data, truth: logLikelihood, parameters: world.parameters };
}

test("there is a standard library", () => expect(standardModels().length).toBeGreaterThan(10));

describe.each(standardModels().map((one) => [one.name, one] as const))("std:%s", (name, one) => {
  test("is checked without a diagnostic and is in the canonical layout", () => {
    compiled(one);
    expect(format({ name: one.fileName, text: one.text })).toBe(one.text);
  });

  test("documents itself, every size, parameter and variable", () => {
    const { model } = compiled(one);
    const declared = [model, ...model.sizes, ...model.parameters, ...model.variables];
    const silent = declared.filter(({ documentation }) => documentation === undefined || documentation.trim() === "");
    expect(silent.map((each) => each.name)).toEqual([]);
  });

  test("has a page with its formula, a command that names it, how it fails, and its source", () => {
    const { page = "" } = one;
    expect(page).toMatch(/^# \S/);
    expect(page).toContain(`std:${name}`);
    expect(page).toContain("**How it fails.**");
    expect(page).toContain("**Source.**");
    for (const [, file] of page.matchAll(/--data (stdlib\/\S+)/g))
      expect(existsSync(join(root, file!)), file).toBe(true);
  });

  test("is learned by steps from rows of its kind", async () => {
    const { source, model, program } = compiled(one);
    if (program.algorithm === "em") return;
    const sizes = Object.fromEntries(model.sizes.map(({ name: size, default: value }) => [size, value ?? 3]));
    const columns = columnsOf(model, sizes, 96);
    const Trainer = await loadTrainer({ source, program });
    const trainer = new Trainer(sizes);
    if ("criticStepOf" in trainer) {
      const { discrepancy } = await trainer.fit(columns, { steps: 3 });
      expect(Number.isFinite(discrepancy)).toBe(true);
    } else if ("encode" in trainer) {
      const { trace } = await trainer.fit(columns, { epochs: 12, warmup: 0, learningRate: 3e-3 });
      expect(trace.at(-1)!).toBeGreaterThan(trace[0]!);
      const { perRow } = await trainer.score(columns, { samples: 2 });
      expect(perRow.every(Number.isFinite)).toBe(true);
    }
    for (const [parameter, { data }] of Object.entries(trainer.parameters as Record<string, { data: Float64Array }>))
      expect(data.every(Number.isFinite), parameter).toBe(true);
  });

  // Those that learn by steps of a gradient are tried by a few steps, above.
  test.runIf(compiled(one).program.algorithm === "em")("is learned from data drawn from itself", async () => {
    for (const seed of [1, 2]) {
      const { trainer, data, truth, parameters } = await drawn(one, 200, seed);
      const isChain = trainer.description.sequences !== undefined;
      // Random motion may well explode: a ridge at the scale of the data is then larger than the noise.
      if (isChain) await trainer.fit(data, { seed: 1, restarts: 1, maxIterations: 5 });
      const result = await trainer.fit(
        data,
        isChain
          ? { init: parameters as Record<string, number>, maxIterations: 10, ridge: 0 }
          : { seed: 1, maxIterations: 200 },
      );
      for (const [parameter, { data: values }] of Object.entries(trainer.parameters))
        expect(values.every(Number.isFinite), parameter).toBe(true);
      // A maximum is at least as likely as what the data was drawn from; priors and the ridge may hold it back a little.
      expect(result.logLikelihood).toBeGreaterThan(truth - result.degreesOfFreedom / 2);
      if (trainer.description.approximation !== undefined) continue;
      result.trace.slice(1).forEach((objective, i) => expect(objective).toBeGreaterThan(result.trace[i]! - 1e-7 * 200));
      const { probability } = await trainer.predict(data);
      for (const { data: values } of Object.values(probability))
        expect(values.every((p) => p >= 0 && p <= 1)).toBe(true);
    }
  });
});

/** Rows of every observed and given variable: bits, labels and reals in a pattern that repeats. */
function columnsOf(model: Model, sizes: Readonly<Record<string, number>>, rows: number): Record<string, Column> {
  const value = (dimension: Dimension): number =>
    dimension.kind === "literal" ? dimension.value : sizes[dimension.name]!;
  const inData = model.variables.filter(({ role }) => role !== "latent");
  return Object.fromEntries(
    inData.map(({ name, domain }) => {
      const shape = [rows, ...shapeOf(domain).map(value)];
      const width = shape.slice(1).reduce((a, b) => a * b, 1);
      const data = Float64Array.from({ length: rows * width }, (_, i) => {
        const [row, entry] = [Math.floor(i / width), i % width];
        if (domain.kind === "category") return row % value(domain.categories);
        if (domain.kind === "binary") return (row + entry) % 3 === 0 ? 1 : 0;
        return Math.sin(row) + 0.5 * Math.cos(entry + 7 * row);
      });
      return [name, { shape, data }];
    }),
  );
}
