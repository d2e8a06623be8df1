import { describe, expect, test } from "vitest";
import { RandomStream } from "../../src/numerics/random.js";
import type { Matrix } from "../oracles/small-matrices.js";
import { add, addVectors, apply, identity, invert, multiply, scaled, transpose } from "../oracles/small-matrices.js";
import { trainerOf } from "../support/trainers.js";

const F: Matrix = [
  [0.9, 0.4],
  [-0.3, 0.8],
];
const C: Matrix = [[1, 0.5]];
const [motion, noise] = [0.05, 0.4];

const literal = (matrix: Matrix): string => `[${matrix.map((row) => `[${row.join(", ")}]`).join(", ")}]`;

/** All known but the distribution of the first states. */
const text = `model M {
  param F: Matrix[2, 2] = ${literal(F)}
  param C: Matrix[1, 2] = ${literal(C)}
  param Q: Iso[2] = ${motion}
  param R: Iso[1] = ${noise}
  param start: Vector[2]
  param spread: Iso[2]
  each s { chain t {
    latent x: Vector[2] ~ Normal(F * x[t-1], Q) init Normal(start, spread)
    observe y: Vector[1] ~ Normal(C * x, R)
  } }
}`;

/** Rows of sequences of some lengths, from first states at (4, -3). */
function rowsOf(lengths: readonly number[]): readonly (readonly number[])[] {
  const stream = new RandomStream({ seed: 5, site: "rows" });
  return lengths.map((length) => {
    let state: readonly number[] = [4, -3];
    return Array.from({ length }, () => {
      const seen = apply(C, state)[0]! + Math.sqrt(noise) * stream.normal();
      const pushed = [0, 1].map(() => Math.sqrt(motion) * stream.normal());
      state = addVectors(apply(F, state), pushed);
      return seen;
    });
  });
}

/** Generalised least squares: y = H m + e with H_t = C Fᵗ and the covariance of e entry by entry. */
function leastSquares(sequences: readonly (readonly number[])[], variance: number): readonly number[] {
  let information: Matrix = scaled(identity(2), 0);
  let right: readonly number[] = [0, 0];
  for (const rows of sequences) {
    const powers = [identity(2)];
    for (let t = 1; t < rows.length; t++) powers.push(multiply(F, powers[t - 1]!));
    const H = powers.map((power) => multiply(C, power)[0]!);
    const states = [scaled(identity(2), variance)];
    for (let t = 1; t < rows.length; t++)
      states.push(add(multiply(multiply(F, states[t - 1]!), transpose(F)), scaled(identity(2), motion)));
    // Cov(x_s, x_t) = F^(s - t) Cov(x_t) for s >= t.
    const covariance = rows.map((_, s) =>
      rows.map((_, t) => {
        const [late, early] = [Math.max(s, t), Math.min(s, t)];
        const between = multiply(multiply(powers[late - early]!, states[early]!), transpose(C));
        return multiply(C, between)[0]![0]! + (s === t ? noise : 0);
      }),
    );
    const weighted = multiply(transpose(H), invert(covariance).inverse);
    information = add(information, multiply(weighted, H));
    right = addVectors(right, apply(weighted, rows));
  }
  return apply(invert(information).inverse, right);
}

const Trainer = await trainerOf(text);

async function fitted(
  sequences: readonly (readonly number[])[],
  options: Readonly<Record<string, unknown>>,
): Promise<{ readonly start: readonly number[]; readonly logLikelihood: number }> {
  const model = new Trainer({});
  const values = sequences.flat();
  const data = {
    s: Float64Array.from(sequences.flatMap((rows, number) => rows.map(() => number))),
    y: { shape: [values.length, 1], data: Float64Array.from(values) },
  };
  const { logLikelihood } = await model.fit(data, { restarts: 1, ...options });
  const start = [...model.parameters["start"]!.data];
  model.dispose();
  return { start, logLikelihood };
}

describe("the mean of first states that hardly vary is that of least squares", () => {
  test.each([
    ["one sequence", [40], 1e-5],
    ["three sequences", [40, 5, 17], 1e-5],
    ["first states that vary", [40, 5, 17], 2],
  ])("%s", async (_, lengths, variance) => {
    const sequences = rowsOf(lengths);
    const { start } = await fitted(sequences, { ridge: 0, init: { spread: variance }, fix: ["spread"] });
    const expected = leastSquares(sequences, variance);
    start.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 6));
  });
});

test("a variance of first states that is learned from one sequence does not hold the mean back", async () => {
  const sequences = rowsOf([60]);
  // Where there is no variance at all the likelihood is highest.
  const expected = leastSquares(sequences, 0);
  const { start, logLikelihood } = await fitted(sequences, { ridge: 1e-8 });
  start.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-2));
  const plain = await fitted(sequences, { ridge: 1e-8, accelerate: false, maxIterations: 300 });
  expect(logLikelihood).toBeGreaterThan(plain.logLikelihood);
});
