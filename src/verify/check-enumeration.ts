import { deriveLogJoint } from "../inference/queries/joint.js";
import { interpretPlan } from "../ir/interpret-plan.js";
import type { Model } from "../ir/model.js";
import type { EmProgram } from "../ir/program.js";
import { drawProblem, lengthOf, tinySizes, type Tensors } from "./random-problem.js";
import type { CheckResult } from "./check-result.js";

const rows = 5;
const largestTable = 20_000;

/** The eliminated likelihood equals the sum of the joint density over every assignment of the latents. */
export function checkEnumeration(
  program: EmProgram,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): CheckResult {
  const { model } = program;
  const name = "likelihood equals enumeration";
  const sizes = tinySizes(model, given);
  const latents = latentCells(model, sizes);
  const assignments = latents.reduce((product, cell) => product * cell.values, 1);
  if (assignments > largestTable)
    return { name, outcome: "skipped", detail: `${assignments} assignments of the latents even at the smallest sizes` };
  const problem = drawProblem(model, { sizes, rows, seed, missing: 0.3 });
  const joint = deriveLogJoint(model);
  const inputs = { parameter: problem.parameters };
  const sums = Array.from({ length: rows }, (): number[] => []);
  for (let assignment = 0; assignment < assignments; assignment++) {
    const data: Tensors = { ...problem.data, ...assigned(latents, assignment) };
    const { logJoint } = interpretPlan(joint, { sizes, rows, inputs: { ...inputs, data } });
    sums.forEach((terms, row) => terms.push(logJoint?.[row] ?? NaN));
  }
  const { logDensity } = interpretPlan(program.logDensity.incomplete ?? program.logDensity.complete, {
    sizes,
    rows,
    inputs: { ...inputs, data: problem.data },
  });
  const worst = sums.reduce((most, terms, row) => {
    const peak = Math.max(...terms);
    const listed = peak + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - peak), 0));
    return Math.max(most, Math.abs((logDensity?.[row] ?? NaN) - listed) / (1 + Math.abs(listed)));
  }, 0);
  return {
    name,
    outcome: worst <= 1e-9 ? "passed" : "failed",
    detail: `${assignments} assignments, ${rows} rows: worst relative difference ${worst.toExponential(1)}`,
  };
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
    .filter(({ role }) => role === "latent")
    .flatMap((variable) => {
      const values = variable.domain.kind === "category" ? lengthOf(sizes, variable.domain.categories) : 2;
      const cells = variable.axes.reduce((product, axis) => {
        const size = model.axes.find((candidate) => candidate.name === axis)?.size;
        return size === undefined ? product : product * lengthOf(sizes, size);
      }, 1);
      return Array.from({ length: cells }, (_, cell) => ({ variable: variable.name, values, cell, cells }));
    });
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
