import { deriveLogJoint } from "../inference/queries/joint.js";
import { interpretPlan } from "../ir/interpret-plan.js";
import type { Dimension, Model, Variable } from "../ir/model.js";
import type { PlanFunction } from "../ir/plan.js";
import type { ElboProgram } from "../ir/program.js";
import type { CheckResult } from "./check-result.js";
import { stepProblem, type StepProblem } from "./random-inputs.js";
import { cellShape, lengthOf, type Tensors } from "./random-problem.js";

const rows = 8;
/** Rows that are integrated: each is a sum over a grid. */
const integratedRows = 2;
const weightCounts = [1, 4, 16] as const;
/** Independent repetitions, over which the means of a row are taken. */
const repetitions = 4;
/** Standard errors that a mean may lie on the wrong side: by chance once in 10^5 or so. */
const mostDeviations = 4.5;
const gridHalfWidth = 14;
const gridPoints = 201;
const largestTable = 64;

/**
 * The bound is on average no more than the bound by importance weights, which does not fall with the number of draws and
 * stays below the likelihood. Draws are independent, so that this says something of both functions: one that lacks a term
 * breaks it.
 *
 * @source Burda, Grosse and Salakhutdinov 2016, theorem 1
 */
export function checkImportanceWeights(
  program: ElboProgram,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): readonly CheckResult[] {
  const { model } = program;
  const problem = stepProblem(model, { rows, seed, given, sizes: shortLatents(model) });
  const levels = [
    { what: "the bound", values: averages(problem, (draw) => run(program, "bound", "bound", problem, draw)) },
    ...weightCounts.map((count) => ({
      what: `${count} weight${count === 1 ? "" : "s"}`,
      values: averages(problem, (repetition) => weightedBound(program, problem, count, 1000 * count + repetition)),
    })),
  ];
  let [worst, where] = [-Infinity, ""];
  for (const [i, higher] of levels.entries()) {
    const lower = levels[i - 1];
    if (lower === undefined) continue;
    const excess = deviationsAbove(lower.values, higher.values);
    if (excess > worst) [worst, where] = [excess, `${lower.what} against ${higher.what}`];
  }
  const text = levels.map(({ what, values }) => `${what} ${mean(values.map(mean)).toFixed(3)}`).join(", ");
  return [
    {
      name: "importance weights raise the bound",
      outcome: worst <= mostDeviations ? "passed" : "failed",
      detail: `${text}; largest excess ${worst.toFixed(1)} standard errors, ${where}`,
    },
    checkLikelihood(program, problem, levels.at(-1)?.values ?? []),
  ];
}

/** log p(x) by a sum over discrete latents and a grid over one continuous one. */
function checkLikelihood(
  program: ElboProgram,
  problem: StepProblem,
  highest: readonly (readonly number[])[],
): CheckResult {
  const name = "the bound is no more than the likelihood";
  const { model } = program;
  const latents = model.variables.filter(({ role }) => role === "latent");
  const continuous = latents.filter(({ domain }) => domain.kind === "real");
  const discrete = latents.filter((latent) => !continuous.includes(latent));
  const entries = continuous.map((latent) => cellShape(model, latent, problem.sizes).reduce((a, b) => a * b, 1));
  const values = discrete.map((latent) => valuesOf(latent, problem));
  const isListed = discrete.every((latent, i) => values[i] !== undefined && latent.axes.length === 1);
  const table = values.reduce<number>((product, count) => product * (count ?? 1), 1);
  if (continuous.length !== 1 || entries[0] !== 1 || !isListed || table > largestTable)
    return { name, outcome: "skipped", detail: "integrated for one continuous latent number in a row, and few values" };
  const integrated = integrate(model, problem, continuous[0]?.name ?? "", discrete, values, table);
  const differences = integrated.map((value, row) => (highest[row] ?? []).map((one) => one - value));
  const excess = deviationsAbove(
    differences,
    differences.map((row) => row.map(() => 0)),
  );
  return {
    name,
    outcome: excess <= mostDeviations ? "passed" : "failed",
    detail:
      `${integrated.length} rows integrated: log-likelihood ${mean(integrated).toFixed(3)}, ` +
      `${weightCounts.at(-1)} weights ${(mean(integrated) + mean(differences.map(mean))).toFixed(3)}`,
  };
}

/** @returns of every integrated row */
function integrate(
  model: Model,
  problem: StepProblem,
  latent: string,
  discrete: readonly Variable[],
  values: readonly (number | undefined)[],
  table: number,
): readonly number[] {
  const joint = deriveLogJoint(model);
  const width = (2 * gridHalfWidth) / (gridPoints - 1);
  return Array.from({ length: integratedRows }, (_, row) => {
    const terms: number[] = [];
    for (let assignment = 0; assignment < table; assignment++) {
      // Every point of the grid is a row of the same data.
      const data: Tensors = {};
      for (const [name, column] of Object.entries(problem.data)) {
        const length = column.length / problem.rows;
        const own = column.subarray(row * length, (row + 1) * length);
        data[name] = Float64Array.from({ length: gridPoints * length }, (_, i) => own[i % length] ?? NaN);
      }
      data[latent] = Float64Array.from({ length: gridPoints }, (_, i) => i * width - gridHalfWidth);
      let rest = assignment;
      discrete.forEach(({ name }, i) => {
        const count = values[i] ?? 1;
        data[name] = new Float64Array(gridPoints).fill(rest % count);
        rest = Math.floor(rest / count);
      });
      const inputs = { parameter: problem.parameters, data };
      const found = interpretPlan(joint, { sizes: problem.sizes, rows: gridPoints, inputs })["logJoint"];
      terms.push(...(found ?? []));
    }
    return logSumExp(terms) + Math.log(width);
  });
}

function weightedBound(
  program: ElboProgram,
  problem: StepProblem,
  count: number,
  repetition: number,
): readonly number[] {
  const draws = Array.from({ length: count }, (_, draw) =>
    run(program, "logWeight", "logWeight", problem, 100 * repetition + draw),
  );
  return Array.from(
    { length: problem.rows },
    (_, row) => logSumExp(draws.map((draw) => draw[row] ?? NaN)) - Math.log(count),
  );
}

function run(
  program: ElboProgram,
  which: "bound" | "logWeight",
  output: string,
  problem: StepProblem,
  draw: number,
): Float64Array {
  const fn: PlanFunction = program[which];
  const uniform = new Set(program.noise.filter(({ family }) => family === "uniform").map(({ name }) => name));
  const table = problem.tablesOf(fn, uniform, (which === "bound" ? 1e6 : 2e6) + draw);
  const { sizes, parameters, data } = problem;
  const inputs = { parameter: parameters, data, table };
  return interpretPlan(fn, { sizes, rows: problem.rows, inputs })[output] ?? new Float64Array(problem.rows);
}

/** Repetitions by row. */
function averages(
  problem: StepProblem,
  once: (repetition: number) => ArrayLike<number>,
): readonly (readonly number[])[] {
  const found = Array.from({ length: repetitions }, (_, repetition) => once(repetition));
  return Array.from({ length: problem.rows }, (_, row) => found.map((each) => each[row] ?? NaN));
}

/** By how many standard errors the first mean lies above the second; what varies are the repetitions within rows. */
function deviationsAbove(lower: readonly (readonly number[])[], higher: readonly (readonly number[])[]): number {
  let [difference, variance] = [0, 0];
  lower.forEach((row, i) => {
    const other = higher[i] ?? [];
    difference += mean(row) - mean(other);
    variance += varianceOf(row) / row.length + varianceOf(other) / other.length;
  });
  // Of a guide that is the posterior nothing varies but by rounding.
  return difference / Math.sqrt(variance + (1e-9 * lower.length) ** 2);
}

/** Latents of one entry, where their length is a size: such can be integrated. */
function shortLatents(model: Model): Readonly<Record<string, number>> {
  const own = model.variables
    .filter(({ role, domain }) => role === "latent" && domain.kind === "real")
    .flatMap(({ domain }) => (domain.kind === "real" ? domain.shape : []));
  const isSymbol = (dimension: Dimension): dimension is Extract<Dimension, { kind: "symbol" }> =>
    dimension.kind === "symbol";
  return Object.fromEntries(own.filter(isSymbol).map(({ name }) => [name, 1]));
}

function valuesOf({ domain }: Variable, { sizes }: StepProblem): number | undefined {
  if (domain.kind === "category") return lengthOf(sizes, domain.categories);
  return domain.kind === "binary" && domain.shape.length === 0 ? 2 : undefined;
}

function logSumExp(terms: readonly number[]): number {
  const peak = terms.reduce((a, b) => Math.max(a, b), -Infinity);
  return peak + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - peak), 0));
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function varianceOf(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}
