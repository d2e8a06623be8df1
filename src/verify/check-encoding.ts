import { interpretPlan } from "../ir/interpret-plan.js";
import type { ElboProgram } from "../ir/program.js";
import type { CheckResult } from "./check-result.js";
import { stepProblem } from "./random-inputs.js";
import { trainerColumns } from "./random-problem.js";
import type { EncodingTrainer, MakeEncodingTrainer } from "./verifiable-trainer.js";

const rows = 20;

/** The emitted trainer encodes as the interpreter of plans does, and a saved one as it did before. */
export async function checkEncoding(
  program: ElboProgram,
  makeTrainer: MakeEncodingTrainer,
  seed: number,
  given: Readonly<Record<string, number>> = {},
): Promise<readonly CheckResult[]> {
  const problem = stepProblem(program.model, { rows, seed, given });
  const data = trainerColumns(program.model, problem);
  const trainer = makeTrainer(problem.sizes);
  trainer.setParameters(problem.parameters);
  const emitted = await trainer.encode(data);
  const again: EncodingTrainer = makeTrainer(problem.sizes);
  again.restore(await trainer.save());
  const restored = await again.encode(data);
  trainer.dispose();
  again.dispose();
  const expected = interpretPlan(program.encode, {
    sizes: problem.sizes,
    rows,
    inputs: { parameter: problem.parameters, data: problem.data },
  });
  let worst = 0;
  let isSame = true;
  for (const [name, { data: values }] of Object.entries(emitted)) {
    const own = expected[name] ?? new Float64Array(values.length).fill(NaN);
    const scale = own.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    values.forEach((value, i) => {
      const error = Math.abs(value - (own[i] ?? NaN)) / scale;
      if (!(error <= worst)) worst = error;
      isSame &&= Object.is(value, restored[name]?.data[i]);
    });
  }
  const latents = Object.keys(emitted).join(", ");
  return [
    {
      name: "emitted code equals the interpreter",
      outcome: worst <= 1e-4 ? "passed" : "failed",
      detail: `${latents} of ${rows} rows encoded, float32 or float64: worst relative difference ${worst.toExponential(1)}`,
    },
    {
      name: "saved model gives the same bits",
      outcome: isSame ? "passed" : "failed",
      detail: `${latents} of ${rows} rows compared`,
    },
  ];
}
