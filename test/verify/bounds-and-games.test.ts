import { describe, expect, test } from "vitest";
import { loadTrainer } from "../../src/compile/index.js";
import type { PlanFunction } from "../../src/ir/plan.js";
import type { ElboProgram } from "../../src/ir/program.js";
import { checkEncoding } from "../../src/verify/check-encoding.js";
import { checkImportanceWeights } from "../../src/verify/check-importance.js";
import { checkBoundSlopes, checkGameSlopes } from "../../src/verify/check-slopes.js";
import type { CheckResult } from "../../src/verify/check-result.js";
import type { EncodingTrainer, MakeEncodingTrainer } from "../../src/verify/verifiable-trainer.js";
import { boundModels, boundProgramOf } from "../support/bound-programs.js";
import { gameOf, gameText } from "../support/games.js";

const outcomes = (found: CheckResult | readonly CheckResult[]): readonly string[] =>
  [found].flat().map(({ outcome }) => outcome);

/** Each check passes on a right program and fails on one with the fault that it is there for. */
const text = (variance: number): string => `model M {
  size D, L
  net dec(Vector[L]) -> Vector[D] = dense(4, tanh)
  each n {
    latent z: Vector[L] ~ Normal(0, ${variance})
    observe x: Binary[D] ~ Bernoulli(logits: dec(z))
  }
}`;

/** The function with an output made by what makes another. */
function swapped(fn: PlanFunction, name: string, by: string): PlanFunction {
  const other = fn.outputs.find((output) => output.name === by)!;
  return { ...fn, outputs: fn.outputs.map((output) => (output.name === name ? { ...other, name } : output)) };
}

async function maker(program: ElboProgram): Promise<MakeEncodingTrainer> {
  const Model = await loadTrainer({ source: { name: "model.gen", text: text(1) }, program });
  return (sizes) => new Model(sizes) as unknown as EncodingTrainer;
}

describe("a bound", () => {
  const program = boundProgramOf(text(1));

  test("passes every check, the likelihood by a grid among them", async () => {
    expect(outcomes(checkBoundSlopes(program, 1))).toEqual(["passed"]);
    expect(outcomes(checkImportanceWeights(program, 1))).toEqual(["passed", "passed"]);
    expect(outcomes(await checkEncoding(program, await maker(program), 1))).toEqual(["passed", "passed"]);
  });

  test("whose derivative is that of something else is found", () => {
    expect(outcomes(checkBoundSlopes({ ...program, step: swapped(program.step, "objective", "bound") }, 1))).toEqual([
      "failed",
    ]);
  });

  test("whose importance weights, or which itself, is of another model is found", () => {
    const { logWeight } = boundProgramOf(text(1).replace("Normal(0, 1)", "Normal(0, 20)"));
    expect(outcomes(checkImportanceWeights({ ...program, logWeight }, 1))).toContain("failed");
    // A bound without its divergence.
    const bound: PlanFunction = swapped(program.bound, "bound", "divergence");
    expect(outcomes(checkImportanceWeights({ ...program, bound }, 1))).toContain("failed");
  });

  test("that a trainer encodes otherwise, and another way each time, is found", async () => {
    const make = await maker(program);
    let calls = 0;
    const other: MakeEncodingTrainer = (sizes) => {
      const trainer = make(sizes);
      const encode: EncodingTrainer["encode"] = async (data) => {
        const found = await trainer.encode(data);
        const shift = 0.01 * ++calls;
        return Object.fromEntries(
          Object.entries(found).map(([name, { data: values }]) => [name, { data: values.map((v) => v + shift) }]),
        );
      };
      return {
        setParameters: (values) => trainer.setParameters(values),
        encode,
        save: () => trainer.save(),
        restore: (bytes) => trainer.restore(bytes),
        dispose: () => trainer.dispose(),
      };
    };
    expect(outcomes(await checkEncoding(program, other, 1))).toEqual(["failed", "failed"]);
  });
});

test.each(boundModels.map((model) => [model.name, model.text] as const))("%s passes", (_, written) => {
  const program = boundProgramOf(written);
  const found = [checkBoundSlopes(program, 2), ...checkImportanceWeights(program, 2)];
  expect(found.filter(({ outcome }) => outcome === "failed")).toEqual([]);
});

describe("a game", () => {
  test.each(["loss: hinge", "loss: wasserstein, gp: 10", "loss: nonsaturating, r1: 2"])("%s passes", (options) => {
    expect(outcomes(checkGameSlopes(gameOf(gameText(options)), 1))).toEqual(["passed", "passed"]);
  });

  test("whose critic climbs something else than its objective is found", () => {
    const program = gameOf(gameText("loss: wasserstein, gp: 10"));
    const criticStep = swapped(program.criticStep, "objective", "penalty");
    expect(outcomes(checkGameSlopes({ ...program, criticStep }, 1))).toEqual(["failed", "passed"]);
  });
});
