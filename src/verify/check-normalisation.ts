import { shapeOf } from "../inference/elaborate/axes.js";
import type { Model, Variable } from "../ir/model.js";
import type { CheckResult } from "./check-result.js";
import { allObservations, type Observations } from "./observations.js";
import { cellShape, drawProblem, tinySizes } from "./random-problem.js";
import type { Columns, MakeTrainer, VerifiableTrainer } from "./verifiable-trainer.js";

const name = "likelihood sums to one";
/** Narrow: parameters so far out that mass is lost between the points of a grid tell nothing. */
const spread = 0.3;

/**
 * The density of a row, summed or integrated over all its observations, is 1: by all observed variables together where
 * they have few values, else by each alone, the others missing.
 */
export async function checkNormalisation(
  model: Model,
  makeTrainer: MakeTrainer,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): Promise<CheckResult> {
  const sizes = tinySizes(model, { ...oneDimensional(model), ...given });
  const observed = model.variables.filter(({ role }) => role === "observed");
  const together = allObservations(model, observed, sizes);
  const alone = together !== undefined || !observed.every(({ optional }) => optional) ? [] : observed;
  const sets = [
    ...(together === undefined ? [] : [together]),
    ...alone.flatMap((variable) => allObservations(model, [variable], sizes) ?? []),
  ];
  if (sets.length === 0)
    return { name, outcome: "skipped", detail: "the observations of a row have too many dimensions" };

  const problem = drawProblem(model, { sizes, rows: 1, seed, spread });
  const trainer = makeTrainer(sizes);
  trainer.setParameters(problem.parameters);
  const totals: { total: number; tolerance: number }[] = [];
  for (const observations of sets) {
    const columns = columnsOf(model, observations, problem.data, sizes);
    totals.push({ total: await totalOf(trainer, columns, observations), tolerance: observations.tolerance });
  }
  trainer.dispose();
  const rows = sets.reduce((sum, { weights }) => sum + weights.length, 0);
  return {
    name,
    outcome: totals.every(({ total, tolerance }) => Math.abs(total - 1) <= tolerance) ? "passed" : "failed",
    detail: `${totals.map(({ total }) => total.toPrecision(8)).join(", ")} over ${rows} observations`,
  };
}

async function totalOf(trainer: VerifiableTrainer, columns: Columns, { weights }: Observations): Promise<number> {
  const density = await trainer.logDensity(columns);
  return density.reduce((sum, logDensity, i) => sum + Math.exp(logDensity) * (weights[i] ?? NaN), 0);
}

/** The observations as data: given variables repeated, other observed variables missing. */
function columnsOf(
  model: Model,
  { values, weights }: Observations,
  one: Readonly<Record<string, Float64Array>>,
  sizes: Readonly<Record<string, number>>,
): Columns {
  const rows = weights.length;
  const weight = model.axes.find((axis) => axis.weight !== undefined)?.weight;
  const column = (variable: Variable): Float64Array => {
    const known = values[variable.name];
    if (known !== undefined) return known;
    const cell = one[variable.name] ?? new Float64Array();
    return Float64Array.from({ length: rows * cell.length }, (_, i) =>
      variable.role === "given" ? (cell[i % cell.length] ?? NaN) : NaN,
    );
  };
  return Object.fromEntries([
    ...model.variables
      .filter(({ role }) => role !== "latent")
      .map((variable) => [
        variable.name,
        { shape: [rows, ...cellShape(model, variable, sizes)], data: column(variable) },
      ]),
    ...(weight === undefined ? [] : [[weight, { shape: [rows], data: new Float64Array(rows).fill(1) }]]),
  ]);
}

/** Sizes of plates and events that hold continuous observations, set to one: those can be integrated over. */
function oneDimensional(model: Model): Readonly<Record<string, number>> {
  const symbols = model.variables
    .filter(({ role, domain }) => role === "observed" && domain.kind !== "simplex" && domain.kind !== "ordered")
    .flatMap((variable) => [
      ...shapeOf(variable.domain),
      ...variable.axes.flatMap((axis) => model.axes.find(({ name }) => name === axis)?.size ?? []),
    ]);
  return Object.fromEntries(symbols.flatMap((size) => (size.kind === "symbol" ? [[size.name, 1]] : [])));
}
