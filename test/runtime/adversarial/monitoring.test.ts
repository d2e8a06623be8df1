import { expect, test } from "vitest";
import { compileSource, loadTrainer, type LoadedAdversarialTrainer } from "../../../src/compile/index.js";
import type { AdversarialState, FitEvent } from "../../../src/runtime/index.js";

const game = (options: string, activation = "lrelu"): string => `model Game {
  size D = 2, L = 2
  net generator(Vector[L]) -> Vector[D] = dense(16, relu)
  net judge(Vector[D]) -> Real = dense(16, ${activation})
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] = generator(z) }
  critic judge(x)
  learn adversarial { ${options}, rate: 1e-2, batch: 64 }
}`;

async function trainer(text: string): Promise<LoadedAdversarialTrainer> {
  const source = { name: "model.gen", text };
  const { program } = compileSource(source);
  if (program?.algorithm !== "adversarial") throw new Error("no game");
  return new (await loadTrainer({ source, program }))({}) as LoadedAdversarialTrainer;
}

/** Points about four corners. */
function corners(rows: number, seed = 3): { shape: number[]; data: Float64Array } {
  let state = seed;
  const uniform = (): number => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) + 0.5) / 2 ** 32;
  const data = new Float64Array(2 * rows);
  for (let i = 0; i < rows; i++) {
    const corner = Math.floor(4 * uniform());
    data[2 * i] = (corner % 2 === 0 ? -3 : 3) + uniform();
    data[2 * i + 1] = (corner < 2 ? -3 : 3) + uniform();
  }
  return { shape: [rows, 2], data };
}

const generator = ["generator.0.weight", "generator.0.bias", "generator.1.weight", "generator.1.bias"];
const codes = ({ warnings }: { readonly warnings: readonly { readonly code: string }[] }): string[] =>
  warnings.map(({ code }) => code);

test("draws that are all one point are called collapsed, with what to try", async () => {
  const model = await trainer(game("loss: wasserstein, gp: 1"));
  const init = { "generator.1.weight": { shape: [16, 2], data: new Float64Array(32) } };
  const result = await model.fit({ x: corners(300) }, { steps: 20, fix: generator, init });
  expect(codes(result)).toEqual(["GEN5020"]);
  expect(result.quality.spread).toBe(0);
  expect(result.warnings[0].message).toMatch(/1 of 25 groups.*critic_steps/);
});

test("a critic whose units are all off is called dead", async () => {
  const model = await trainer(game("loss: hinge", "relu"));
  const init = { "judge.0.bias": { shape: [16], data: new Float64Array(16).fill(-1e3) } };
  const result = await model.fit({ x: corners(300) }, { steps: 20, init });
  expect(result.criticGap).toBe(0);
  expect(codes(result)).toContain("GEN5021");
  expect(codes(result)).not.toContain("GEN5022");
});

test.each(["nonsaturating", "hinge", "lsgan"])("%s: a critic that is sure of all draws is told", async (loss) => {
  const model = await trainer(game(`loss: ${loss}`));
  const init = { "generator.1.bias": { shape: [2], data: Float64Array.of(30, 30) } };
  const result = await model.fit({ x: corners(300) }, { steps: 1200, fix: generator, init });
  expect(codes(result)).toContain("GEN5022");
});

test("a game that goes well has no warning, covers the groups, and compares with rows held out", async () => {
  const model = await trainer(game("loss: wasserstein, gp: 0.1, critic_steps: 3, ema: 0.98"));
  const events: FitEvent<unknown, unknown, AdversarialState>[] = [];
  const run = model.fit({ x: corners(1200) }, { steps: 500, holdout: 0.2, comparisons: 4 });
  for await (const event of run) events.push(event);
  const result = await run;
  expect(codes(result)).toEqual([]);
  expect(result.rows).toBe(960);
  expect(result.quality).toMatchObject({ against: "held out", rows: 240, groups: 25 });
  expect(result.quality.covered).toBeGreaterThan(15);
  // The best of the comparisons is kept, and its figures are those told of it.
  const least = Math.min(...result.comparisons.map(({ discrepancy }) => discrepancy));
  const kept = result.comparisons.find(({ epoch }) => epoch === result.keptEpoch);
  expect(kept?.discrepancy).toBe(least);
  expect(result.discrepancy).toBe(least);
  const told = events.flatMap((event) => (event.kind === "iteration" && event.quality ? [event.quality] : []));
  expect(told.length).toBe(result.comparisons.length - 1);
  expect(result.comparisons.length).toBeLessThanOrEqual(5);
});

test("a game that is resumed compares, keeps and warns as one that was not interrupted", async () => {
  const x = corners(300);
  const text = game("loss: hinge, spectral: 1, ema: 0.9");
  const options = { steps: 60, seed: 4, holdout: 0.2, comparisons: 6 };
  const whole = await trainer(text);
  let state: AdversarialState | undefined;
  const run = whole.fit({ x }, { ...options, checkpointEvery: 35 });
  for await (const event of run) if (event.kind === "checkpoint" && event.state.step === 35) state = event.state;
  const expected = await run;
  const again = await trainer(text);
  const found = await again.fit({ x }, { ...options, resume: JSON.parse(JSON.stringify(state)) as AdversarialState });
  expect(found.comparisons).toEqual(expected.comparisons);
  expect(found.keptEpoch).toBe(expected.keptEpoch);
  expect(found.warnings).toEqual(expected.warnings);
  for (const [name, { data }] of Object.entries(whole.parameters)) expect(again.parameters[name]!.data).toEqual(data);
  expect(Object.keys(whole.parameters)).toContain("judge.0.direction");
});
