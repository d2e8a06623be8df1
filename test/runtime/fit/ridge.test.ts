import { describe, expect, test } from "vitest";
import { RandomStream } from "../../../src/numerics/random.js";
import { trainerOf } from "../../support/trainers.js";

/** The ridge in the update of a covariance and the penalty that the objective counts for it are of one prior. */

/** Heavy enough that any difference between the two shows; without tolerance, so that the slow end is seen too. */
const options = { ridge: 0.05, tolerance: 0, maxIterations: 40, restarts: 1, accelerate: false, seed: 1 } as const;

const stream = new RandomStream({ seed: 2, site: "ridge" });
const walk = (length: number): number[] => {
  let level = 0;
  return Array.from({ length }, () => (level += stream.normal()));
};
const seen = walk(60).map((level, t) => (t % 7 === 3 ? [NaN, NaN] : [level + stream.normal(), level]));

const models = [
  {
    name: "a chain: one covariance counts sequences, one steps, one what is seen",
    text: `model Level {
      param step: Positive
      param noise: Diag[2]
      param m0: Real
      param v0: Positive
      each s { chain t {
        latent  level: Real ~ Normal(level[t-1], step) init Normal(m0, v0)
        observe y: Vector[2]? ~ Normal([level, level], noise)
      } }
    }`,
    sizes: {},
    data: { y: seen },
  },
  {
    name: "a mixture of rows of which some show nothing",
    text: `model Groups {
      size K
      param w: Simplex[K]
      param m[K]: Real
      param v[K]: Positive
      each n {
        latent  k: Category[K] ~ Categorical(w)
        observe y: Real? ~ Normal(m[k], v[k])
      }
    }`,
    sizes: { K: 2 },
    data: { y: seen.map(([first]) => first!) },
  },
];

describe("EM with a ridge", () => {
  for (const { name, text, sizes, data } of models) {
    test(`never lowers its objective: ${name}`, async () => {
      const Model = await trainerOf(text);
      const objectives: number[] = [];
      for await (const event of new Model(sizes).fit(data as never, options)) {
        if (event.kind === "iteration") objectives.push(event.objective);
      }
      expect(objectives.length).toBe(options.maxIterations);
      for (let i = 1; i < objectives.length; i++) {
        expect(objectives[i]! - objectives[i - 1]!).toBeGreaterThanOrEqual(-1e-9 * seen.length);
      }
    });
  }
});
