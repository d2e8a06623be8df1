import { expect, test } from "vitest";
import type { StepState } from "../../../src/runtime/index.js";
import { boundTrainer } from "../../support/trainers.js";

const text = `model M {
  size D, L = 1
  net enc(Vector[D]) -> (Vector[L], Vector[L]) = batchnorm() |> dense(4, tanh)
  net dec(Vector[L]) -> Vector[D] = dense(4, tanh) |> batchnorm()
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] ~ Normal(dec(z), 1) }
  guide { let (m, s) = enc(x)  z ~ Normal(m, sd: softplus(s)) }
  learn elbo { batch: 50, rate: 0.01 }
}`;

const rows = 100;
/** A column with mean 3 and variance 4, and one with mean -1 and variance 0.25. */
const x = {
  shape: [rows, 2],
  data: Float64Array.from({ length: 2 * rows }, (_, i) => {
    const sign = Math.floor(i / 2) % 2 === 0 ? 1 : -1;
    return i % 2 === 0 ? 3 + 2 * sign : -1 - 0.5 * sign;
  }),
};

test("averages of the batches' statistics come to those of the data, and are saved", async () => {
  const model = await boundTrainer(text);
  const result = await model.fit({ x }, { epochs: 60, seed: 1 });
  const of = (name: string): readonly number[] => [...model.parameters[name]!.data];
  // After 120 steps 0.9^120 = 3e-6 of the start is left; batches of 50 rows differ a little from the data.
  // The network reads the columns in units of their own, which are parameters as well.
  const [own, unit] = [of("enc.x.mean"), of("enc.x.deviation")];
  const mean = of("enc.0.mean").map((value, i) => own[i]! + unit[i]! * value);
  const variance = of("enc.0.variance").map((value, i) => unit[i]! ** 2 * value);
  expect(mean[0]).toBeCloseTo(3, 0);
  expect(mean[1]).toBeCloseTo(-1, 0);
  expect(Math.abs(variance[0]! - 4)).toBeLessThan(0.4);
  expect(Math.abs(variance[1]! - 0.25)).toBeLessThan(0.03);
  // Statistics are not counted as learned: 2 + 2 of batchnorm, 8 + 4, 4 + 1 and 4 + 1; 4 + 4, 4 + 4, 8 + 2.
  expect(result.degreesOfFreedom).toBe(4 + 12 + 10 + 8 + 8 + 10);
});

test("a fit that goes on from a checkpoint carries the averages on, bit for bit", async () => {
  const whole = await boundTrainer(text);
  await whole.fit({ x }, { epochs: 6, seed: 3, checkpointEvery: 5 });
  const part = await boundTrainer(text);
  let state: StepState | undefined;
  for await (const event of part.fit({ x }, { epochs: 6, seed: 3, checkpointEvery: 5 }))
    if (event.kind === "checkpoint" && (event.state as StepState).step === 5) state = event.state as StepState;
  const resumed = await boundTrainer(text);
  await resumed.fit(
    { x },
    { epochs: 6, seed: 3, checkpointEvery: 5, resume: JSON.parse(JSON.stringify(state)) as StepState },
  );
  for (const [name, { data }] of Object.entries(whole.parameters))
    expect([...resumed.parameters[name]!.data], name).toEqual([...data]);
});
