import { drawData, standardErrors, type Finding, type Subject } from "./subject.js";

const name = "posterior probabilities are calibrated";
const rows = 4000;
const mostStandardErrors = 6;

/** In the mean over draws, a value of a latent has its posterior probability as often as it is drawn. */
export async function calibration(subject: Subject): Promise<Finding> {
  const trainer = subject.trainerAt(subject.point);
  const { data, drawn } = await drawData(subject, trainer, rows);
  const { probability } = await trainer.predict(data);
  trainer.dispose();
  let worst = 0;
  let count = 0;
  for (const [latent, table] of Object.entries(probability)) {
    const values = table.shape[table.shape.length - 1];
    const codes = drawn[latent].data;
    for (let value = 0; value < values; value++) {
      const differences = Float64Array.from(
        codes,
        (code, i) => table.data[i * values + value] - (code === value ? 1 : 0),
      );
      worst = Math.max(worst, standardErrors(differences));
      count++;
    }
  }
  if (count === 0) return { name, outcome: "does not apply", detail: "there is no discrete latent variable" };
  const detail = `at most ${worst.toFixed(1)} standard errors off, ${count} values, ${rows} draws`;
  return { name, outcome: worst < mostStandardErrors ? "holds" : "fails", detail };
}
