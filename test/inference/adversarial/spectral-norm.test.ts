import { describe, expect, test } from "vitest";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import { imageGameText } from "../../support/image-models.js";
import { randomInputs } from "../../support/bound-programs.js";
import { slopes } from "../../support/finite-differences.js";
import { gameOf, gameText } from "../../support/games.js";

type Matrix = readonly (readonly number[])[];

/** Largest eigenvalue of a symmetric positive semidefinite matrix, by cyclic Jacobi rotations. */
function largestEigenvalue(given: Matrix): number {
  const a = given.map((row) => [...row]);
  const n = a.length;
  for (let sweep = 0; sweep < 60; sweep++)
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (Math.abs(a[p]![q]!) < 1e-300) continue;
        const angle = 0.5 * Math.atan2(2 * a[p]![q]!, a[q]![q]! - a[p]![p]!);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[k]![p]!, a[k]![q]!];
          a[k]![p] = c * x - s * y;
          a[k]![q] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[p]![k]!, a[q]![k]!];
          a[p]![k] = c * x - s * y;
          a[q]![k] = s * x + c * y;
        }
      }
  return Math.max(...a.map((row, i) => row[i]!));
}

/** W' W of the rows of several weights below each other, `width` numbers each. */
function gram(width: number, parts: readonly Float64Array[]): Matrix {
  const rows = parts.flatMap((part) =>
    Array.from({ length: part.length / width }, (_, row) => [...part.subarray(row * width, (row + 1) * width)]),
  );
  return Array.from({ length: width }, (_, i) =>
    Array.from({ length: width }, (_, j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
  );
}

const sizes = { D: 3, L: 2, C: 4 };

/** Weights that count as one matrix, its number of columns, and the name of its direction. */
type Layer = readonly [weights: readonly string[], width: number, direction: string];

/** Random inputs with each direction at the singular vector, found by multiplying with W' W again and again. */
function settled(program: ReturnType<typeof gameOf>, layers: readonly Layer[]): ReturnType<typeof randomInputs> {
  const inputs = randomInputs(program as never, program.criticStep, sizes, 1, 4);
  for (const [names, width, direction] of layers) {
    const matrix = gram(
      width,
      names.map((name) => inputs.parameter[name]!),
    );
    let u = Float64Array.from({ length: width }, (_, i) => 1 + 0.1 * i);
    for (let step = 0; step < 3000; step++) {
      const product = matrix.map((row) => row.reduce((sum, value, i) => sum + value * u[i]!, 0));
      const length = Math.hypot(...product);
      u = Float64Array.from(product, (value) => value / length);
    }
    inputs.parameter[direction] = u;
  }
  return inputs;
}

/** The same weights divided beforehand, for the game without normalisation. */
function divided(inputs: ReturnType<typeof settled>, layers: readonly Layer[]): typeof inputs {
  const parameter = { ...inputs.parameter };
  for (const [names, width] of layers) {
    const norm = Math.sqrt(
      largestEigenvalue(
        gram(
          width,
          names.map((name) => inputs.parameter[name]!),
        ),
      ),
    );
    for (const name of names) parameter[name] = inputs.parameter[name]!.map((value) => value / norm);
  }
  return { ...inputs, parameter };
}

describe.each([
  [
    "dense layers; several inputs count as one",
    gameText("loss: hinge, spectral: 1", true),
    gameText("loss: hinge", true),
    [
      [["judge.0.weight", "judge.0.weight1"], 6, "judge.0.direction"],
      [["judge.1.weight"], 4, "judge.1.direction"],
      [["judge.2.weight"], 1, "judge.2.direction"],
    ],
  ],
  [
    "kernels of convolutions, as matrices [rows columns channels, filters]",
    imageGameText("loss: hinge, spectral: 1"),
    imageGameText("loss: hinge"),
    [
      [["judge.0.weight"], 3, "judge.0.direction"],
      [["judge.1.weight"], 2, "judge.1.direction"],
      [["judge.3.weight"], 1, "judge.3.direction"],
    ],
  ],
] as const)("weights are divided by their largest singular value: %s", (_, text, plain, layers) => {
  const program = gameOf(text);
  const inputs = settled(program, layers);
  const found = interpretPlan(program.criticStep, { sizes, rows: 1, inputs });

  test("the game is that of the divided weights", () => {
    const { criticStep } = gameOf(plain);
    const expected = interpretPlan(criticStep, { sizes, rows: 1, inputs: divided(inputs, layers) });
    for (const name of ["objective", "gap"]) expect(found[name]![0]).toBeCloseTo(expected[name]![0]!, 8);
  });

  test("a singular vector is carried on as it is", () => {
    for (const [, width, direction] of layers)
      for (let i = 0; i < width; i++)
        expect(found[`next.${direction}`]![i]).toBeCloseTo(inputs.parameter[direction]![i]!, 8);
  });
});

test("the derivative goes through the norm, wherever the iteration stands", () => {
  const program = gameOf(imageGameText("loss: wasserstein, spectral: 1, gp: 2"));
  const inputs = randomInputs(program as never, program.criticStep, sizes, 1, 8);
  for (const { name, derived, difference } of slopes(program.criticStep, { sizes, rows: 1, inputs }, program.critic))
    expect(Math.abs(derived - difference), name).toBeLessThan(1e-6 * (1 + Math.abs(difference)));
});

test("the generator's step leaves the directions alone, and only the critic is normalised", () => {
  const program = gameOf(gameText("loss: hinge, spectral: 1"));
  expect(program.carried).toEqual(["judge.0.direction", "judge.1.direction", "judge.2.direction"]);
  expect(program.generatorStep.outputs.some(({ name }) => name.startsWith("next."))).toBe(false);
});
