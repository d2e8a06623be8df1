import { describe, expect, test } from "vitest";
import { compileSource, loadTrainer, type LoadedChainElboTrainer } from "../../../../src/compile/index.js";
import type { LoadedElboTrainer } from "../../../../src/compile/index.js";
import type { StepState } from "../../../../src/runtime/index.js";
import { uniforms } from "../../../support/chain-bound-programs.js";

async function trainer(text: string): Promise<LoadedChainElboTrainer> {
  const source = { name: "model.gen", text };
  const { program, diagnostics } = compileSource(source);
  if (program?.algorithm !== "chainElbo") throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const Model = await loadTrainer({ source, program });
  return new Model({}) as LoadedChainElboTrainer;
}

function normals(seed: number): () => number {
  const uniform = uniforms(seed);
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Sequences of a random walk that is pulled back to 0, seen with noise. */
function walks(count: number, longest: number, seed: number): { s: number[]; y: Float64Array; starts: number[] } {
  const normal = normals(seed);
  const s: number[] = [];
  const y: number[] = [];
  const starts = [0];
  for (let sequence = 0; sequence < count; sequence++) {
    let z = normal();
    const length = longest - (sequence % 4);
    for (let t = 0; t < length; t++) {
      if (t > 0) z = 0.9 * z + 0.5 * normal();
      s.push(sequence);
      y.push(z + 0.4 * normal());
    }
    starts.push(y.length);
  }
  return { s, y: Float64Array.from(y), starts };
}

/** log p(y) of z_0 ~ N(0, 1), z_t ~ N(a z_t-1, q), y_t ~ N(c z_t, r), by the predictions of the Kalman filter. */
function kalman(
  y: Float64Array,
  starts: readonly number[],
  { a, q, c, r }: Readonly<Record<"a" | "q" | "c" | "r", number>>,
): number {
  let total = 0;
  for (let sequence = 0; sequence + 1 < starts.length; sequence++) {
    let [mean, variance] = [0, 1];
    for (let at = starts[sequence]!; at < starts[sequence + 1]!; at++) {
      if (at > starts[sequence]!) [mean, variance] = [a * mean, a * a * variance + q];
      const spread = c * c * variance + r;
      const error = y[at]! - c * mean;
      total -= 0.5 * (Math.log(2 * Math.PI * spread) + (error * error) / spread);
      const gain = (variance * c) / spread;
      [mean, variance] = [mean + gain * error, variance * (1 - gain * c)];
    }
  }
  return total;
}

const linear = `model Walk {
  size H = 8
  net look(Seq[Real]) -> Seq[Vector[H]] = gru(H, backward: 1)
  net join(Real, Vector[H]) -> (Real, Real) = dense(8, tanh)
  net first(Vector[H]) -> (Real, Real) = dense(8, tanh)
  param a: Real
  param q: Positive
  param c: Real
  param r: Positive
  each s {
    chain t {
      latent  z: Real ~ Normal(a * z[t-1], q) init Normal(0, 1)
      observe y: Real ~ Normal(c * z, r)
    }
  }
  guide {
    let h = look(y[*])
    chain t {
      let (m, v) = join(z[t-1], h)
      let (m0, v0) = first(h)
      z ~ Normal(m, sd: softplus(v)) init Normal(m0, sd: softplus(v0))
    }
  }
  learn elbo { batch: 20, rate: 1e-2 }
}`;

describe("a linear Gaussian chain", () => {
  test("the bound comes near the likelihood of the Kalman filter, and stays below it", async () => {
    const { s, y, starts } = walks(60, 10, 3);
    const model = await trainer(linear);
    await model.fit({ s, y }, { epochs: 250, learningRate: 0.02, schedule: "linear", seed: 2, init: { a: 0.5, c: 1 } });
    const value = (name: string): number => (model.parameters[name] as { data: Float64Array }).data[0]!;
    const exact = kalman(y, starts, { a: value("a"), q: value("q"), c: value("c"), r: value("r") }) / y.length;
    const { bound, divergence } = await model.evidenceLowerBound({ s, y });
    // One draw of each sequence: its standard error is about 0.005 here.
    expect(bound).toBeLessThan(exact + 0.015);
    expect(bound).toBeGreaterThan(exact - 0.04);
    expect(divergence).toBeGreaterThan(0);
    // What the data was made with is no better by more than a sample of this size tells.
    expect(exact).toBeGreaterThan(kalman(y, starts, { a: 0.9, q: 0.25, c: 1, r: 0.16 }) / y.length - 0.02);
    const { meanLogLikelihood, perRow, logLikelihood } = await model.score({ s, y }, { samples: 60 });
    expect(meanLogLikelihood).toBeGreaterThan(bound);
    expect(meanLogLikelihood).toBeLessThan(exact + 0.002);
    expect(meanLogLikelihood).toBeGreaterThan(exact - 0.005);
    expect(perRow.reduce((a, b) => a + b, 0)).toBeCloseTo(logLikelihood, 8);
  }, 60_000);
});

const recurrent = `model M {
  size D, L = 2, H = 4
  net step(Vector[L]) -> Vector[L] = dense(6, tanh)
  net emit(Vector[L]) -> Vector[D] = dense(6, tanh)
  net look(Seq[Vector[D]]) -> Seq[Vector[H]] = gru(H, backward: 1)
  net join(Vector[L], Vector[H]) -> (Vector[L], Vector[L]) = dense(6, tanh)
  net first(Vector[H]) -> (Vector[L], Vector[L]) = dense(6, tanh)
  param r: Diag[D]
  each s {
    chain t {
      latent  z: Vector[L]  ~ Normal(step(z[t-1]), 0.1) init Normal(0, 1)
      observe y: Vector[D]? ~ Normal(emit(z), r)
    }
  }
  guide {
    let h = look(y[*])
    chain t {
      let (m, v) = join(z[t-1], h)
      let (m0, v0) = first(h)
      z ~ Normal(m, sd: softplus(v)) init Normal(m0, sd: softplus(v0))
    }
  }
  learn elbo { batch: 7, rate: 5e-3 }
}`;

function curves(count: number, seed: number): { s: number[]; y: { shape: number[]; data: Float64Array } } {
  const normal = normals(seed);
  const s: number[] = [];
  const data: number[] = [];
  for (let sequence = 0; sequence < count; sequence++) {
    const phase = 3 * normal();
    for (let t = 0; t < 5 + (sequence % 6); t++) {
      s.push(sequence);
      data.push(Math.sin(phase + 0.5 * t) + 0.1 * normal(), Math.cos(phase + 0.5 * t) + 0.1 * normal());
      if ((sequence + t) % 7 === 0) data[data.length - 1] = NaN;
    }
  }
  return { s, y: { shape: [s.length, 2], data: Float64Array.from(data) } };
}

describe("a recurrent guide", () => {
  test("a fit resumed from a checkpoint in an epoch ends with the same bits", async () => {
    const data = curves(30, 4);
    const whole = await trainer(recurrent);
    let state: StepState | undefined;
    const run = whole.fit(data, { epochs: 4, seed: 3, checkpointEvery: 7 });
    for await (const event of run) if (event.kind === "checkpoint" && event.state.step === 7) state = event.state;
    expect(state!.step % 5).not.toBe(0);
    const again = await trainer(recurrent);
    const resumed = await again.fit(data, { epochs: 4, resume: JSON.parse(JSON.stringify(state)) as StepState });
    const first = await run;
    expect(resumed.trace).toEqual(first.trace);
    for (const [name, tensor] of Object.entries(whole.parameters))
      expect((again.parameters[name] as typeof tensor).data).toEqual(tensor.data);
  }, 30_000);

  test("learning raises the bound; latents, reconstructions and filled entries are those of the rows", async () => {
    const data = curves(40, 9);
    const model = await trainer(recurrent);
    const result = await model.fit(data, { epochs: 80, learningRate: 0.02, seed: 1, holdout: 0.2, patience: 0 });
    expect(result.trace.at(-1)!).toBeGreaterThan(result.trace[0]! + 0.5 * data.s.length);
    expect(result.holdout!.rows).toBeLessThan(data.s.length / 3);
    const { z } = await model.encode(data);
    expect(z!.shape).toEqual([data.s.length, 2]);
    const { y } = await model.reconstruct(data);
    const errors = y!.data.map((mean, i) => (Number.isNaN(data.y.data[i]!) ? 0 : (mean - data.y.data[i]!) ** 2));
    expect(errors.reduce((a, b) => a + b, 0) / errors.length).toBeLessThan(0.15);
    const filled = await model.impute(data);
    data.y.data.forEach((value, i) => {
      if (!Number.isNaN(value)) expect(filled["y"]!.data[i]).toBe(value);
      else expect(filled["y"]!.data[i]).toBe(y!.data[i]);
    });
    // Sequences are apart: the others do not matter, and neither does their order.
    const own = data.s.map((sequence, row) => ({ sequence, row })).filter(({ sequence }) => sequence === 11);
    const part = {
      s: own.map(() => 0),
      y: {
        shape: [own.length, 2],
        data: Float64Array.from(own.flatMap(({ row }) => [...data.y.data.subarray(2 * row, 2 * row + 2)])),
      },
    };
    const alone = await model.encode(part);
    own.forEach(({ row }, i) => expect(alone["z"]!.data[2 * i]).toBeCloseTo(z!.data[2 * row]!, 5));
  }, 60_000);
});

test("sequences of one step have the bound of the model without a chain", async () => {
  const networks = `
  size D, L = 2
  net emit(Vector[L]) -> Vector[D] = dense(5, tanh)
  net look(Vector[D]) -> (Vector[L], Vector[L]) = dense(5, tanh)
  param r: Diag[D]`;
  const chain = await trainer(
    `model Chain {${networks}
  each s {
    chain t {
      latent  z: Vector[L] ~ Normal(0.5 * z[t-1], 1) init Normal(0, 1)
      observe x: Vector[D] ~ Normal(emit(z), r)
    }
  }
  guide { let (m, v) = look(x)  chain t { z ~ Normal(m, sd: softplus(v)) } }
}`.replace("let (m, v) = look(x)  chain t {", "chain t { let (m, v) = look(x)"),
  );
  const text = `model Rows {${networks}
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] ~ Normal(emit(z), r) }
  guide { let (m, v) = look(x)  z ~ Normal(m, sd: softplus(v)) }
}`;
  const source = { name: "model.gen", text };
  const { program } = compileSource(source);
  if (program?.algorithm !== "elbo") throw new Error("no bound");
  const Rows = await loadTrainer({ source, program });
  const rows = new Rows({}) as LoadedElboTrainer;
  const normal = normals(1);
  const count = 300;
  const x = { shape: [count, 3], data: Float64Array.from({ length: 3 * count }, normal) };
  await rows.fit({ x }, { epochs: 40, learningRate: 0.02, seed: 1 });
  chain.setParameters(rows.parameters as never);
  const s = Array.from({ length: count }, (_, i) => i);
  const [found, expected] = [await chain.evidenceLowerBound({ s, x }), await rows.evidenceLowerBound({ x })];
  expect(found.divergence).toBeCloseTo(expected.divergence, 6);
  // Each has draws of its own.
  expect(Math.abs(found.bound - expected.bound)).toBeLessThan(0.05);
  const [weighted, weightedRows] = [await chain.score({ s, x }), await rows.score({ x })];
  expect(Math.abs(weighted.meanLogLikelihood - weightedRows.meanLogLikelihood)).toBeLessThan(0.02);
  const [one, other] = [await chain.encode({ s, x }), await rows.encode({ x })];
  one["z"]!.data.forEach((value, i) => expect(value).toBeCloseTo(other["z"]!.data[i]!, 5));
}, 30_000);
