import type { Tensors } from "../description.js";
import { weightOf } from "../data/row-source.js";
import { ParameterSpace } from "../parameter-space.js";
import type { FitWarning } from "../warnings.js";
import { maximise, settingsOf, tryEvaluate, type RunContext } from "./em-steps.js";
import type { Evaluation } from "./evaluation.js";
import { ascend } from "./gradient-maximisation.js";
import { copyOf, mix } from "./moving-statistics.js";

/** Ways towards the new statistics that are tried before the likelihood itself is climbed. */
const PORTIONS = [1 / 2, 1 / 4, 1 / 8];
/** Steps of the ascent in place of one iteration. */
const ASCENT_ITERATIONS = 10;
/** Relative step of the differences: the cube root of the rounding of a double. */
const STEP = 6e-6;

/**
 * What takes the place of an iteration that lowered an approximate objective, which EM need not raise: an update from
 * statistics part of the way from the last ones to the new,
 *
 *     s = s_old + lambda (s_new - s_old),   lambda = 1/2, 1/4, 1/8,
 *
 * (the parameters at hand are the update from s_old, and fixed points are stationary points of the objective), else a few
 * steps of L-BFGS on the objective, its gradient by differences.
 *
 * @param before where the iteration began
 * @param earlier what `before` was updated from; absent at a start
 * @returns an evaluation whose objective is no lower than that of `before`; `before` where none is found
 */
export async function raiseApproximate(
  context: RunContext,
  before: Evaluation,
  earlier: Evaluation | undefined,
  iteration: number,
  collected: FitWarning[],
): Promise<Evaluation> {
  const { methods, sizes } = context.runner;
  if (earlier !== undefined) {
    for (const portion of PORTIONS) {
      const statistics = copyOf(earlier.statistics);
      methods.recentreStatistics?.(sizes, statistics, before.parameters, earlier.parameters);
      mix(statistics, before.statistics, portion);
      const updated = await maximise(context, { ...before, statistics }, iteration, collected);
      const tried = await tryEvaluate(context, updated);
      if (tried !== undefined && tried.objective >= before.objective) return tried;
    }
  }
  const climbed = await climb(context, before);
  const found = await tryEvaluate(context, climbed);
  return found !== undefined && found.objective >= before.objective ? found : before;
}

async function climb(context: RunContext, before: Evaluation): Promise<Tensors> {
  const { runner, fixed } = context;
  const { description } = runner.methods;
  const space = new ParameterSpace(description.parameters, runner.sizes, (name) => fixed.has(name));
  const settings = settingsOf(context, [], fixed);
  const valueAt = async (point: Float64Array): Promise<number> => {
    const parameters = space.fromVector(point, before.parameters);
    let value = await runner.penalty(parameters, before.statistics, settings, context.usePrior);
    await runner.eachLogDensity(parameters, (block, logDensity) => {
      for (let row = 0; row < block.rows; row++) value += weightOf(runner.source, block, row) * logDensity[row];
    });
    return value;
  };
  const evaluate = async (point: Float64Array) => {
    const gradient = new Float64Array(point.length);
    for (let i = 0; i < point.length; i++) {
      // A probability of 0 stays.
      if (!Number.isFinite(point[i])) continue;
      const size = STEP * Math.max(1, Math.abs(point[i]));
      const moved = Float64Array.from(point);
      moved[i] = point[i] + size;
      const above = await valueAt(moved);
      moved[i] = point[i] - size;
      gradient[i] = (above - (await valueAt(moved))) / (2 * size);
    }
    return { point, value: await valueAt(point), gradient };
  };
  const start = await evaluate(space.toVector(before.parameters));
  const { best } = await ascend(evaluate, start, ASCENT_ITERATIONS);
  return space.fromVector(best.point, before.parameters);
}
