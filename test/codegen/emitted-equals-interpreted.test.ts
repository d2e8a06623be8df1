import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classify } from "../../src/inference/classify.js";
import type { Model } from "../../src/ir/model.js";
import { deriveProgram } from "../../src/compile/index.js";
import type { Engine } from "../../src/codegen/typescript/loop-functions.js";
import type { MStepSettings } from "../../src/runtime/index.js";
import { gaussianModel } from "../arbitraries/gaussian-model.js";
import { staticModel } from "../arbitraries/static-model.js";
import { columns, randomWorld, stored } from "../oracles/random-world.js";
import { InterpretedProgram, sizeInNumbers, type Tensors } from "../support/interpreted-program.js";
import { isSmall, modelOf } from "../support/random-models.js";
import { emittedTrainer } from "./emitted-trainer.js";

function isExact(model: Model): boolean {
  const verdict = classify(model);
  return verdict.kind === "exact" && verdict.stacked.length === 0;
}

const settings: MStepSettings = { ridge: 0, dataVariance: {}, fixed: new Set(), warn: () => undefined };

function expectClose(found: Tensors, expected: Tensors, tolerance: number): void {
  for (const [name, values] of Object.entries(expected)) {
    const scale = values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 1);
    expect(found[name]?.length, name).toBe(values.length);
    values.forEach((value, i) => {
      if (!Number.isFinite(value)) expect(found[name][i], name).toBe(value);
      else expect(Math.abs(found[name][i] - value), `${name}[${i}]`).toBeLessThanOrEqual(tolerance * scale);
    });
  }
}

const options = { priors: true, missing: true, weights: true };

/** Latents with tables only, or Gaussian ones too. */
const kinds = { discrete: staticModel(options), Gaussian: gaussianModel(options) } as const;

describe.each<[Engine, keyof typeof kinds, number, number]>([
  ["kernel", "discrete", 1e-10, 80],
  ["tfjs", "discrete", 2e-4, 25],
  ["kernel", "Gaussian", 1e-9, 30],
  ["tfjs", "Gaussian", 2e-3, 10],
])("emitted for the engine %s, %s latents", (engine, kind, tolerance, numRuns) => {
  test("random models compute what the interpreter computes", async () => {
    await tf.setBackend("cpu");
    await fc.assert(
      fc.asyncProperty(kinds[kind], async (one) => {
        const rows = 5;
        const model = modelOf(one.text);
        fc.pre(kind === "Gaussian" ? isExact(model) : isSmall(model, one.sizes));
        const world = randomWorld(model, one.sizes, one.seed, rows);
        const program = deriveProgram(model);
        const data = columns(world);
        const parameters = stored(world.parameters);
        const interpreted = new InterpretedProgram(program, one.sizes, data, rows);
        const trainer = emittedTrainer(program, {}, engine, one.text);
        const complete = Object.values(data).every((column) => column.every((value) => !Number.isNaN(value)));
        const block = { rows, firstRow: 0, data, tables: {}, complete };
        const zerosLike = (tensors: Tensors): Tensors =>
          Object.fromEntries(Object.entries(tensors).map(([name, values]) => [name, new Float64Array(values.length)]));

        const statistics = interpreted.eStep(parameters);
        const found = zerosLike(statistics);
        const tensors = tf.memory().numTensors;
        await trainer.eStep(one.sizes, parameters, block, found);
        expectClose(found, statistics, tolerance);
        expect(
          program.statistics.map(({ name, shape }) => [
            name,
            shape.reduce((length, size) => length * sizeInNumbers(size, one.sizes), 1),
          ]),
        ).toEqual(program.statistics.map(({ name }) => [name, found[name].length]));

        const logDensity = { logDensity: interpreted.logDensity(parameters) };
        const density = zerosLike(logDensity);
        await trainer.logDensityOf(one.sizes, parameters, block, density);
        expectClose(density, logDensity, tolerance);

        const posterior = interpreted.posterior(parameters);
        const tables = zerosLike(posterior);
        await trainer.posteriorOf(one.sizes, parameters, block, tables);
        expectClose(tables, posterior, tolerance);

        if (program.impute !== undefined) {
          const imputed = interpreted.run(program.impute, parameters);
          const filled = zerosLike(imputed);
          await trainer.imputeOf?.(one.sizes, parameters, block, filled);
          expectClose(filled, imputed, tolerance);
        }
        expect(tf.memory().numTensors).toBe(tensors);

        const prior = { logPrior: new Float64Array(1) };
        await trainer.logPriorOf(one.sizes, parameters, prior);
        expect(prior.logPrior[0]).toBeCloseTo(interpreted.logPrior(parameters), 9);
        const next = await trainer.mStep(one.sizes, statistics, parameters, settings);
        expectClose({ ...next }, interpreted.mStep(statistics, parameters), 1e-12);
      }),
      { numRuns: process.env["GENC_SLOW"] === undefined ? numRuns : 12 * numRuns },
    );
  });
});
