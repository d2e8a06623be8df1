import { interpretPlan } from "../ir/interpret-plan.js";
import type { Model, Parameter } from "../ir/model.js";
import type { PlanFunction } from "../ir/plan.js";
import type { AdversarialProgram, ElboProgram, NoiseTable } from "../ir/program.js";
import { RandomStream } from "../numerics/random.js";
import { fromUnconstrained, pullBackGradient, toUnconstrained } from "../numerics/transforms.js";
import type { CheckResult } from "./check-result.js";
import { stepProblem, type StepProblem } from "./random-inputs.js";
import { type Tensors, valueForm } from "./random-problem.js";

const rows = 4;
/** Far below where an activation with a kink changes sides, as a rule; the difference is then right to 1e-8 or so. */
const step = 1e-6;
const tolerance = 1e-5;

/** The derivative of a bound's step equals its central difference, parameter by parameter, the noise held fixed. */
export function checkBoundSlopes(
  program: ElboProgram,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): CheckResult {
  const problem = stepProblem(program.model, { rows, seed, given });
  const names = slopedParameters(program);
  return slopeResult("gradient of the bound equals finite differences", [
    slopesOf(program.step, program.model, program.noise, names, problem, seed),
  ]);
}

/** The same of the steps of a critic and of its generator, penalties included. */
export function checkGameSlopes(
  program: AdversarialProgram,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): readonly CheckResult[] {
  const problem = stepProblem(program.model, { rows, seed, given });
  const check = (who: string, fn: PlanFunction, names: readonly string[]): CheckResult =>
    slopeResult(`gradient of the ${who}'s loss equals finite differences`, [
      slopesOf(fn, program.model, program.noise, names, problem, seed),
    ]);
  return [
    check("critic", program.criticStep, program.critic),
    check("generator", program.generatorStep, program.generator),
  ];
}

/**
 * Where draws are weighted (`iwae`, `rloo`, a relaxation) or the guide's density is held (`stl`), the derivative of what the
 * guide reads is an estimate of its own, right on average: those parameters are left out.
 */
function slopedParameters({ model, encode, sample, step: { outputs } }: ElboProgram): readonly string[] {
  const learned = model.parameters
    .map(({ name }) => name)
    .filter((name) => outputs.some((output) => output.name === `gradient.${name}`));
  const options = model.learn?.options ?? {};
  const isEstimate = ["iwae", "stl", "estimator", "relax"].some((name) => name in options);
  if (!isEstimate) return learned;
  const guide = parametersRead(encode);
  const generative = parametersRead(sample);
  return learned.filter((name) => generative.has(name) && !guide.has(name));
}

function parametersRead({ nodes }: PlanFunction): ReadonlySet<string> {
  return new Set(
    nodes.flatMap(({ operation }) =>
      operation.kind === "input" && operation.source === "parameter" ? [operation.name] : [],
    ),
  );
}

interface Slopes {
  readonly parameters: number;
  readonly worst: number;
  readonly where: string;
}

function slopesOf(
  fn: PlanFunction,
  model: Model,
  noise: readonly NoiseTable[],
  names: readonly string[],
  problem: StepProblem,
  seed: number,
): Slopes {
  const uniform = new Set(noise.filter(({ family }) => family === "uniform").map(({ name }) => name));
  const table = problem.tablesOf(fn, uniform, seed + 1);
  const run = (parameter: Tensors): Tensors =>
    interpretPlan(fn, { sizes: problem.sizes, rows: problem.rows, inputs: { parameter, data: problem.data, table } });
  const found = run(problem.parameters);
  const learned = model.parameters.filter(({ name, fixed }) => fixed === undefined && names.includes(name));
  let [worst, where] = [0, ""];
  for (const parameter of learned) {
    const stored = found[`gradient.${parameter.name}`];
    if (stored === undefined) continue;
    const { slope, difference } = alongOneDirection(parameter, stored, problem, run, seed);
    const error = Math.abs(slope - difference) / (1 + Math.abs(difference));
    if (!(error <= worst)) [worst, where] = [error, parameter.name];
  }
  return { parameters: learned.length, worst, where };
}

/** The derived slope and the central difference along a random direction of one parameter's free coordinates. */
function alongOneDirection(
  parameter: Parameter,
  stored: Float64Array,
  { sizes, parameters }: StepProblem,
  run: (parameters: Tensors) => Tensors,
  seed: number,
): { readonly slope: number; readonly difference: number } {
  const { name } = parameter;
  const { kind, shape, cells } = valueForm(parameter, sizes);
  const free = toUnconstrained(kind, parameters[name] ?? new Float64Array(), shape);
  const stream = new RandomStream({ seed, site: `direction ${name}` });
  const direction = free.map(() => stream.normal());
  const at = (by: number): number => {
    const moved = fromUnconstrained(
      kind,
      free.map((value, i) => value + by * (direction[i] ?? 0)),
      shape,
      cells,
    );
    return run({ ...parameters, [name]: moved })["objective"]?.[0] ?? NaN;
  };
  const slope = pullBackGradient(kind, free, stored, shape).reduce(
    (sum, value, i) => sum + value * (direction[i] ?? 0),
    0,
  );
  return { slope, difference: (at(step) - at(-step)) / (2 * step) };
}

function slopeResult(name: string, found: readonly Slopes[]): CheckResult {
  const worst = found.reduce((most, each) => (each.worst <= most.worst ? most : each));
  const parameters = found.reduce((sum, each) => sum + each.parameters, 0);
  const where = worst.where === "" ? "" : ` (${worst.where})`;
  return {
    name,
    outcome: worst.worst <= tolerance ? "passed" : "failed",
    detail: `${parameters} parameters: worst relative difference ${worst.worst.toExponential(1)}${where}`,
  };
}
