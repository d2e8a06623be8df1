import { describe, expect, test } from "vitest";
import { mulberry32, randomWorld, stored } from "../oracles/random-world.js";
import { InterpretedProgram, type Tensors } from "../support/interpreted-program.js";
import {
  blockOf,
  emptyStatistics,
  expectEqual,
  forRandomTrainers,
  isLearnedByGradient,
  runs,
  type RandomTrainer,
} from "./random-trainer.js";

/** What rounding differs by, relative to the largest entry: sums are in another order. */
const tolerance = 1e-12;
const everything = { priors: true, missing: true, weights: true };

function interpreted({ program, sizes, data, rows }: RandomTrainer): InterpretedProgram {
  return new InterpretedProgram(program, sizes, data, rows);
}

function zerosLike(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, { length }]) => [name, new Float64Array(length)]));
}

describe("the emitted loops of random models compute what the interpreter computes", () => {
  test("logDensity, eStep, posterior, impute", async () => {
    let imputations = 0;
    await forRandomTrainers(
      everything,
      () => true,
      async (one) => {
        const { trainer, sizes, parameters, program, data, rows, text } = one;
        const run = interpreted(one);
        const block = blockOf(data, rows);
        const compare = async (expected: Tensors, method: (into: Tensors) => unknown): Promise<void> => {
          const into = zerosLike(expected);
          await method(into);
          expectEqual(into, expected, tolerance, text);
        };
        await compare({ logDensity: run.logDensity(parameters) }, (into) =>
          trainer.logDensityOf(sizes, parameters, block, into),
        );
        await compare(run.eStep(parameters), (into) => trainer.eStep(sizes, parameters, block, into));
        await compare(run.posterior(parameters), (into) => trainer.posteriorOf(sizes, parameters, block, into));
        await compare({ logPrior: Float64Array.of(run.logPrior(parameters)) }, (into) =>
          trainer.logPriorOf(sizes, parameters, into),
        );
        if (program.impute === undefined || block.complete) return;
        imputations++;
        await compare(run.run(program.impute, parameters), (into) =>
          trainer.imputeOf?.(sizes, parameters, block, into),
        );
      },
    );
    expect(imputations).toBeGreaterThan(0);
  });

  test("statistics of start tables", async () => {
    await forRandomTrainers(
      everything,
      (model) => model.variables.some(({ role }) => role === "latent"),
      async (one) => {
        const { trainer, sizes, parameters, program, data, rows, seed, text } = one;
        const run = interpreted(one);
        const uniform = mulberry32(seed);
        const tables = Object.fromEntries(
          Object.entries(run.posterior(parameters)).map(([name, table]) => {
            const latent = trainer.description.variables.find((variable) => variable.name === name)!;
            const values = latent.domain === "binary" ? 2 : sizes[latent.categories as string]!;
            const random = table.map(() => 0.1 + uniform());
            const sums = (i: number): number => {
              const from = i - (i % values);
              return random.subarray(from, from + values).reduce((a, b) => a + b);
            };
            return [`start.${name}`, random.map((value, i) => value / sums(i))];
          }),
        );
        const fn = program.start.incomplete ?? program.start.complete;
        const into = emptyStatistics(program, sizes);
        await trainer.startStatistics(sizes, parameters, blockOf(data, rows, tables), into);
        expectEqual(into, run.run(fn, parameters, {}, tables), tolerance, text);
      },
    );
  });

  test("objective, gradient and prior of what has no closed form", async () => {
    let compared = 0;
    await forRandomTrainers(everything, isLearnedByGradient, async (one) => {
      const { trainer, sizes, parameters, program, model, data, rows, seed, text } = one;
      const run = interpreted(one);
      const block = blockOf(data, rows);
      const current = stored(randomWorld(model, sizes, seed + 1, 0).parameters);
      const groups = program.updates.filter((update) => update.kind === "gradient");
      for (const [group, update] of groups.entries()) {
        const objective = run.run(update.objective.incomplete ?? update.objective.complete, current, parameters);
        const into = zerosLike(objective);
        await trainer.expectedLogJoint?.(group, sizes, current, parameters, block, into);
        expectEqual(into, objective, tolerance, text);
        const prior = run.run(update.prior, current);
        const priorInto = zerosLike(prior);
        await trainer.groupLogPrior?.(group, sizes, current, priorInto);
        expectEqual(priorInto, prior, tolerance, text);
        compared++;
      }
    });
    expect(compared).toBeGreaterThanOrEqual(runs);
  });
});
