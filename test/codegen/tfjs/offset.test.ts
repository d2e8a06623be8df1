import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { deriveProgram } from "../../../src/compile/index.js";
import { mulberry32 } from "../../oracles/random-world.js";
import { modelOf } from "../../support/random-models.js";
import { emittedTrainer } from "../emitted-trainer.js";

/** Float32 has 7 digits: without centring, data near 1e6 would keep one digit of its variance. */
const offset = 1e6;

const models = {
  "full covariances": `model M { size K = 2, D = 2
    param w: Simplex[K]
    param mean[K]: Vector[D]
    param shape[K]: Cov[D]
    each n {
      latent z: Category[K] ~ Categorical(w)
      observe x: Vector[D] ~ Normal(mean[z], shape[z])
    } }`,
  "missing entries": `model M { size K = 2, D = 2
    param w: Simplex[K]
    param mean[K]: Vector[D]
    param shape[K]: Diag[D]
    each n {
      latent z: Category[K] ~ Categorical(w)
      observe x: Vector[D]? ~ Normal(mean[z], shape[z])
    } }`,
  "a regression": `model M { size K = 2, D = 2
    param w: Simplex[K]
    param mean[K]: Real
    param slope[K]: Vector[D]
    param shape[K]: Positive
    each n {
      given u: Vector[D]
      latent z: Category[K] ~ Categorical(w)
      observe x: Real ~ Normal(mean[z] + dot(slope[z], u), shape[z])
    } }`,
} as const;

const K = 2;
const D = 2;
const rows = 300;

describe.each(Object.entries(models))("%s", (name, text) => {
  beforeAll(async () => {
    await tf.setBackend("cpu");
  });

  test("float32 agrees with float64 on data near 1e6", async () => {
    const uniform = mulberry32(7);
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    const isRegression = name === "a regression";
    const width = isRegression ? 1 : D;
    const data: Record<string, Float64Array> = {
      x: Float64Array.from({ length: rows * width }, (_, i) =>
        name === "missing entries" && i % 7 === 3 ? NaN : offset + 3 * (i % 2) + normal(),
      ),
      ...(isRegression ? { u: Float64Array.from({ length: rows * D }, () => normal()) } : {}),
    };
    const parameters: Record<string, Float64Array> = {
      w: Float64Array.of(0.4, 0.6),
      mean: Float64Array.from({ length: K * width }, (_, i) => offset + 2 * (i % 2) + 0.3),
      slope: Float64Array.of(0.2, -0.1, 0.4, 0.3),
      shape: {
        "full covariances": Float64Array.of(1, 0.2, 0.2, 2, 1.5, -0.3, -0.3, 1),
        "missing entries": Float64Array.of(1, 2, 1.5, 1),
        "a regression": Float64Array.of(1, 2),
      }[name] as Float64Array,
    };
    const program = deriveProgram(modelOf(text));
    const block = { rows, firstRow: 0, data, tables: {}, complete: name !== "missing entries" };
    const results: Record<string, Float64Array>[] = [];
    for (const engine of ["kernel", "tfjs"] as const) {
      const trainer = emittedTrainer(program, {}, engine, text);
      const into: Record<string, Float64Array> = {
        logLikelihood: new Float64Array(1),
        ...Object.fromEntries(
          trainer.description.statistics.map(({ name: statistic, shape }) => [
            statistic,
            new Float64Array(
              shape.reduce<number>(
                (length, extent) =>
                  length * (extent === "K" || extent === "D" ? 2 : typeof extent === "number" ? extent : 3),
                1,
              ),
            ),
          ]),
        ),
      };
      await trainer.eStep({ K, D }, parameters, block, into);
      results.push(into);
    }
    const [exact, found] = results;
    for (const statistic of Object.keys(exact)) {
      exact[statistic].forEach((value, i) => {
        expect(Math.abs(found[statistic][i] - value), `${statistic}[${i}]`).toBeLessThanOrEqual(
          1e-4 * (1 + Math.abs(value)),
        );
      });
    }
  });
});
