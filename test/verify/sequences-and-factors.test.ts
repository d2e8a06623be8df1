import { describe, expect, it } from "vitest";
import { loadTrainer } from "../../src/compile/index.js";
import { checkCalibration } from "../../src/verify/check-calibration.js";
import { checkEnumeration } from "../../src/verify/check-enumeration.js";
import type { CheckResult } from "../../src/verify/check-result.js";
import { sequenceChecks } from "../../src/verify/check-sequences.js";
import type { Columns, MakeTrainer, VerifiableTrainer } from "../../src/verify/verifiable-trainer.js";
import { programOf } from "../support/trainers.js";

async function setting(text: string) {
  const program = programOf(text);
  const Model = await loadTrainer({ source: { name: "model.gen", text }, program });
  const make: MakeTrainer = (sizes) => new Model(sizes) as unknown as VerifiableTrainer;
  return { program, make };
}

/** A trainer whose answers to `predict` are changed. */
const answering =
  (make: MakeTrainer, change: (answers: Record<string, unknown>) => object): MakeTrainer =>
  (sizes) => {
    const trainer = make(sizes);
    return new Proxy(trainer, {
      get(target, key) {
        if (key === "predict")
          return async (data: Columns) => change((await target.predict(data)) as unknown as Record<string, unknown>);
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };

const scaled = (table: unknown, by: number): object => {
  const { shape, data } = table as { shape: readonly number[]; data: Float64Array };
  return { shape, data: data.map((value) => by * value) };
};

const factors = `model Factors {
  size D = 2
  size L = 1
  size K = 2
  param w: Simplex[K]
  param W[K]: Matrix[D, L]
  param v: Diag[D]
  each n {
    latent  k: Category[K] ~ Categorical(w)
    latent  z: Vector[L] ~ Normal(0, 1)
    observe x: Vector[D]? ~ Normal(W[k] * z, v)
  }
}
`;

describe("Gaussian latents", () => {
  it("are integrated for the enumeration, which finds a density that is off", async () => {
    const { program } = await setting(factors);
    expect(checkEnumeration(program, 1).outcome).toBe("passed");
    const halved = {
      ...program,
      logDensity: (await setting(factors.replace("Normal(0, 1)", "Normal(0, 2)"))).program.logDensity,
    };
    expect(checkEnumeration(halved, 1).outcome).toBe("failed");
  });

  it("are calibrated in mean and variance", async () => {
    const { program, make } = await setting(factors);
    expect((await checkCalibration(program.model, make, 1)).outcome).toBe("passed");
    const sure = answering(make, (answers) => ({
      ...answers,
      covariance: { z: scaled((answers["covariance"] as Record<string, unknown>)["z"], 0.5) },
    }));
    expect((await checkCalibration(program.model, sure, 1)).outcome).toBe("failed");
    const shifted = answering(make, (answers) => ({ ...answers, z: scaled(answers["z"], 0.2) }));
    expect((await checkCalibration(program.model, shifted, 1)).outcome).toBe("failed");
  });
});

describe("sequences", () => {
  it("pass every check, and a wrong posterior fails its own", async () => {
    const { program, make } = await setting(`model Level {
  param q: Positive
  param r: Positive
  each s {
    chain t {
      latent x: Real ~ Normal(x[t-1], q) init Normal(0, 4)
      observe y: Real? ~ Normal(x, r)
    }
  }
}
`);
    const run = async (trainers: MakeTrainer, count?: number): Promise<readonly string[]> => {
      const found: CheckResult[] = [];
      for (const check of sequenceChecks(program, trainers, 1).slice(0, count)) found.push(...[await check()].flat());
      return found.map(({ outcome }) => outcome);
    };
    expect(new Set(await run(make))).toEqual(new Set(["passed"]));
    const sure = answering(make, (answers) => ({
      ...answers,
      covariance: { x: scaled((answers["covariance"] as Record<string, unknown>)["x"], 0.4) },
    }));
    expect(await run(sure, 1)).toEqual(["failed"]);
  });
});
