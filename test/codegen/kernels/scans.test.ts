import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PlanFunction } from "../../../src/ir/plan.js";
import type { EmProgram } from "../../../src/ir/program.js";
import { layOutRows, layOutSequences, overlaps, takeRows } from "../../../src/runtime/kernels/scan-layout.js";
import { columns, randomWorld, stored } from "../../oracles/random-world.js";
import { programOf } from "../../support/trainers.js";
import { variants } from "./run-kernel.js";
import { differences, scanByKernel, scanByLoops, scanKernels, type ScanWorld } from "./run-scans.js";

/** Parts of random chains. */
interface Chain {
  readonly discrete: "none" | "one" | "two" | "second order";
  readonly emission: "Normal" | "Poisson" | "autoregressive" | "StudentT";
  readonly gaussian: "none" | "plain" | "switching";
  readonly optional: boolean;
  readonly weighted: boolean;
}

const anyChain: fc.Arbitrary<Chain> = fc
  .record({
    discrete: fc.constantFrom("none", "one", "two", "second order"),
    emission: fc.constantFrom("Normal", "Poisson", "autoregressive", "StudentT"),
    gaussian: fc.constantFrom("none", "plain", "switching"),
    optional: fc.boolean(),
    weighted: fc.boolean(),
  } as const)
  .filter(({ discrete, gaussian }) => discrete !== "none" || gaussian === "plain")
  .filter(({ discrete, gaussian }) => gaussian !== "switching" || discrete === "one");

function textOf({ discrete, emission, gaussian, optional, weighted }: Chain): string {
  const missing = optional ? "?" : "";
  const emissions = {
    Normal: ["param m[K]: Vector[2] param S[K]: Cov[2]", `observe y: Vector[2]${missing} ~ Normal(m[k], S[k])`],
    Poisson: ["param rate[K]: Positive", `observe y: Count${missing} ~ Poisson(rate[k])`],
    autoregressive: [
      "param a[K]: Real param b[K]: Real param v[K]: Positive",
      "observe y: Real ~ Normal(a[k] * y[t-1] + b[k], v[k]) init Normal(b[k], v[k])",
    ],
    StudentT: [
      "param m[K]: Real param spread[K]: Positive param nu[K]: Positive",
      `observe y: Real${missing} ~ StudentT(nu[k], m[k], spread[k])`,
    ],
  }[emission];
  const isSwitching = gaussian === "switching";
  const ofDiscrete =
    discrete === "none"
      ? []
      : discrete === "second order"
        ? [
            "param p0: Simplex[K] param T[K, K]: Simplex[K]",
            "latent k: Category[K] ~ Categorical(T[k[t-2], k[t-1]]) init Categorical(p0)",
          ]
        : [
            "param p0: Simplex[K] param T[K]: Simplex[K]",
            "latent k: Category[K] ~ Categorical(T[k[t-1]]) init Categorical(p0)",
          ];
  const ofSecond =
    discrete === "two"
      ? [
          "param q0: Simplex[J] param U[J]: Simplex[J] param e[J]: Real param w: Positive",
          "latent j: Category[J] ~ Categorical(U[j[t-1]]) init Categorical(q0) observe z: Real ~ Normal(e[j], w)",
        ]
      : [];
  const of = isSwitching ? "[k]" : "";
  const ofGaussian =
    gaussian === "none"
      ? []
      : [
          `param A${isSwitching ? "[K]" : ""}: Matrix[D, D] param Q${isSwitching ? "[K]" : ""}: Cov[D]
           param C: Matrix[2, D] param R: Diag[2] param x0: Vector[D] param V0: Cov[D]`,
          `latent x: Vector[D] ~ Normal(A${of} * x[t-1], Q${of}) init Normal(x0, V0)
           observe u: Vector[2]${missing} ~ Normal(C * x, R)`,
        ];
  const ofEmission = discrete === "none" || isSwitching ? [] : emissions;
  const all = [ofDiscrete, ofSecond, ofGaussian, ofEmission];
  const sizes = [
    ...(discrete === "none" ? [] : ["K"]),
    ...(discrete === "two" ? ["J"] : []),
    ...(gaussian === "none" ? [] : ["D"]),
  ];
  return `model M { size ${sizes.join(", ")} ${all.map(([parameters]) => parameters ?? "").join("\n")}
    each s${weighted ? " weight times" : ""} { chain t { ${all.map(([, body]) => body ?? "").join("\n")} } }
    ${isSwitching ? "learn em { approx: collapse(2) }" : ""} }`;
}

const sizes = { K: 3, J: 2, D: 2 };

function worldOf(
  program: Pick<EmProgram, "model">,
  lengths: readonly number[],
  seed: number,
  missing: number,
): ScanWorld {
  const starts = lengths.reduce((bounds, length) => [...bounds, bounds[bounds.length - 1] + length], [0]);
  const rows = starts[starts.length - 1];
  const world = randomWorld(program.model, sizes, seed, rows, missing);
  const parameters = stored(world.parameters);
  // Moves that die away.
  for (const name of ["A", "a"]) parameters[name]?.forEach((value, i, all) => (all[i] = 0.4 * Math.tanh(value)));
  return { sizes, rows, starts: Int32Array.from(starts), parameters, data: columns(world) };
}

const expectClose = (found: Readonly<Record<string, number>>, bound: number): void => {
  for (const [name, difference] of Object.entries(found)) expect(difference, name).toBeLessThan(bound);
};

test("kernels of random chains compute what their loops compute, on sequences of any lengths", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyChain,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 1e6 }),
      async (chain, lengths, seed) => {
        if (chain.discrete === "second order") lengths.push(11);
        const program = programOf(textOf(chain));
        const eStep = { ...(program.eStep.incomplete ?? program.eStep.complete), name: "eStep" };
        const logDensity = { ...program.logDensity.complete, name: "logDensity" };
        const posterior = { ...(program.posterior.incomplete ?? program.posterior.complete), name: "posterior" };
        const best = program.mostProbable?.incomplete ?? program.mostProbable?.complete;
        const gaps = program.eStep.incomplete === undefined ? 0 : 0.3;
        const questions: readonly (readonly [PlanFunction, number])[] = [
          [eStep, gaps],
          [logDensity, 0],
          [posterior, gaps],
          ...(best === undefined ? [] : [[{ ...best, name: "mostProbable" }, gaps] as const]),
        ];
        const module = scanKernels(questions.map(([fn]) => fn));
        for (const [fn, missing] of questions) {
          const world = worldOf(program, lengths, seed, missing);
          const expected = scanByLoops(fn, world);
          for (const variant of variants) {
            expectClose(differences(await scanByKernel(module, fn, world, { variant }), expected), 1e-11);
          }
        }
      },
    ),
    { numRuns: 4 },
  );
}, 120_000);

const hidden = textOf({ discrete: "one", emission: "Normal", gaussian: "none", optional: false, weighted: false });
const moving = textOf({ discrete: "none", emission: "Normal", gaussian: "plain", optional: false, weighted: false });
const switching = textOf({
  discrete: "one",
  emission: "Normal",
  gaussian: "switching",
  optional: true,
  weighted: false,
});

describe("long sequences are cut into windows", () => {
  test.each([
    ["a hidden Markov model", hidden],
    ["a linear state space", moving],
    ["a switching state space with gaps", switching],
  ])("%s: as if they were not", async (_, text) => {
    const program = programOf(text);
    const fn = program.eStep.incomplete ?? program.eStep.complete;
    const world = worldOf(program, [1100, 7], 4, 0.1);
    expect(layOutSequences(world.starts, 8, overlaps[0]).isCut).toBe(true);
    const expected = scanByLoops(fn, world);
    const cut = await scanByKernel(scanKernels([fn]), fn, world);
    const whole = await scanByKernel(scanKernels([fn], false), fn, world);
    expectClose(differences(whole, expected), 1e-12);
    expectClose(differences(cut, expected), 1e-12);
    // They were: sums were added up in another order.
    expect(cut).not.toEqual(whole);
  });

  test.each([
    ["a hidden Markov model", hidden],
    ["a linear state space", moving],
    ["a switching state space with gaps", switching],
  ])("%s: what is known of every row is as if they were not", async (_, text) => {
    const { model, posterior, mostProbable } = programOf(text);
    for (const question of mostProbable === undefined ? [posterior] : [posterior, mostProbable]) {
      const fn = question.incomplete ?? question.complete;
      const world = worldOf({ model }, [1100, 7], 4, 0.1);
      const expected = scanByLoops(fn, world);
      expectClose(differences(await scanByKernel(scanKernels([fn], false), fn, world), expected), 1e-12);
      const module = scanKernels([fn]);
      const cut = await scanByKernel(module, fn, world);
      expectClose(differences(cut, expected), 1e-10);
      expect(await scanByKernel(module, fn, world, { threads: 2 })).toEqual(cut);
    }
  });

  test("what is not forgotten is not cut", async () => {
    const program = programOf(moving);
    const world = worldOf(program, [1100], 4, 0);
    // A state that stays where it was, and is hardly seen.
    world.parameters["A"].set([1, 0, 0, 1]);
    world.parameters["Q"].set([1e-9, 0, 0, 1e-9]);
    world.parameters["R"].set([100, 100]);
    const fn = program.eStep.complete;
    const cut = await scanByKernel(scanKernels([fn]), fn, world);
    const whole = await scanByKernel(scanKernels([fn], false), fn, world);
    expect(cut).toEqual(whole);
    expectClose(differences(cut, scanByLoops(fn, world)), 1e-9);
  });

  test.each([
    ["sequences", [40, 300, 7, 300, 300, 12, 90, 300, 300, 5, 300, 64, 300, 300, 1, 300, 300, 44]],
    ["windows", [12_000]],
  ])("%s: the sums have the same bits for any number of threads", async (_, lengths) => {
    const program = programOf(hidden);
    const fn = program.eStep.complete;
    const world = worldOf(program, lengths, 9, 0);
    const module = scanKernels([fn]);
    const found = await Promise.all([1, 2, 3].map((threads) => scanByKernel(module, fn, world, { threads })));
    for (const other of found) expect(other).toEqual(found[0]);
  });

  test("every row counts in one window, with its neighbours around it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 9000 })), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.constantFrom(0, ...overlaps),
        (lengths, overlap) => {
          const starts = Int32Array.from(lengths.reduce((all, n) => [...all, all[all.length - 1] + n], [0]));
          const rows = starts[lengths.length];
          const layout = layOutSequences(starts, 8, overlap);
          const counts = new Uint8Array(rows);
          for (const { first, end, from, to } of layout.windows) {
            for (let row = from; row < to; row++) counts[row] += 1;
            const [begin, last] = [starts.findLast((start) => start <= from), starts.find((start) => start >= to)];
            expect(first).toBe(Math.max(begin ?? 0, from - overlap));
            expect(end).toBe(Math.min(last ?? rows, to + overlap));
          }
          expect(counts.every((count) => count === 1)).toBe(true);
          const values = Float64Array.from({ length: 2 * rows }, (_, i) => i + 1);
          const [memory, back] = [new Float64Array(3 + 2 * layout.rows.length), new Float64Array(2 * rows)];
          layOutRows(layout, values, 2, memory, 3);
          for (let shard = 0; shard + 1 < layout.begins.length; shard++)
            takeRows(layout, shard, memory, 3 + 2 * layout.lanes * layout.begins[shard], 2, back);
          expect(back).toEqual(values);
        },
      ),
      { numRuns: 15 },
    );
  });
});
