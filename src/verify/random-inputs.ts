import type { Model } from "../ir/model.js";
import type { PlanFunction } from "../ir/plan.js";
import { RandomStream } from "../numerics/random.js";
import { fromUnconstrained, unconstrainedSize } from "../numerics/transforms.js";
import { literalValues } from "../inference/m-step/known-prior.js";
import { drawProblem, type RandomProblem, type Tensors, tinySizes, valueForm } from "./random-problem.js";

/** What functions of a model learned by steps are run at. */
export interface StepProblem extends RandomProblem {
  /** Standard draws and settings, by name. */
  tablesOf(fn: PlanFunction, uniform: ReadonlySet<string>, seed: number, rows?: number): Tensors;
}

/** Tiny sizes, moderate weights, and data drawn from the model at them. */
export function stepProblem(
  model: Model,
  options: {
    readonly rows: number;
    readonly seed: number;
    readonly given: Readonly<Record<string, number>>;
    readonly sizes?: Readonly<Record<string, number>>;
  },
): StepProblem {
  const { rows, seed } = options;
  const sizes = { ...tinySizes(model, options.given), ...options.sizes, ...options.given };
  const parameters = moderateParameters(model, sizes, seed);
  const problem = drawProblem(model, { sizes, rows, seed, parameters, missing: 0.2 });
  return {
    ...problem,
    tablesOf: (fn, uniform, tableSeed, count = rows) => randomTables(fn, uniform, sizes, count, tableSeed),
  };
}

/** Weights with a deviation of 0.4: networks neither saturate nor say nothing. */
function moderateParameters(model: Model, sizes: Readonly<Record<string, number>>, seed: number): Tensors {
  return Object.fromEntries(
    model.parameters.map((parameter) => {
      const { kind, shape, cells } = valueForm(parameter, sizes);
      const literal = parameter.fixed === undefined ? undefined : literalValues(model, parameter.fixed);
      const length = shape.reduce((product, size) => product * size, cells);
      if (literal !== undefined)
        return [parameter.name, Float64Array.from({ length }, (_, i) => literal[i % literal.length] ?? NaN)];
      const stream = new RandomStream({ seed, site: `weight ${parameter.name}` });
      const free = Float64Array.from({ length: cells * unconstrainedSize(kind, shape) }, () => 0.4 * stream.normal());
      return [parameter.name, fromUnconstrained(kind, free, shape, cells)];
    }),
  );
}

function randomTables(
  fn: PlanFunction,
  uniform: ReadonlySet<string>,
  sizes: Readonly<Record<string, number>>,
  rows: number,
  seed: number,
): Tensors {
  const tables: Tensors = {};
  for (const { operation } of fn.nodes) {
    if (operation.kind !== "input" || operation.source !== "table" || operation.name in tables) continue;
    const { name } = operation;
    const length = operation.axes.reduce((product, axis) => {
      const size = fn.axes.find((each) => each.name === axis)?.size;
      switch (size?.kind) {
        case "rows":
          return product * rows;
        case "literal":
          return product * size.value;
        case "symbol":
          return product * (sizes[size.name] ?? 2);
        case "sum":
        case undefined:
          throw new Error(`verify: the table ${name} has an axis of another kind`);
      }
    }, 1);
    const stream = new RandomStream({ seed, site: `table ${name}` });
    const settings: Readonly<Record<string, number>> = { "step.beta": 0.7, "step.rows": 40 };
    tables[name] = Float64Array.from(
      { length },
      () => settings[name] ?? (uniform.has(name) ? stream.uniform() : stream.normal()),
    );
  }
  return tables;
}
