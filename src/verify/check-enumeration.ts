import { densityFactors } from "../inference/inside.js";
import { isJointlyAffine } from "../inference/variational/products.js";
import { deriveLogJoint } from "../inference/queries/joint.js";
import { interpretPlan } from "../ir/interpret-plan.js";
import type { Model, Variable } from "../ir/model.js";
import type { EmProgram } from "../ir/program.js";
import { cholesky, solveWithFactor } from "../numerics/dense.js";
import { drawProblem, lengthOf, tinySizes, trainerColumns, type Tensors } from "./random-problem.js";
import type { MakeTrainer } from "./verifiable-trainer.js";
import type { CheckResult } from "./check-result.js";

const rows = 5;
const largestTable = 20_000;
const mostEntries = 12;

/**
 * The eliminated likelihood equals the sum of the joint density over every assignment of the discrete latents. Over
 * Gaussian latents, in which the log joint is quadratic, it is integrated: its values at 0, e_i and e_i + e_j give the
 * quadratic form.
 */
export function checkEnumeration(
  program: EmProgram,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): CheckResult {
  const name = "likelihood equals enumeration";
  const listed = listedRows(program.model, seed, given);
  if ("skipped" in listed) return { name, outcome: "skipped", detail: listed.skipped };
  const { assignments, sizes, problem, logLikelihoods } = listed;
  const { logDensity } = interpretPlan(program.logDensity.incomplete ?? program.logDensity.complete, {
    sizes,
    rows,
    inputs: { parameter: problem.parameters, data: problem.data },
  });
  const worst = logLikelihoods.reduce(
    (most, value, row) => Math.max(most, Math.abs((logDensity?.[row] ?? NaN) - value) / (1 + Math.abs(value))),
    0,
  );
  return {
    name,
    outcome: worst <= 1e-9 ? "passed" : "failed",
    detail: `${assignments} assignments, ${rows} rows: worst relative difference ${worst.toExponential(1)}`,
  };
}

/** A bound is no more than the same sum. */
export async function checkBound(
  { model }: EmProgram,
  makeTrainer: MakeTrainer,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): Promise<CheckResult> {
  const name = "the bound is no more than the likelihood";
  if (!densityFactors(model).every((factor) => isJointlyAffine(model, factor)))
    return { name, outcome: "skipped", detail: "latents multiply each other: there is no sum of Gaussian integrals" };
  const listed = listedRows(model, seed, given);
  if ("skipped" in listed) return { name, outcome: "skipped", detail: listed.skipped };
  const { assignments, sizes, problem, logLikelihoods } = listed;
  const trainer = makeTrainer(sizes);
  trainer.setParameters(problem.parameters);
  const bounds = await trainer.logDensity(trainerColumns(model, problem));
  trainer.dispose();
  const excess = Math.max(
    ...logLikelihoods.map((value, row) => ((bounds[row] ?? NaN) - value) / (1 + Math.abs(value))),
  );
  return {
    name,
    outcome: excess <= 1e-9 ? "passed" : "failed",
    detail: `${assignments} assignments, ${rows} rows: nearest to it ${excess.toExponential(1)}, relative`,
  };
}

interface ListedRows {
  readonly assignments: number;
  readonly sizes: Readonly<Record<string, number>>;
  readonly problem: ReturnType<typeof drawProblem>;
  /** Of every row. */
  readonly logLikelihoods: readonly number[];
}

/** Rows at tiny sizes, and their log-likelihoods by listing. */
function listedRows(
  model: Model,
  seed: number,
  given: Readonly<Record<string, number>>,
): ListedRows | { readonly skipped: string } {
  const sizes = tinySizes(model, given);
  const latents = latentCells(model, sizes);
  const entries = gaussianEntries(model, sizes);
  if (entries.length > mostEntries)
    return { skipped: `${entries.length} Gaussian latents in a row even at the smallest sizes` };
  const assignments = latents.reduce((product, cell) => product * cell.values, 1);
  if (assignments > largestTable)
    return { skipped: `${assignments} assignments of the latents even at the smallest sizes` };
  const problem = drawProblem(model, { sizes, rows, seed, missing: 0.3 });
  const joint = deriveLogJoint(model);
  const inputs = { parameter: problem.parameters };
  const sums = Array.from({ length: rows }, (): number[] => []);
  for (let assignment = 0; assignment < assignments; assignment++) {
    const known: Tensors = { ...problem.data, ...assigned(latents, assignment) };
    const jointAt = (units: readonly number[]): Float64Array => {
      const data = { ...known, ...unitValues(entries, units) };
      return interpretPlan(joint, { sizes, rows, inputs: { ...inputs, data } })["logJoint"] ?? new Float64Array(rows);
    };
    const integrals = integrated(jointAt, entries.length);
    sums.forEach((terms, row) => terms.push(integrals[row] ?? NaN));
  }
  const logLikelihoods = sums.map((terms) => {
    const peak = Math.max(...terms);
    return peak + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - peak), 0));
  });
  return { assignments, sizes, problem, logLikelihoods };
}

/** One number of a Gaussian latent in a row. */
interface GaussianEntry {
  readonly variable: string;
  /** Position among the numbers of the variable in one row. */
  readonly at: number;
  readonly width: number;
}

function gaussianEntries(model: Model, sizes: Readonly<Record<string, number>>): readonly GaussianEntry[] {
  return model.variables.flatMap((variable) => {
    if (variable.role !== "latent" || variable.domain.kind !== "real") return [];
    const event = variable.domain.shape.reduce((product, dimension) => product * lengthOf(sizes, dimension), 1);
    const width = cellsOf(model, sizes, variable) * event;
    return Array.from({ length: width }, (_, at) => ({ variable: variable.name, at, width }));
  });
}

/** Columns with the sum of these unit vectors in every row. */
function unitValues(entries: readonly GaussianEntry[], units: readonly number[]): Tensors {
  const columns: Tensors = {};
  entries.forEach(({ variable, at, width }, i) => {
    const column = (columns[variable] ??= new Float64Array(rows * width));
    const value = units.filter((unit) => unit === i).length;
    for (let row = 0; row < rows; row++) column[row * width + at] = value;
  });
  return columns;
}

/** log of the integral over all entries, per row: f(0) + 1/2 g' H^-1 g - 1/2 log |H| + n/2 log 2 pi. */
function integrated(jointAt: (units: readonly number[]) => Float64Array, n: number): readonly number[] {
  const base = jointAt([]);
  const single = Array.from({ length: n }, (_, i) => jointAt([i]));
  const pairs = Array.from({ length: n }, (_, i) => Array.from({ length: i }, (_, j) => jointAt([i, j])));
  const doubled = Array.from({ length: n }, (_, i) => jointAt([i, i]));
  return Array.from({ length: rows }, (_, row) => {
    const at = (values: Float64Array | undefined): number => values?.[row] ?? NaN;
    const f0 = at(base);
    const h = new Float64Array(n * n);
    const g = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      // f(e) = f0 + g - H/2, f(2 e) = f0 + 2 g - 2 H.
      h[i * n + i] = 2 * at(single[i]) - at(doubled[i]) - f0;
      g[i] = at(single[i]) - f0 + (h[i * n + i] ?? 0) / 2;
      for (let j = 0; j < i; j++) {
        const mixed = at(single[i]) + at(single[j]) - at(pairs[i]?.[j]) - f0;
        h[i * n + j] = mixed;
        h[j * n + i] = mixed;
      }
    }
    if (!cholesky(h, n)) return NaN;
    const solved = Float64Array.from(g);
    solveWithFactor(h, n, solved);
    let value = f0 + (n / 2) * Math.log(2 * Math.PI);
    for (let i = 0; i < n; i++) value += 0.5 * (g[i] ?? 0) * (solved[i] ?? 0) - Math.log(h[i * n + i] ?? NaN);
    return value;
  });
}

interface LatentCell {
  readonly variable: string;
  readonly values: number;
  /** Position among the cells of the variable in one row. */
  readonly cell: number;
  readonly cells: number;
}

function latentCells(model: Model, sizes: Readonly<Record<string, number>>): readonly LatentCell[] {
  return model.variables
    .filter(({ role, domain }) => role === "latent" && domain.kind !== "real")
    .flatMap((variable) => {
      const values = variable.domain.kind === "category" ? lengthOf(sizes, variable.domain.categories) : 2;
      const cells = cellsOf(model, sizes, variable);
      return Array.from({ length: cells }, (_, cell) => ({ variable: variable.name, values, cell, cells }));
    });
}

function cellsOf(model: Model, sizes: Readonly<Record<string, number>>, { axes }: Variable): number {
  return axes.reduce((product, axis) => {
    const size = model.axes.find((candidate) => candidate.name === axis)?.size;
    return size === undefined ? product : product * lengthOf(sizes, size);
  }, 1);
}

/** The values of one assignment, the same in every row; assignments count in mixed radix. */
function assigned(latents: readonly LatentCell[], assignment: number): Tensors {
  const columns: Tensors = {};
  let rest = assignment;
  for (const { variable, values, cell, cells } of latents) {
    const column = (columns[variable] ??= new Float64Array(rows * cells));
    for (let row = 0; row < rows; row++) column[row * cells + cell] = rest % values;
    rest = Math.floor(rest / values);
  }
  return columns;
}
