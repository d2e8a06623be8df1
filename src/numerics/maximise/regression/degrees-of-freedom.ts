import { rootOfDecreasing } from "../../root.js";
import { logMinusDigamma, trigamma } from "../../special-functions.js";
import type { RegressionProblem, RegressionSettings, RegressionStatistics } from "./problem.js";
import { previousValues, tableCells } from "./problem.js";

/** Beyond these the tails are heavier, or lighter, than data can tell. */
const fewest = 1e-2;
const most = 1e4;

/**
 * Degrees of freedom of a Student-t: the root of log(v/2) - digamma(v/2) + 1 + tail/count, with tail the sum of
 * w (E log u - E u) over the cells that share them; 1e4 ("Normal") where there is none below.
 *
 * @source Liu and Rubin 1995, "ML estimation of the t distribution using EM and its extensions"
 */
export function updateDegreesOfFreedom(
  problem: RegressionProblem,
  statistics: RegressionStatistics,
  previous: Readonly<Record<string, Float64Array>>,
  settings: RegressionSettings = {},
): Record<string, Float64Array> {
  const { degreesOfFreedom } = problem;
  const parameter = degreesOfFreedom?.parameter;
  if (degreesOfFreedom === undefined || parameter === undefined) return {};
  if (settings.fixed?.has(parameter) === true) return {};
  const { tail } = statistics;
  if (tail === undefined) throw new Error("regression: degrees of freedom need the statistic tail");
  const table = tableCells(problem.cells, degreesOfFreedom.cellAxes);
  const counts = new Float64Array(table.count);
  const tails = new Float64Array(table.count);
  table.of.forEach((k, cell) => {
    counts[k] += statistics.count[cell];
    tails[k] += tail[cell];
  });
  const values = Float64Array.from(previousValues(previous, parameter));
  for (let k = 0; k < table.count; k++) {
    if (!(counts[k] > 0)) continue;
    const excess = 1 + tails[k] / counts[k];
    const equation = (v: number): { value: number; derivative: number } => ({
      value: logMinusDigamma(v / 2) + excess,
      derivative: 1 / v - 0.5 * trigamma(v / 2),
    });
    values[k] = rootOfDecreasing(equation, fewest, most, values[k]);
  }
  return { [parameter]: values };
}
