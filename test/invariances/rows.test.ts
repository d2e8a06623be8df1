import { describe, expect, test } from "vitest";
import { CollapsedComponentError, NonFiniteError, type Block } from "../../src/runtime/index.js";
import { randomWorld, stored } from "../oracles/random-world.js";
import type { Tensors } from "../support/interpreted-program.js";
import {
  blockOf,
  eStep,
  expectEqual,
  forRandomTrainers,
  isLearnedByGradient,
  logDensity,
  runs,
  selectRows,
  type RandomTrainer,
} from "./random-trainer.js";

const everything = { priors: true, missing: true, weights: true };

function shuffled(rows: number, seed: number): number[] {
  return [...Array(rows).keys()].sort((a, b) => Math.sin(seed + 7 * a) - Math.sin(seed + 7 * b));
}

/** One iteration from the model's own parameters: the objective at them, and the log-likelihood at the next ones. */
async function oneIteration({ trainer, model, parameters, data, rows }: RandomTrainer, blockRows: number) {
  const init = Object.fromEntries(Object.entries(parameters).map(([name, values]) => [name, values]));
  const shaped = Object.fromEntries(
    Object.entries(data).map(([name, values]) => [name, { shape: shapeOf(name), data: values }]),
  );
  function shapeOf(name: string): number[] {
    const variable = model.variables.find((candidate) => candidate.name === name);
    const own = trainer.description.variables.find((candidate) => candidate.name === name);
    if (variable === undefined || own === undefined) return [rows];
    const extent = (one: (typeof own.event)[number]): number =>
      typeof one === "number" ? one : typeof one === "string" ? trainer.sizes[one]! : NaN;
    return [rows, ...own.plates.map(extent), ...own.event.map(extent)];
  }
  const result = await trainer
    .fit(shaped, { init, maxIterations: 1, blockRows, emptyComponents: "keep" })
    .catch((error: unknown) => {
      // A world of six rows may have no next step; it must not have one in either case.
      if (error instanceof NonFiniteError || error instanceof CollapsedComponentError) return error.name;
      throw error;
    });
  if (typeof result === "string") return result;
  // What the parameters become is compared by their likelihood: the data may not determine them all, and a maximum that is
  // found by iteration is as exact as the likelihood needs it.
  return { trace: Float64Array.from(result.trace), logLikelihood: Float64Array.of(result.logLikelihood) };
}

describe("rows of random models", () => {
  test("their order and how they are cut into blocks change neither log-likelihood nor statistics", async () => {
    await forRandomTrainers(
      everything,
      () => true,
      async (one) => {
        const { data, rows, seed, text } = one;
        const whole = await eStep(one, [blockOf(data, rows)]);
        const order = shuffled(rows, seed);
        const mixed = selectRows(data, rows, order);
        expectEqual(await eStep(one, [blockOf(mixed, rows)]), whole, 1e-10, text);
        const cut = 1 + (seed % (rows - 1));
        const [first, second] = [order.slice(0, cut), order.slice(cut)];
        const parts = [first, second].map((part) => blockOf(selectRows(data, rows, part), part.length));
        expectEqual(await eStep(one, parts), whole, 1e-10, text);
        const densities = await logDensity(one, blockOf(data, rows));
        const again = await logDensity(one, blockOf(mixed, rows));
        expectEqual({ again }, { again: Float64Array.from(order, (row) => densities[row]!) }, 1e-10, text);
      },
    );
  });

  test("nor the objective and the gradient of what has no closed form", async () => {
    await forRandomTrainers(
      everything,
      isLearnedByGradient,
      async ({ trainer, program, model, sizes, parameters, data, rows, seed, text }) => {
        const current = stored(randomWorld(model, sizes, seed + 1, 0).parameters);
        const order = shuffled(rows, seed);
        const parts = [order.slice(0, 2), order.slice(2)].map((part) =>
          blockOf(selectRows(data, rows, part), part.length),
        );
        const groups = program.updates.filter((update) => update.kind === "gradient");
        expect(groups.length).toBeGreaterThan(0);
        for (const [group, { parameters: own }] of groups.entries()) {
          const sum = async (blocks: readonly Block[]): Promise<Tensors> => {
            const gradients = own.map((name) => [`gradient.${name}`, new Float64Array(current[name]!.length)] as const);
            const into: Tensors = { objective: new Float64Array(1), ...Object.fromEntries(gradients) };
            for (const block of blocks)
              await trainer.expectedLogJoint?.(group, sizes, current, parameters, block, into);
            return into;
          };
          expectEqual(await sum(parts), await sum([blockOf(data, rows)]), 1e-10, text);
        }
      },
    );
  });

  test("the size of the blocks changes no step of a fit", async () => {
    let stepped = 0;
    await forRandomTrainers(
      { ...everything, weights: false },
      // A maximum by gradients may lie at infinity, where rounding decides how far it is followed.
      (model, text) => !isLearnedByGradient(model, text),
      async (one) => {
        const whole = await oneIteration(one, 4096);
        if (typeof whole !== "string") stepped++;
        for (const blockRows of [1, 4]) {
          const cut = await oneIteration(one, blockRows);
          if (typeof whole === "string" || typeof cut === "string") expect(cut).toBe(whole);
          else expectEqual(cut, whole, 1e-8, one.text);
        }
      },
      Math.ceil(runs / 2),
    );
    expect(stepped).toBeGreaterThan(0);
  });

  test("a weight counts as that many copies", async () => {
    let compared = 0;
    await forRandomTrainers(
      everything,
      (_, text) => text.includes("weight c"),
      async (one) => {
        const { data, rows, text } = one;
        const weights = [...data["c"]!];
        const copies = weights.flatMap((weight, row) => Array<number>(weight).fill(row));
        const copied = { ...selectRows(data, rows, copies), c: new Float64Array(copies.length).fill(1) };
        const weighted = await eStep(one, [blockOf(data, rows)]);
        expectEqual(await eStep(one, [blockOf(copied, copies.length)]), weighted, 1e-10, text);
        compared += copies.length;
      },
    );
    expect(compared).toBeGreaterThan(runs);
  });

  test("a row of which nothing is observed has density 1", async () => {
    await forRandomTrainers(
      { priors: false, missing: true, weights: false },
      (model) => model.variables.every(({ role, optional }) => role !== "observed" || optional),
      async (one) => {
        const { data, rows, model, text } = one;
        const emptied = Object.fromEntries(
          Object.entries(data).map(([name, column]) => {
            const isObserved = model.variables.some(
              (variable) => variable.name === name && variable.role === "observed",
            );
            const width = column.length / rows;
            return [name, column.map((value, i) => (isObserved && i < width ? NaN : value))];
          }),
        );
        const densities = await logDensity(one, blockOf(emptied, rows));
        expect(Math.abs(densities[0]!), text).toBeLessThan(1e-12);
        const all = await eStep(one, [blockOf(emptied, rows)]);
        const others = [...Array(rows).keys()].slice(1);
        const without = await eStep(one, [blockOf(selectRows(emptied, rows, others), rows - 1)]);
        expect(Math.abs(all["logLikelihood"]![0]! - without["logLikelihood"]![0]!), text).toBeLessThan(1e-10);
        // It says nothing of the observed variables, and as much of the latent ones as was known.
        for (const update of one.program.updates) {
          if (update.kind !== "regression") continue;
          for (const name of Object.values(update.statistics))
            expectEqual({ [name]: all[name]! }, { [name]: without[name]! }, 1e-10, text);
        }
      },
    );
  });
});
