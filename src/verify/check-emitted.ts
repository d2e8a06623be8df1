import { interpretPlan } from "../ir/interpret-plan.js";
import type { EmProgram } from "../ir/program.js";
import type { CheckResult } from "./check-result.js";
import { drawProblem, tinySizes, trainerColumns } from "./random-problem.js";
import type { MakeTrainer } from "./verifiable-trainer.js";

const rows = 40;

/** The emitted trainer gives the log-densities that the slow interpreter of plans gives. */
export async function checkEmitted(
  program: EmProgram,
  makeTrainer: MakeTrainer,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): Promise<CheckResult> {
  const sizes = tinySizes(program.model, given);
  const problem = drawProblem(program.model, { sizes, rows, seed, missing: 0.3 });
  const trainer = makeTrainer(sizes);
  trainer.setParameters(problem.parameters);
  const emitted = await trainer.logDensity(trainerColumns(program.model, problem));
  trainer.dispose();
  const { logDensity } = interpretPlan(program.logDensity.incomplete ?? program.logDensity.complete, {
    sizes,
    rows,
    inputs: { parameter: problem.parameters, data: problem.data },
  });
  const worst = emitted.reduce((most, value, row) => {
    const expected = logDensity?.[row] ?? NaN;
    return Math.max(most, Math.abs(value - expected) / (1 + Math.abs(expected)));
  }, 0);
  return {
    name: "emitted code equals the interpreter",
    outcome: worst <= 1e-9 ? "passed" : "failed",
    detail: `log-densities of ${rows} rows: worst relative difference ${worst.toExponential(1)}`,
  };
}

/** A saved model gives the same bits again. */
export async function checkSaved(
  program: EmProgram,
  makeTrainer: MakeTrainer,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): Promise<CheckResult> {
  const sizes = tinySizes(program.model, given);
  const problem = drawProblem(program.model, { sizes, rows, seed, missing: 0.3 });
  const data = trainerColumns(program.model, problem);
  const trainer = makeTrainer(sizes);
  trainer.setParameters(problem.parameters);
  const again = makeTrainer(sizes);
  again.restore(await trainer.save());
  const [before, after] = [await trainer.logDensity(data), await again.logDensity(data)];
  trainer.dispose();
  again.dispose();
  const same = before.every((value, row) => Object.is(value, after[row]));
  return {
    name: "saved model gives the same bits",
    outcome: same ? "passed" : "failed",
    detail: `log-densities of ${rows} rows compared`,
  };
}
