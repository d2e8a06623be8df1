import { expect, test } from "vitest";
import { compileSource, loadTrainer, type LoadedAdversarialTrainer } from "../../../src/compile/index.js";
import { meanDiscrepancy } from "../../../src/runtime/adversarial/mean-discrepancy.js";
import type { AdversarialState } from "../../../src/runtime/index.js";

const text = `model Shift {
  size D = 2, L = 2
  net generator(Vector[L]) -> Vector[D] = dense(16, relu)
  net judge(Vector[D]) -> Real = dense(32, lrelu)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] = generator(z) }
  critic judge(x)
  learn adversarial { loss: wasserstein, gp: 1, critic_steps: 3, rate: 1e-2, batch: 64, ema: 0.98 }
}`;

async function trainer(): Promise<LoadedAdversarialTrainer> {
  const source = { name: "model.gen", text };
  const { program } = compileSource(source);
  if (program?.algorithm !== "adversarial") throw new Error("no game");
  const Model = await loadTrainer({ source, program });
  return new Model({}) as LoadedAdversarialTrainer;
}

/** Points about (2, -1). */
function cloud(rows: number, seed = 9): { shape: number[]; data: Float64Array } {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const data = Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? 2 : -1) + 0.5 * normal());
  return { shape: [rows, 2], data };
}

test("the generator moves its draws onto the data", async () => {
  const model = await trainer();
  const { discrepancy } = await model.fit({ x: cloud(1024) }, { steps: 800 });
  expect(discrepancy).toBeLessThan(0.04);
  const { x } = await model.sample(2000, { seed: 5 });
  const mean = [0, 1].map((d) => x!.data.reduce((sum, value, i) => (i % 2 === d ? sum + value : sum), 0) / 2000);
  expect(Math.abs(mean[0]! - 2)).toBeLessThan(0.2);
  expect(Math.abs(mean[1]! + 1)).toBeLessThan(0.2);
});

test("a resumed game ends with the same bits", async () => {
  const x = cloud(300);
  const whole = await trainer();
  let state: AdversarialState | undefined;
  const run = whole.fit({ x }, { steps: 20, seed: 2, checkpointEvery: 7 });
  for await (const event of run) if (event.kind === "checkpoint" && event.state.step === 7) state = event.state;
  const again = await trainer();
  await again.fit({ x }, { steps: 20, resume: JSON.parse(JSON.stringify(state)) as AdversarialState });
  await run;
  for (const [name, { data }] of Object.entries(whole.parameters)) expect(again.parameters[name]!.data).toEqual(data);
});

test("the discrepancy of two samples is its definition, and near 0 for equal distributions", () => {
  const x = { data: [0, 1, 3], width: 1, count: 3 };
  const y = { data: [2, 5, 4], width: 1, count: 3 };
  const points = [0, 1, 3, 2, 5, 4];
  const squares = points.flatMap((a, i) => points.slice(0, i).map((b) => (a - b) ** 2)).sort((a, b) => a - b);
  const median = squares[Math.floor(squares.length / 2)]!;
  const k = (a: number, b: number): number => Math.exp(-((a - b) ** 2) / median);
  const within = (s: readonly number[]): number =>
    s.flatMap((a, i) => s.filter((_, j) => j !== i).map((b) => k(a, b))).reduce((a, b) => a + b, 0) / 6;
  const between = x.data.flatMap((a) => y.data.map((b) => k(a, b))).reduce((a, b) => a + b, 0) / 9;
  expect(meanDiscrepancy(x, y)).toBeCloseTo(within(x.data) + within(y.data) - 2 * between, 12);
  const [a, b] = [cloud(256, 1), cloud(256, 2)];
  const rows = (c: typeof a): { data: Float64Array; width: number; count: number } => ({
    data: c.data,
    width: 2,
    count: 256,
  });
  expect(Math.abs(meanDiscrepancy(rows(a), rows(b)))).toBeLessThan(0.01);
});
