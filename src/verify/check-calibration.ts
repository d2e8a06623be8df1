import type { Model } from "../ir/model.js";
import type { CheckResult } from "./check-result.js";
import { drawProblem, tinySizes, trainerColumns } from "./random-problem.js";
import type { Columns, MakeTrainer, VerifiableTrainer } from "./verifiable-trainer.js";

const name = "posterior probabilities are calibrated";
const rows = 2000;
/** Of so many values, chance exceeds this many standard errors once in a million verifications. */
const mostStandardErrors = 6;
const fewestExpected = 20;

/**
 * In the mean over draws, a value of a discrete latent has its posterior probability as often as it is drawn; a Gaussian
 * latent is off its posterior mean by nothing, and by its variance in the square.
 */
export async function checkCalibration(
  model: Model,
  makeTrainer: MakeTrainer,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): Promise<CheckResult> {
  if (!model.variables.some(({ role }) => role === "latent"))
    return { name, outcome: "skipped", detail: "there is no latent variable" };
  const sizes = tinySizes(model, given);
  const problem = drawProblem(model, { sizes, rows, seed, missing: 0.3 });
  const trainer = makeTrainer(sizes);
  trainer.setParameters(problem.parameters);
  const answers = await trainer.predict(trainerColumns(model, problem));
  trainer.dispose();
  return calibration(answers, problem.data, rows);
}

/**
 * @param drawn values of the latents, by variable
 * @param groups how many parts of the draws, one after the other, are independent of each other
 */
export function calibration(
  { probability, covariance = {}, ...values }: Awaited<ReturnType<VerifiableTrainer["predict"]>>,
  drawnLatents: Readonly<Record<string, Float64Array>>,
  groups: number,
): CheckResult {
  const means: Columns = values;
  const perGroup = (cells: Float64Array): Float64Array => sumsOf(cells, groups);
  let worst = 0;
  let where = "";
  let count = 0;
  for (const [latent, { shape, data }] of Object.entries(probability)) {
    const values = shape.at(-1) ?? 1;
    const drawn = drawnLatents[latent] ?? new Float64Array();
    for (let value = 0; value < values; value++) {
      const expected = drawn.map((_, i) => data[i * values + value] ?? NaN);
      // A value that is hardly ever drawn tells nothing.
      if (sumOf(expected) < fewestExpected) continue;
      const off = standardErrors(
        perGroup(drawn.map((code, i) => (expected[i] ?? NaN) - (code === value ? 1 : 0))),
        perGroup(expected.map((chance) => chance * (1 - chance))),
      );
      count++;
      if (!(off <= worst)) [worst, where] = [off, ` at ${latent} = ${value}`];
    }
  }
  const note = (off: number, place: string): void => {
    count++;
    if (!(off <= worst)) [worst, where] = [off, ` at ${place}`];
  };
  for (const [latent, { data, shape }] of Object.entries(covariance)) {
    const mean = means[latent];
    const drawn = drawnLatents[latent];
    if (mean === undefined || drawn === undefined) throw new Error(`verify: no posterior of ${latent}`);
    const width = shape.length > mean.shape.length ? (shape.at(-1) ?? 1) : 1;
    for (let entry = 0; entry < width; entry++) {
      const own = (values: Float64Array): Float64Array => values.filter((_, i) => i % width === entry);
      const variance = data.filter((_, i) => i % (width * width) === entry * width + entry);
      const difference = own(drawn).map((value, i) => value - (own(mean.data)[i] ?? NaN));
      const square = difference.map((value, i) => value * value - (variance[i] ?? NaN));
      note(standardErrors(perGroup(difference), perGroup(variance)), `${latent}[${entry}]`);
      note(
        standardErrors(perGroup(square), perGroup(variance.map((v) => 2 * v * v))),
        `the square of ${latent}[${entry}]`,
      );
    }
  }
  return {
    name,
    outcome: worst <= mostStandardErrors ? "passed" : "failed",
    detail: `${groups} draws, ${count} values: at most ${worst.toFixed(1)} standard errors off${where}`,
  };
}

/** Cells of one row (or one sequence) are not independent of each other: rows are. */
function sumsOf(cells: Float64Array, groups: number): Float64Array {
  const width = cells.length / groups;
  return Float64Array.from({ length: groups }, (_, group) => sumOf(cells.subarray(group * width, (group + 1) * width)));
}

/** How many standard errors the mean is away from zero; a variance seen too small by chance counts as the known one. */
function standardErrors(values: Float64Array, knownVariances: Float64Array): number {
  const count = values.length;
  const mean = sumOf(values) / count;
  const variance = sumOf(values.map((value) => (value - mean) ** 2)) / (count - 1);
  const least = Math.max(variance, sumOf(knownVariances) / count);
  // Below rounding, a difference is none.
  return Math.abs(mean) < 1e-9 ? 0 : Math.abs(mean) / Math.sqrt(least / count);
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
