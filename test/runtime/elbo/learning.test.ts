import { expect, test } from "vitest";
import type { StepState } from "../../../src/runtime/index.js";
import { boundTrainer } from "../../support/trainers.js";

/** Standard normals by a linear congruential generator and Box and Muller. */
function normals(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Eigenvalues of a symmetric matrix by Jacobi's rotations. */
function eigenvalues(matrix: readonly (readonly number[])[]): readonly number[] {
  const a = matrix.map((row) => [...row]);
  const n = a.length;
  for (let sweep = 0; sweep < 50; sweep++)
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (Math.abs(a[p]![q]!) < 1e-15) continue;
        const theta = 0.5 * Math.atan2(2 * a[p]![q]!, a[q]![q]! - a[p]![p]!);
        const [c, s] = [Math.cos(theta), Math.sin(theta)];
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[k]![p]!, a[k]![q]!];
          [a[k]![p], a[k]![q]] = [c * x - s * y, s * x + c * y];
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[p]![k]!, a[q]![k]!];
          [a[p]![k], a[q]![k]] = [c * x - s * y, s * x + c * y];
        }
      }
  return a.map((row, i) => row[i]!).sort((x, y) => y - x);
}

test("a linear VAE reaches the likelihood of probabilistic principal components", async () => {
  const [rows, D] = [400, 3];
  const normal = normals(7);
  const weight = [1.5, -0.7, 0.4];
  const data = new Float64Array(rows * D);
  for (let n = 0; n < rows; n++) {
    const z = normal();
    for (let d = 0; d < D; d++) data[n * D + d] = 0.5 + weight[d]! * z + 0.4 * normal();
  }
  const mean = weight.map((_, d) => data.reduce((sum, x, i) => (i % D === d ? sum + x : sum), 0) / rows);
  const covariance = weight.map((_, i) =>
    weight.map((_, j) => {
      let sum = 0;
      for (let n = 0; n < rows; n++) sum += (data[n * D + i]! - mean[i]!) * (data[n * D + j]! - mean[j]!);
      return sum / rows;
    }),
  );
  // Maximum likelihood with one component: the noise is the mean of the other eigenvalues (Tipping and Bishop 1999).
  const [first, ...others] = eigenvalues(covariance);
  const noise = others.reduce((a, b) => a + b, 0) / others.length;
  const best = -0.5 * (D * Math.log(2 * Math.PI) + Math.log(first!) + (D - 1) * Math.log(noise) + D);
  const model = await boundTrainer(`model Linear {
  size D, L = 1
  param W: Matrix[D, L]
  param m: Vector[D]
  param v: Iso[D]
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] ~ Normal(W * z + m, v) }
  learn elbo { batch: 400, rate: 0.02 }
}`);
  const x = { shape: [rows, D], data };
  await model.fit({ x }, { epochs: 600, schedule: "linear" });
  const { meanLogLikelihood } = await model.score({ x }, { samples: 200 });
  // With one latent the guide holds the exact posterior: the bound is tight at the maximum.
  expect(meanLogLikelihood).toBeGreaterThan(best - 0.01);
  expect(meanLogLikelihood).toBeLessThan(best + 0.005);
  const { bound } = await model.evidenceLowerBound({ x });
  expect(Math.abs(bound - best)).toBeLessThan(0.06);
}, 30_000);

const bits = `model Bits {
  size D, L = 2
  net dec(Vector[L]) -> Vector[D] = dense(16, relu)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Binary[D]? ~ Bernoulli(logits: dec(z)) }
  learn elbo { batch: 32, rate: 5e-3 }
}`;

function bars(rows: number): { shape: number[]; data: Float64Array } {
  const data = new Float64Array(rows * 16);
  for (let n = 0; n < rows; n++)
    for (let i = 0; i < 16; i++) data[n * 16 + i] = i % 4 === n % 4 || (n % 7 === 0 && i < 4) ? 1 : 0;
  return { shape: [rows, 16], data };
}

test("a fit resumed from a checkpoint in an epoch ends with the same bits", async () => {
  const x = bars(200);
  const whole = await boundTrainer(bits);
  let state: StepState | undefined;
  const run = whole.fit({ x }, { epochs: 6, seed: 3, checkpointEvery: 17 });
  for await (const event of run) if (event.kind === "checkpoint" && event.state.step === 17) state = event.state;
  expect(state!.step % 7).not.toBe(0);
  const again = await boundTrainer(bits);
  const copy = JSON.parse(JSON.stringify(state)) as StepState;
  const resumed = await again.fit({ x }, { epochs: 6, resume: copy });
  const first = await run;
  expect(resumed.trace).toEqual(first.trace);
  for (const [name, { data }] of Object.entries(whole.parameters)) expect(again.parameters[name]!.data).toEqual(data);
});

test("learning raises the bound, more importance weights raise it further, missing entries are filled", async () => {
  const model = await boundTrainer(bits);
  const x = bars(256);
  const { trace } = await model.fit({ x }, { epochs: 30, seed: 1 });
  expect(trace.at(-1)!).toBeGreaterThan(trace[0]! + 256);
  const bounds: number[] = [];
  for (const samples of [1, 5, 50]) bounds.push((await model.score({ x }, { samples })).meanLogLikelihood);
  expect(bounds[1]!).toBeGreaterThan(bounds[0]!);
  expect(bounds[2]!).toBeGreaterThan(bounds[1]! - 0.01);
  const gaps = Float64Array.from(x.data, (value, i) => (i % 16 === 5 ? NaN : value));
  const { x: filled } = await model.impute({ x: { shape: x.shape, data: gaps } });
  let right = 0;
  for (let n = 0; n < 256; n++) if (Math.round(filled!.data[n * 16 + 5]!) === x.data[n * 16 + 5]) right++;
  expect(right / 256).toBeGreaterThan(0.9);
});

test("loops in float64 and kernels in float32 learn alike", async () => {
  const x = bars(96);
  const kernels = await boundTrainer(bits);
  const loops = await boundTrainer(bits);
  Object.defineProperty(loops, "networks", { value: { create: () => undefined, run: () => false, release: () => {} } });
  const a = await kernels.fit({ x }, { epochs: 3 });
  const b = await loops.fit({ x }, { epochs: 3 });
  a.trace.forEach((value, i) => expect(Math.abs(value - b.trace[i]!)).toBeLessThan(1e-3 * Math.abs(value)));
});

test("grey values are resampled by the seed, or refused", async () => {
  const model = await boundTrainer(bits);
  const grey = { shape: [40, 16], data: Float64Array.from({ length: 640 }, (_, i) => (i % 5) / 4) };
  await expect(model.fit({ x: grey }, { epochs: 1 })).rejects.toThrow(/x/);
  const once = await model.fit({ x: grey }, { epochs: 2, binarize: "resample", seed: 4 });
  const twice = await model.fit({ x: grey }, { epochs: 2, binarize: "resample", seed: 4 });
  const other = await model.fit({ x: grey }, { epochs: 2, binarize: "resample", seed: 5 });
  expect(twice.trace).toEqual(once.trace);
  expect(other.trace).not.toEqual(once.trace);
});

test("a saved model gives the same answers", async () => {
  const model = await boundTrainer(bits);
  const x = bars(64);
  await model.fit({ x }, { epochs: 2 });
  const again = await boundTrainer(bits);
  again.restore(await model.save());
  expect((await again.score({ x }, { samples: 3 })).perRow).toEqual((await model.score({ x }, { samples: 3 })).perRow);
});
