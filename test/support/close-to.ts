import { expect } from "vitest";
import type { Tensors } from "../../src/runtime/description.js";
import type { InterpretedProgram } from "./interpreted-program.js";

/** Every entry within `tolerance * (1 + |wanted|)`. */
export function closeTo(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, what: string): void {
  expect(got.length, what).toBe(want.length);
  for (let i = 0; i < want.length; i++)
    expect(Math.abs(got[i]! - want[i]!), `${what}[${i}]: ${got[i]} and ${want[i]}`).toBeLessThanOrEqual(
      tolerance * (1 + Math.abs(want[i]!)),
    );
}

/** Six steps of EM: log-likelihood and log prior never fall by more than rounding, 1e-9 for each row. */
export function neverFalls(run: InterpretedProgram, start: Tensors, rows: number): void {
  let parameters = start;
  let before = -Infinity;
  for (let iteration = 0; iteration < 6; iteration++) {
    const statistics = run.eStep(parameters);
    const objective = statistics["logLikelihood"]![0]! + run.logPrior(parameters);
    // Without a ridge a spread may collapse: the likelihood has no maximum then.
    if (!Number.isFinite(objective)) break;
    const scale = before === -Infinity ? 0 : Math.abs(before / rows);
    expect(objective).toBeGreaterThanOrEqual(before - 1e-9 * rows * (1 + scale));
    before = objective;
    parameters = run.mStep(statistics, parameters);
  }
}
