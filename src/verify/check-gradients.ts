import { deriveInside } from "../inference/derive.js";
import { deriveLikelihoodGradient } from "../inference/queries/likelihood-gradient.js";
import { interpretPlan } from "../ir/interpret-plan.js";
import type { Model } from "../ir/model.js";
import type { PlanFunction } from "../ir/plan.js";
import { RandomStream } from "../numerics/random.js";
import { fromUnconstrained, pullBackGradient, toUnconstrained } from "../numerics/transforms.js";
import type { CheckResult } from "./check-result.js";
import { drawProblem, tinySizes, valueForm, type RandomProblem, type Tensors } from "./random-problem.js";

const directions = 8;
const step = 1e-5;

/** The derivative of the log-likelihood equals its central difference along random directions of all parameters. */
export function checkGradients(
  model: Model,
  order: readonly string[],
  seed: number,
  given: Readonly<Record<string, number>> = {},
): CheckResult {
  const gradient = deriveLikelihoodGradient(model, deriveInside(model, order));
  const problem = drawProblem(model, { sizes: tinySizes(model, given), rows: 6, seed, missing: 0.3 });
  const free = freeCoordinates(model, problem);
  const slopes = freeGradient(model, gradient, problem, problem.parameters);
  let worst = 0;
  for (let direction = 0; direction < directions; direction++) {
    const stream = new RandomStream({ seed, site: "direction", item: direction });
    const along: Tensors = {};
    for (const [name, values] of Object.entries(free)) along[name] = values.map(() => stream.normal());
    const at = (by: number): number => {
      const moved = constrained(model, problem, (name) => {
        const towards = along[name];
        return (free[name] ?? new Float64Array()).map((value, i) => value + by * (towards?.[i] ?? 0));
      });
      return run(gradient, problem, { ...problem.parameters, ...moved })["logLikelihood"]?.[0] ?? NaN;
    };
    const difference = (at(step) - at(-step)) / (2 * step);
    let slope = 0;
    for (const [name, values] of Object.entries(slopes))
      values.forEach((value, i) => (slope += value * (along[name]?.[i] ?? 0)));
    worst = Math.max(worst, Math.abs(slope - difference) / (1 + Math.abs(difference)));
  }
  return {
    name: "gradient equals finite differences",
    outcome: worst <= 1e-5 ? "passed" : "failed",
    detail: `${directions} directions: worst relative difference ${worst.toExponential(1)}`,
  };
}

const batches = 60;
const batchRows = 40;

/**
 * The expected score is 0 for data drawn from the model: the check that finds a wrong normaliser, which neither
 * finite differences nor a rising likelihood can see.
 */
export function checkScoreIdentity(
  model: Model,
  order: readonly string[],
  seed: number,
  given: Readonly<Record<string, number>> = {},
): CheckResult {
  const gradient = deriveLikelihoodGradient(model, deriveInside(model, order));
  const sizes = tinySizes(model, given);
  const { parameters } = drawProblem(model, { sizes, rows: 1, seed });
  const sums: Record<string, { total: Float64Array; squares: Float64Array }> = {};
  for (let batch = 0; batch < batches; batch++) {
    const problem = drawProblem(model, { sizes, rows: batchRows, seed: seed + 1 + batch, parameters });
    for (const [name, values] of Object.entries(freeGradient(model, gradient, problem, parameters))) {
      const sum = (sums[name] ??= {
        total: new Float64Array(values.length),
        squares: new Float64Array(values.length),
      });
      values.forEach((value, i) => {
        sum.total[i] = (sum.total[i] ?? 0) + value;
        sum.squares[i] = (sum.squares[i] ?? 0) + value * value;
      });
    }
  }
  let worst = 0;
  let where = "";
  let count = 0;
  for (const [name, { total, squares }] of Object.entries(sums)) {
    total.forEach((value, i) => {
      const mean = value / batches;
      // A score that is 0 in every batch is rounding, not a mean that is surely off.
      const variance = (squares[i] ?? 0) / batches - mean * mean + (1e-9 * batchRows) ** 2;
      const z = Math.abs(mean) / Math.sqrt(variance / (batches - 1));
      count++;
      if (z > worst) [worst, where] = [z, `${name}[${i}]`];
    });
  }
  // Two-sided bound that one of `count` standard normals exceeds about once in ten thousand runs.
  const limit = Math.sqrt(2 * Math.log((count * 1e4) / 2));
  return {
    name: "expected score is zero",
    outcome: worst <= limit ? "passed" : "failed",
    detail: `${batches * batchRows} draws, ${count} coordinates: largest z ${worst.toFixed(2)}${where === "" ? "" : ` at ${where}`}, limit ${limit.toFixed(2)}`,
  };
}

function learned(model: Model): Model["parameters"] {
  return model.parameters.filter((parameter) => parameter.fixed === undefined);
}

function freeCoordinates(model: Model, problem: RandomProblem): Tensors {
  return Object.fromEntries(
    learned(model).map((parameter) => {
      const { kind, shape } = valueForm(parameter, problem.sizes);
      return [parameter.name, toUnconstrained(kind, problem.parameters[parameter.name] ?? new Float64Array(), shape)];
    }),
  );
}

function constrained(model: Model, problem: RandomProblem, free: (name: string) => Float64Array): Tensors {
  return Object.fromEntries(
    learned(model).map((parameter) => {
      const { kind, shape, cells } = valueForm(parameter, problem.sizes);
      return [parameter.name, fromUnconstrained(kind, free(parameter.name), shape, cells)];
    }),
  );
}

function freeGradient(model: Model, gradient: PlanFunction, problem: RandomProblem, parameters: Tensors): Tensors {
  const outputs = run(gradient, problem, parameters);
  return Object.fromEntries(
    learned(model).map((parameter) => {
      const { kind, shape } = valueForm(parameter, problem.sizes);
      const free = toUnconstrained(kind, parameters[parameter.name] ?? new Float64Array(), shape);
      const stored = outputs[`gradient.${parameter.name}`] ?? new Float64Array();
      return [parameter.name, pullBackGradient(kind, free, stored, shape)];
    }),
  );
}

function run(fn: PlanFunction, problem: RandomProblem, parameters: Tensors): Tensors {
  return interpretPlan(fn, {
    sizes: problem.sizes,
    rows: problem.rows,
    inputs: { parameter: parameters, data: problem.data },
  });
}
