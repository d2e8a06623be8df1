import fc from "fast-check";
import { expect, vi } from "vitest";
import { deriveProgram, loadTrainer, type LoadedTrainer } from "../../src/compile/index.js";
import type { Model } from "../../src/ir/model.js";
import type { EmProgram } from "../../src/ir/program.js";
import type { Block } from "../../src/runtime/index.js";
import { staticModel, type StaticModelOptions } from "../arbitraries/static-model.js";
import { columns, randomWorld, stored } from "../oracles/random-world.js";
import { sizeInNumbers, type Tensors } from "../support/interpreted-program.js";
import { isSmall, modelOf } from "../support/random-models.js";

/** A random model with its emitted trainer, parameters and rows of data. */
export interface RandomTrainer {
  readonly text: string;
  readonly model: Model;
  readonly program: EmProgram;
  readonly trainer: LoadedTrainer;
  readonly sizes: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly parameters: Tensors;
  readonly rows: number;
  readonly data: Tensors;
}

/** Some update has no closed form in models with such a line (a check of the test's own: programs are not derived yet). */
export const isLearnedByGradient = (_: Model, text: string): boolean => /exp\(|logits:|tanh|Laplace/.test(text);

const slow = process.env["GENC_SLOW"] !== undefined;
export const runs = slow ? 600 : 25;
if (slow) vi.setConfig({ testTimeout: 900_000 });

/** Checks a property on `numRuns` random models of which the predicate holds. */
export async function forRandomTrainers(
  options: StaticModelOptions,
  wanted: (model: Model, text: string) => boolean,
  property: (one: RandomTrainer) => Promise<void>,
  numRuns = runs,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      staticModel(options).filter((one) => {
        const model = modelOf(one.text);
        return isSmall(model, one.sizes) && wanted(model, one.text);
      }),
      async ({ text, sizes, seed }) => {
        const rows = 6;
        const model = modelOf(text);
        const world = randomWorld(model, sizes, seed, rows);
        const program = deriveProgram(model);
        const Trainer = await loadTrainer({ source: { name: "random.gen", text }, program });
        const parameters = stored(world.parameters);
        // Sizes that the model does not have are not given.
        const own = Object.fromEntries(
          Object.entries(sizes).filter(([name]) => model.sizes.some((size) => size.name === name)),
        );
        const trainer = new Trainer(own);
        await property({ text, model, program, trainer, sizes: own, seed, parameters, rows, data: columns(world) });
      },
    ),
    { numRuns },
  );
}

export function blockOf(data: Tensors, rows: number, tables: Tensors = {}): Block {
  const complete = Object.values(data).every((column) => !column.some(Number.isNaN));
  return { rows, firstRow: 0, data, tables, complete };
}

/** The given rows, in the given order. */
export function selectRows(data: Tensors, rows: number, chosen: readonly number[]): Tensors {
  return Object.fromEntries(
    Object.entries(data).map(([name, column]) => {
      const width = column.length / rows;
      return [name, Float64Array.from(chosen.flatMap((row) => [...column.subarray(row * width, (row + 1) * width)]))];
    }),
  );
}

/** Log-likelihood and statistics, added up over blocks. */
export async function eStep(
  { trainer, program, sizes, parameters }: RandomTrainer,
  blocks: readonly Block[],
): Promise<Tensors> {
  const into: Tensors = { logLikelihood: new Float64Array(1), ...emptyStatistics(program, sizes) };
  for (const block of blocks) await trainer.eStep(sizes, parameters, block, into);
  return into;
}

export async function logDensity(one: RandomTrainer, block: Block, parameters = one.parameters): Promise<Float64Array> {
  const into = new Float64Array(block.rows);
  await one.trainer.logDensityOf(one.sizes, parameters, block, { logDensity: into });
  return into;
}

export function emptyStatistics(program: EmProgram, sizes: Readonly<Record<string, number>>): Tensors {
  return Object.fromEntries(
    program.statistics.map(({ name, shape }) => [
      name,
      new Float64Array(shape.reduce((length, size) => length * sizeInNumbers(size, sizes), 1)),
    ]),
  );
}

/** Equal within `tolerance` times the largest entry of the tensor (at least 1). */
export function expectEqual(found: Tensors, expected: Tensors, tolerance: number, text: string): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected)) {
    const got = found[name]!;
    expect(got.length, name).toBe(values.length);
    const scale = values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 1);
    values.forEach((value, i) => {
      const what = `${name}[${i}]: ${got[i]} and ${value}\n${text}`;
      if (Number.isFinite(value)) expect(Math.abs(got[i]! - value), what).toBeLessThanOrEqual(tolerance * scale);
      else expect(got[i], what).toBe(value);
    });
  }
}
