import { drawData, type Finding, type Subject, type Values } from "./subject.js";

const rows = 500;
const step = 1e-4;

/** Fits to data: EM never falls, recovers what the data were drawn from, ends where the gradient vanishes, saves exactly. */
export async function fits(subject: Subject, data: Values | undefined): Promise<readonly Finding[]> {
  const truth = subject.trainerAt(subject.point);
  const drawn = (await drawData(subject, truth, rows)).data;
  const { logLikelihood: atTruth } = await truth.score(drawn);
  truth.dispose();
  return [
    await monotone(subject, data ?? drawn),
    await recovery(subject, drawn, atTruth),
    await stationary(subject, data ?? drawn),
    await roundTrip(subject, drawn),
  ];
}

async function monotone(subject: Subject, data: Values): Promise<Finding> {
  const trainer = subject.newTrainer();
  const options = { seed: subject.seed, restarts: 1, maxIterations: 60, tolerance: 0, accelerate: false };
  const { trace } = await trainer.fit(data, options);
  trainer.dispose();
  const fall = trace.reduce((most, value, i) => (i === 0 ? most : Math.max(most, trace[i - 1] - value)), 0);
  const scale = Math.max(1, Math.abs(trace.at(-1) ?? 0));
  return {
    name: "EM never lowers its objective",
    outcome: fall <= 1e-9 * scale ? "holds" : "fails",
    detail: `largest fall ${fall.toExponential(1)} in ${trace.length} iterations`,
  };
}

async function recovery(subject: Subject, data: Values, atTruth: number): Promise<Finding> {
  const trainer = subject.newTrainer();
  const { logLikelihood } = await trainer.fit(data, { seed: subject.seed, restarts: 10 });
  trainer.dispose();
  const detail = `log-likelihood ${logLikelihood.toFixed(3)}, at the parameters of the draws ${atTruth.toFixed(3)}`;
  // A prior pulls the fit away from the maximum; then it may lie a little lower.
  const slack = subject.description.parameters.some(({ hasPrior }) => hasPrior) ? 5 : 0.1;
  return {
    name: "a fit to draws explains them as well as what drew them",
    outcome: logLikelihood >= atTruth - slack ? "holds" : "fails",
    detail,
  };
}

async function stationary(subject: Subject, data: Values): Promise<Finding> {
  const name = "a fit ends where finite differences of the likelihood vanish";
  if (subject.description.parameters.some(({ hasPrior }) => hasPrior)) {
    return { name, outcome: "does not apply", detail: "a prior moves the optimum" };
  }
  const trainer = subject.newTrainer();
  const result = await trainer.fit(data, { seed: subject.seed, tolerance: 1e-12, maxIterations: 5000 });
  const fitted = Object.fromEntries(Object.entries(trainer.parameters).map(([key, tensor]) => [key, tensor.data]));
  trainer.dispose();
  const point = subject.space.toVector(fitted);
  if (!point.every(Number.isFinite)) return { name, outcome: "does not apply", detail: "the optimum is at the edge" };
  const meanAt = async (i: number, shift: number): Promise<number> => {
    const moved = Float64Array.from(point);
    moved[i] += shift;
    const there = subject.trainerAt(moved);
    const { meanLogLikelihood } = await there.score(data);
    there.dispose();
    return meanLogLikelihood;
  };
  let steepest = 0;
  for (let i = 0; i < point.length; i++) {
    steepest = Math.max(steepest, Math.abs((await meanAt(i, step)) - (await meanAt(i, -step))) / (2 * step));
  }
  return {
    name,
    outcome: steepest < 1e-3 ? "holds" : "fails",
    detail: `steepest slope ${steepest.toExponential(1)} per row after ${result.iterations} iterations`,
  };
}

async function roundTrip(subject: Subject, data: Values): Promise<Finding> {
  const trainer = subject.trainerAt(subject.point);
  const again = subject.newTrainer();
  again.restore(await trainer.save());
  const [before, after] = [await trainer.logDensity(data), await again.logDensity(data)];
  trainer.dispose();
  again.dispose();
  const same = before.every((value, row) => Object.is(value, after[row]));
  return {
    name: "a saved model gives the same bits",
    outcome: same ? "holds" : "fails",
    detail: `${before.length} log-densities compared`,
  };
}
