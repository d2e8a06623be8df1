import { drawData, standardErrors, type Finding, type Subject } from "./subject.js";

const name = "the score has mean zero (draws and likelihood agree)";
const rows = 4000;
const step = 1e-4;
/** Of so many parameters and standard errors, chance exceeds this once in a million verifications. */
const mostStandardErrors = 6;

/**
 * E[d log p(x) / d parameter] = 0 under the model itself: wrong for a sampler and a likelihood that differ.
 *
 * @source Cox and Hinkley 1974, section 4.8
 */
export async function scoreIdentity(subject: Subject): Promise<Finding> {
  const { point } = subject;
  if (point.length === 0) return { name, outcome: "does not apply", detail: "there is no free parameter" };
  const trainer = subject.trainerAt(point);
  const { data } = await drawData(subject, trainer, rows);
  trainer.dispose();
  const densityAt = async (coordinate: number, shift: number): Promise<Float64Array> => {
    const moved = Float64Array.from(point);
    moved[coordinate] += shift;
    const there = subject.trainerAt(moved);
    const density = await there.logDensity(data);
    there.dispose();
    return density;
  };
  let worst = 0;
  for (let i = 0; i < point.length; i++) {
    const [above, below] = [await densityAt(i, step), await densityAt(i, -step)];
    const score = above.map((value, row) => (value - below[row]) / (2 * step));
    worst = Math.max(worst, standardErrors(score));
  }
  const detail = `at most ${worst.toFixed(1)} standard errors from zero, ${point.length} coordinates, ${rows} draws`;
  return { name, outcome: worst < mostStandardErrors ? "holds" : "fails", detail };
}
