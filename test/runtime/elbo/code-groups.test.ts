import { describe, expect, test } from "vitest";
import { codeGroupsOf } from "../../../src/inference/elbo/code-groups.js";
import { mixtureOfCodes } from "../../../src/runtime/elbo/code-mixture.js";
import type { StepState } from "../../../src/runtime/index.js";
import { modelOf } from "../../semantics/check-text.js";
import { boundTrainer } from "../../support/trainers.js";

const grouped = `model M {
  size D, K = 4, L = 2
  param weights: Simplex[K]
  param centre[K]: Vector[L]
  param spread[K]: Diag[L]
  net decoder(Vector[L]) -> Vector[D] = dense(24, tanh)
  each n {
    latent y: Category[K] ~ Categorical(weights)
    latent z: Vector[L] ~ Normal(centre[y], spread[y])
    observe x: Binary[D] ~ Bernoulli(logits: decoder(z))
  }
  learn elbo { batch: 32, rate: 5e-3 }
}`;

/** Uniform numbers by a linear congruential generator. */
function uniforms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Rows of 16 bits in four groups of patterns, a twentieth of the bits turned over. */
function patterns(rows: number): { x: { shape: number[]; data: Float64Array }; groups: number[] } {
  const uniform = uniforms(7);
  const groups = Array.from({ length: rows }, () => Math.floor(4 * uniform()));
  const data = Float64Array.from({ length: 16 * rows }, (_, i) => {
    const [group, bit] = [groups[Math.floor(i / 16)]!, i % 16];
    const on = Math.floor(bit / 4) === group || Math.floor(bit / 4) === (group + 1) % 4;
    return on === uniform() > 0.05 ? 1 : 0;
  });
  return { x: { shape: [rows, 16], data }, groups };
}

/** Share of rows whose group found is the one most frequent in their true group, each found group used once. */
function agreement(found: ArrayLike<number>, groups: readonly number[]): number {
  const counts = Array.from({ length: 4 }, () => new Array<number>(4).fill(0));
  groups.forEach((group, i) => counts[group]![found[i]!]!++);
  const used = counts.map((row) => row.indexOf(Math.max(...row)));
  if (new Set(used).size < 4) return 0;
  return counts.reduce((sum, row) => sum + Math.max(...row), 0) / groups.length;
}

describe("codes that fall into groups are found by structure", () => {
  const whole = { latent: "z", group: "y", mean: "centre", spread: { parameter: "spread", as: "variance" } };
  test.each([
    ["means and spreads of each group", grouped, [{ ...whole, weights: "weights" }]],
    [
      "one spread for all",
      grouped.replace("spread[K]: Diag[L]", "spread: Diag[L]").replace("spread[y]", "spread"),
      [{ ...whole, weights: "weights" }],
    ],
    [
      "standard deviations",
      grouped.replace("spread[K]: Diag[L]", "spread[K]: Positive").replace("spread[y])", "sd: spread[y])"),
      [{ ...whole, spread: { parameter: "spread", as: "deviation" }, weights: "weights" }],
    ],
    [
      "a spread that is known",
      grouped.replace("param spread[K]: Diag[L]", "").replace("spread[y])", "1)"),
      [{ latent: "z", group: "y", mean: "centre", weights: "weights" }],
    ],
    ["known means", grouped.replace("centre[K]: Vector[L]", "centre[K]: Vector[L] ~ Normal(0, 1)"), []],
    ["means read elsewhere", grouped.replace("decoder(z))", "decoder(z + centre[y]))"), []],
    ["means that are no cell of a table", grouped.replace("Normal(centre[y]", "Normal(2 * centre[y]"), []],
  ])("%s", (_, text, expected) => {
    expect(codeGroupsOf(modelOf(text), ["z"])).toEqual(expected);
  });
});

test("a mixture of points is found: weights, means and covariances", () => {
  const uniform = uniforms(3);
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const values: number[] = [];
  for (let i = 0; i < 4000; i++) {
    const [a, b] = [normal(), normal()];
    // 60%: around (10, 0), covariance [[4, 2], [2, 2]]; 40%: around (0, 0), identity.
    values.push(...(uniform() < 0.6 ? [10 + 2 * a, a + b] : [a, b]));
  }
  const { weights, means, covariances } = mixtureOfCodes({ width: 2, values: Float64Array.from(values) }, 2, 0);
  const large = weights[0]! > weights[1]! ? 0 : 1;
  expect(weights[large]!).toBeCloseTo(0.6, 1);
  expect(means[2 * large]!).toBeCloseTo(10, 0);
  expect(Math.abs(means[2 * large + 1]!)).toBeLessThan(0.15);
  [4, 2, 2, 2].forEach((expected, i) => expect(Math.abs(covariances[4 * large + i]! - expected)).toBeLessThan(0.3));
  [1, 0, 0, 1].forEach((expected, i) =>
    expect(Math.abs(covariances[4 * (1 - large) + i]! - expected)).toBeLessThan(0.15),
  );
});

test("groups begin at those of the codes, and all are found", async () => {
  const { x, groups } = patterns(400);
  const model = await boundTrainer(grouped);
  await model.fit({ x }, { epochs: 24, seed: 2 });
  const y = (await model.predict({ x }))["y"] as Int32Array;
  expect(agreement(y, groups)).toBeGreaterThan(0.95);
  const { y: probability } = await model.encode({ x });
  for (let row = 0; row < 400; row++)
    expect(probability!.data.subarray(4 * row, 4 * row + 4).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
});

test("interrupted before, at and after the beginning of the groups it ends with the same bits", async () => {
  const { x } = patterns(100);
  const whole = await boundTrainer(grouped);
  // 4 steps in an epoch; the groups begin after 3 epochs.
  const options = { epochs: 6, seed: 1, checkpointEvery: 1 };
  const states = new Map<number, StepState>();
  const run = whole.fit({ x }, options);
  for await (const event of run) if (event.kind === "checkpoint") states.set(event.state.step, event.state);
  const first = await run;
  for (const step of [7, 12, 13, 22]) {
    const again = await boundTrainer(grouped);
    const resume = JSON.parse(JSON.stringify(states.get(step))) as StepState;
    const resumed = await again.fit({ x }, { ...options, resume });
    expect(resumed.trace).toEqual(first.trace);
    for (const [name, { data }] of Object.entries(whole.parameters)) expect(again.parameters[name]!.data).toEqual(data);
  }
  expect(states.get(12)!.pretrainSteps).toBe(12);
});

test("until then groups are alike; what is given a start begins there at once", async () => {
  const { x } = patterns(64);
  const parametersAfter = async (options: object): Promise<Float64Array> => {
    const model = await boundTrainer(grouped);
    let state: StepState | undefined;
    const run = model.fit({ x }, { epochs: 4, seed: 1, checkpointEvery: 1, ...options });
    for await (const event of run) if (event.kind === "checkpoint" && event.state.step === 2) state = event.state;
    await run;
    const stopped = await boundTrainer(grouped);
    await stopped.fit({ x }, { epochs: 1, seed: 1, resume: state!, ...options });
    return stopped.parameters["centre"]!.data;
  };
  expect([...(await parametersAfter({}))].every((value) => value === 0)).toBe(true);
  expect([...(await parametersAfter({ pretrain: 0 }))].some((value) => value !== 0)).toBe(true);
  const centre = [
    [1, 0],
    [0, 1],
    [-1, 0],
    [0, -1],
  ];
  const given = await parametersAfter({ init: { centre } });
  given.forEach((value, i) => expect(Math.abs(value - centre[Math.floor(i / 2)]![i % 2]!)).toBeLessThan(0.1));
});
