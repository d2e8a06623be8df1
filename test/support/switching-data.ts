import { RandomStream } from "../../src/numerics/random.js";
import type { Switching } from "../oracles/switching-em.js";
import type { Matrix } from "../oracles/small-matrices.js";

/** A switching model of a state in the plane, sequences drawn from it, and a place to start learning from. */
export function switchingProblem(
  seed: number,
  K: number,
  count: number,
  T: number,
): { readonly truth: Switching; readonly start: Switching; readonly sequences: readonly Matrix[] } {
  const stream = new RandomStream({ seed, site: `switching.${K}.${T}`, item: 0 });
  const { normal, uniform } = { normal: () => stream.normal(), uniform: () => stream.uniform() };
  const regimes = Array.from({ length: K }, (_, k) => k);
  const turn = (angle: number, by: number): Matrix => [
    [by * Math.cos(angle), -by * Math.sin(angle)],
    [by * Math.sin(angle), by * Math.cos(angle)],
  ];
  const sticky = (stay: number): Matrix =>
    regimes.map((j) => regimes.map((k) => (j === k ? stay : (1 - stay) / Math.max(1, K - 1))));
  const make = (
    jitter: number,
    stay: number,
    base: readonly { angle: number; by: number; b: readonly number[]; q: number }[],
  ): Switching => ({
    initial: regimes.map(() => 1 / K),
    transition: sticky(stay),
    A: base.map(({ angle, by }) => turn(angle + jitter * normal(), by)),
    b: base.map(({ b }) => b.map((value) => value + jitter * normal())),
    Q: base.map(({ q }) => [
      [q * Math.exp(jitter * normal()), 0],
      [0, q * Math.exp(jitter * normal())],
    ]),
    C: [
      [1 + jitter * normal() * 0.3, 0.2],
      [-0.3, 1 + jitter * normal() * 0.3],
    ],
    R: [
      [0.3 * Math.exp(jitter * normal()), 0],
      [0, 0.3 * Math.exp(jitter * normal())],
    ],
    m0: [0, 0],
    V0: [
      [1, 0],
      [0, 1],
    ],
  });
  const base = regimes.map((k) => ({
    angle: [0.3, -0.9, 1.8][k]! + 0.2 * normal(),
    by: 0.7 + 0.25 * uniform(),
    b: [normal(), normal()],
    q: 0.1 + 0.5 * uniform(),
  }));
  const truth = make(0, 0.85, base);
  const start = make(0.35, 0.7, base);
  const draw = (weights: readonly number[]): number => {
    let rest = uniform();
    const found = weights.findIndex((weight) => (rest -= weight) < 0);
    return found < 0 ? weights.length - 1 : found;
  };
  const around = (mean: readonly number[], V: Matrix): readonly number[] =>
    mean.map((value, i) => value + Math.sqrt(V[i]![i]!) * normal());
  const times = (M: Matrix, v: readonly number[]): readonly number[] =>
    M.map((row) => row.reduce((sum, value, i) => sum + value * v[i]!, 0));
  const sequences = Array.from({ length: count }, () => {
    let k = draw(truth.initial);
    let x = around(truth.m0, truth.V0);
    return Array.from({ length: T }, (_, t) => {
      if (t > 0) {
        k = draw(truth.transition[k]!);
        x = around(
          times(truth.A[k]!, x).map((value, i) => value + truth.b[k]![i]!),
          truth.Q[k]!,
        );
      }
      return around(times(truth.C, x), truth.R);
    });
  });
  return { truth, start, sequences };
}
