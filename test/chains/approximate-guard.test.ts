import { describe, expect, test } from "vitest";
import type { LoadedTrainer } from "../../src/compile/index.js";
import { switchingProblem } from "../support/switching-data.js";
import { trainerOf } from "../support/trainers.js";

/** The collapsed likelihood never falls, whatever its E-step says: here one that is wrong on purpose. */

const text = `model Jumps {
  size K = 2
  param initial: Simplex[K]
  param transition[K]: Simplex[K]
  param A[K]: Matrix[2, 2]
  param Q[K]: Diag[2]
  param R: Diag[2]
  each s { chain t {
    latent k: Category[K] ~ Categorical(transition[k[t-1]]) init Categorical(initial)
    latent x: Vector[2] ~ Normal(A[k] * x[t-1], Q[k]) init Normal(0, 1)
    observe y: Vector[2] ~ Normal(x, R)
  } }
  learn em { approx: collapse(2) }
}`;

const { sequences, start } = switchingProblem(3, 2, 3, 20);
const init = {
  initial: start.initial,
  transition: start.transition,
  A: start.A,
  Q: start.Q.map((M) => [M[0]![0]!, M[1]![1]!]),
  R: [0.4, 0.4],
};

async function fitted(distort: (call: number, scatter: Float64Array) => void) {
  const trainer: LoadedTrainer = new (await trainerOf(text))({});
  const honest = trainer.eStep.bind(trainer);
  const density = trainer.logDensityOf.bind(trainer);
  let [calls, densities] = [0, 0];
  trainer.logDensityOf = (sizes, parameters, block, into) => {
    densities++;
    return density(sizes, parameters, block, into);
  };
  trainer.eStep = async (sizes, parameters, block, into) => {
    await honest(sizes, parameters, block, into);
    const scatter = into["A_Q.scatter"];
    if (scatter === undefined) throw new Error(`no such statistic: ${Object.keys(into).join(", ")}`);
    distort(calls++, scatter);
  };
  const s = sequences.flatMap((y, i) => y.map(() => i));
  const options = { init: init as never, maxIterations: 8, tolerance: 0, ridge: 0, accelerate: false };
  return { result: await trainer.fit({ y: sequences.flat(), s } as never, options), calls, densities };
}

function expectRising(trace: readonly number[]): void {
  trace.slice(1).forEach((value, i) => expect(value, `iteration ${i + 2}`).toBeGreaterThanOrEqual(trace[i]! - 1e-6));
}

describe("an E-step that is wrong", () => {
  test("once, and not by much: part of the way is gone instead", async () => {
    const honest = await fitted(() => undefined);
    const { result, calls, densities } = await fitted((call, scatter) => {
      if (call === 3) scatter.forEach((value, i) => (scatter[i] = 4 * value));
    });
    expectRising(result.trace);
    expect(result.warnings.filter(({ code }) => code === "GEN5007")).toEqual([]);
    expect(calls).toBeGreaterThan(honest.calls);
    expect(densities).toBe(0);
    expect(result.logLikelihood).toBeGreaterThan(honest.result.logLikelihood - 1);
  });

  test("always: the likelihood itself is climbed", async () => {
    const honest = await fitted(() => undefined);
    const { result, calls, densities } = await fitted((_, scatter) =>
      scatter.forEach((value, i) => (scatter[i] = 8 * value)),
    );
    expectRising(result.trace);
    // Every iteration tries several updates.
    expect(calls).toBeGreaterThan(result.iterations + 1);
    expect(densities).toBeGreaterThan(0);
    expect(result.logLikelihood).toBeGreaterThan(honest.result.logLikelihood - 0.5);
  });
});
