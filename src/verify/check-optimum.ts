import { interpretPlan } from "../ir/interpret-plan.js";
import type { EmProgram } from "../ir/program.js";
import { fromUnconstrained, toUnconstrained } from "../numerics/transforms.js";
import type { CheckResult } from "./check-result.js";
import { drawProblem, tinySizes, trainerColumns, valueForm, type Tensors } from "./random-problem.js";
import type { Columns, MakeTrainer, VerifiableTrainer } from "./verifiable-trainer.js";

const name = "fit ends at an optimum";
const rows = 400;
const step = 1e-4;
/** Per row. Fits by gradient stop a little short of the kinks of a Laplace; a wrong update is off by far more. */
const steepestAllowed = 5e-3;
const mostCoordinates = 60;

/** At the end of a fit the objective (log-likelihood plus log prior) does not rise along any free coordinate. */
export async function checkOptimum(
  program: EmProgram,
  makeTrainer: MakeTrainer,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): Promise<CheckResult> {
  const { model } = program;
  const sizes = tinySizes(model, given);
  const data = trainerColumns(model, drawProblem(model, { sizes, rows, seed }));
  return optimumOf(program, makeTrainer, sizes, data, rows, seed);
}

/** The same for given draws. */
export async function optimumOf(
  program: EmProgram,
  makeTrainer: MakeTrainer,
  sizes: Readonly<Record<string, number>>,
  data: Columns,
  rows: number,
  seed: number,
): Promise<CheckResult> {
  const trainer = makeTrainer(sizes);
  let iterations: number;
  try {
    ({ iterations } = await trainer.fit(data, { seed, tolerance: 1e-12, maxIterations: 1500, restarts: 3, ridge: 0 }));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "CollapsedComponentError") throw error;
    return { name, outcome: "skipped", detail: "a part of the model collapsed onto a few drawn rows" };
  }
  const fitted: Tensors = Object.fromEntries(Object.entries(trainer.parameters).map(([key, { data }]) => [key, data]));
  trainer.dispose();
  const free = freeValues(program, fitted, sizes);
  const count = free.reduce((sum, { values }) => sum + values.length, 0);
  const probe = makeTrainer(sizes);
  const objective = async (parameters: Tensors): Promise<number> => {
    const { logPrior } = interpretPlan(program.logPrior, { sizes, rows: 1, inputs: { parameter: parameters } });
    return ((await score(probe, parameters, data)) + (logPrior?.[0] ?? NaN)) / rows;
  };
  const top = await objective(fitted);
  let steepest = 0;
  let where = "";
  for (const { parameter, values, at } of free) {
    for (let i = 0; i < values.length; i += Math.ceil(count / mostCoordinates)) {
      // One-sided: the density of Laplace has a kink where it is highest.
      const rise = (Math.max(await objective(at(i, step)), await objective(at(i, -step))) - top) / step;
      if (!(rise <= steepest)) [steepest, where] = [rise, ` at ${parameter}[${i}]`];
    }
  }
  probe.dispose();
  return {
    name,
    outcome: steepest <= steepestAllowed ? "passed" : "failed",
    detail: `${rows} drawn rows, ${iterations} iterations: steepest rise ${steepest.toExponential(1)} per row${where}`,
  };
}

async function score(
  trainer: VerifiableTrainer,
  parameters: Tensors,
  data: ReturnType<typeof trainerColumns>,
): Promise<number> {
  trainer.setParameters(parameters);
  return (await trainer.score(data)).logLikelihood;
}

interface FreeParameter {
  readonly parameter: string;
  readonly values: Float64Array;
  /** All parameters, one free coordinate of this one moved. */
  readonly at: (coordinate: number, by: number) => Tensors;
}

/** Learned parameters whose optimum is inside their domain: at its edge there is no coordinate to move along. */
function freeValues(
  { model }: EmProgram,
  fitted: Tensors,
  sizes: Readonly<Record<string, number>>,
): readonly FreeParameter[] {
  return model.parameters.flatMap((parameter) => {
    if (parameter.fixed !== undefined) return [];
    const { kind, shape, cells } = valueForm(parameter, sizes);
    const values = toUnconstrained(kind, fitted[parameter.name] ?? new Float64Array(), shape);
    // Beyond e^12 an optimum lies at infinity, and is only approached.
    if (!values.every((value) => Math.abs(value) < 12 || kind === "real")) return [];
    const at = (coordinate: number, by: number): Tensors => {
      const moved = Float64Array.from(values);
      moved[coordinate] = (moved[coordinate] ?? 0) + by;
      return { ...fitted, [parameter.name]: fromUnconstrained(kind, moved, shape, cells) };
    };
    return [{ parameter: parameter.name, values, at }];
  });
}
