import { beforeAll, describe, expect, it } from "vitest";
import { loadTrainer } from "../../src/compile/index.js";
import type { EmProgram } from "../../src/ir/program.js";
import { checkCalibration } from "../../src/verify/check-calibration.js";
import { checkEmitted, checkSaved } from "../../src/verify/check-emitted.js";
import { checkFit, checkFitOfData } from "../../src/verify/check-fit.js";
import { checkNormalisation } from "../../src/verify/check-normalisation.js";
import { checkOptimum } from "../../src/verify/check-optimum.js";
import type { CheckResult } from "../../src/verify/check-result.js";
import { checkRows } from "../../src/verify/check-rows.js";
import type { MakeTrainer, VerifiableTrainer } from "../../src/verify/verifiable-trainer.js";
import { programOf } from "../support/trainers.js";

/** Each check passes on a right trainer and fails on one with the fault that it is there for. */
const text = `model M {
  size K = 2
  param w: Simplex[K]
  param m[K]: Real
  param v[K]: Positive
  each n {
    latent z: Category[K] ~ Categorical(w)
    observe x: Real? ~ Normal(m[z], v[z])
  }
}
`;

let program: EmProgram;
let make: MakeTrainer;
beforeAll(async () => {
  program = programOf(text);
  const Model = await loadTrainer({ source: { name: "model.gen", text }, program });
  make = (sizes) => new Model(sizes) as unknown as VerifiableTrainer;
});

type Fault = (trainer: VerifiableTrainer) => Partial<VerifiableTrainer>;

/** Trainers with some methods replaced. */
const faulty =
  (fault: Fault): MakeTrainer =>
  (sizes) => {
    const trainer = make(sizes);
    const replaced = fault(trainer);
    return new Proxy(trainer, {
      get: (target, key) => {
        const value: unknown = Reflect.get(key in replaced ? replaced : target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };

const outcomes = (found: CheckResult | readonly CheckResult[]): readonly string[] =>
  [found].flat().map(({ outcome }) => outcome);

describe("a right trainer passes", () => {
  it("every check", async () => {
    const found = [
      await checkEmitted(program, make, 1),
      await checkNormalisation(program.model, make, 1),
      ...(await checkRows(program.model, make, 1)),
      await checkCalibration(program.model, make, 1),
      ...(await checkFit(program, make, 1)),
      await checkOptimum(program, make, 1),
      await checkSaved(program, make, 1),
    ];
    expect(found.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
  });
});

describe("a fault is found", () => {
  it("a density that is off by a constant: it sums to something else than one, and is not what was derived", async () => {
    const off = faulty((trainer) => ({
      logDensity: async (data) => (await trainer.logDensity(data)).map((value) => value + 0.001),
    }));
    expect(outcomes(await checkNormalisation(program.model, off, 1))).toEqual(["failed"]);
    expect(outcomes(await checkEmitted(program, off, 1))).toEqual(["failed"]);
    expect(outcomes(await checkRows(program.model, off, 1))).toEqual(["passed", "failed"]);
  });

  it("a density that depends on the row before", async () => {
    const off = faulty((trainer) => ({
      logDensity: async (data) => (await trainer.logDensity(data)).map((value, row) => value + 1e-6 * row),
    }));
    expect(outcomes(await checkRows(program.model, off, 1))[0]).toBe("failed");
  });

  it("posteriors of the wrong value", async () => {
    const off = faulty((trainer) => ({
      predict: async (data) => {
        const { probability } = await trainer.predict(data);
        const swapped = Object.entries(probability).map(([name, { shape, data: values }]) => [
          name,
          { shape, data: values.map((_, i) => values[i % 2 === 0 ? i + 1 : i - 1] ?? NaN) },
        ]);
        return { probability: Object.fromEntries(swapped) };
      },
    }));
    expect(outcomes(await checkCalibration(program.model, off, 1))).toEqual(["failed"]);
  });

  it("a fit that stops early ends below the truth and not at an optimum", async () => {
    const off = faulty((trainer) => ({
      fit: (data, options) => trainer.fit(data, { ...options, maxIterations: 1, restarts: 1, init: "random" }),
    }));
    expect(outcomes(await checkFit(program, off, 1))).toEqual(["passed", "failed"]);
    expect(outcomes(await checkOptimum(program, off, 1))).toEqual(["failed"]);
  });

  it("an objective that falls", async () => {
    const data = { x: { shape: [4], data: Float64Array.of(0, 1, 4, 5) } };
    const off = faulty((trainer) => ({
      fit: async (rows, options) => ({ ...(await trainer.fit(rows, options)), trace: [-3, -2, -2.5] }),
    }));
    expect(await checkFitOfData(off({ K: 1 }), data, 1)).toMatchObject({ outcome: "failed" });
    expect(await checkFitOfData(make({ K: 1 }), data, 1)).toMatchObject({ outcome: "passed" });
  });

  it("a saved model that comes back changed", async () => {
    const off = faulty((trainer) => ({
      restore: (bytes) => {
        trainer.restore(bytes);
        const values = Object.entries(trainer.parameters).map(([name, { data }]) => [name, Float64Array.from(data)]);
        const changed = Object.fromEntries(values) as Record<string, Float64Array>;
        trainer.setParameters({ ...changed, m: (changed["m"] ?? new Float64Array()).map((x) => x + 1e-9) });
      },
    }));
    expect(outcomes(await checkSaved(program, off, 1))).toEqual(["failed"]);
  });
});
