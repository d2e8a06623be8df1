import { invert, type Matrix } from "./small-matrices.js";

/**
 * Structured mean field by the book, for anything whose log joint can be evaluated: nothing is eliminated, every
 * assignment of the discrete latents is listed, and what is quadratic is found by differences, which are exact for it.
 */
export interface MeanFieldProblem {
  /** log p(data, d, x), quadratic in the entries of each Gaussian block. */
  readonly logJoint: (d: readonly number[], x: readonly number[]) => number;
  /** Of every discrete cell, the number of its values. */
  readonly values: readonly number[];
  /** Of every discrete block, its cells. */
  readonly discrete: readonly (readonly number[])[];
  /** Of every Gaussian block, its entries. */
  readonly gaussian: readonly (readonly number[])[];
}

export interface MeanFieldAnswer {
  readonly bound: number;
  /** After each sweep. */
  readonly bounds: readonly number[];
  /** Of every discrete cell. */
  readonly probabilities: readonly (readonly number[])[];
  readonly mean: readonly number[];
  readonly covariance: Matrix;
}

type Quadratic = (x: readonly number[]) => number;

/**
 * Gaussian blocks go first; their means begin at 1.
 *
 * @param begin probabilities of every discrete cell to begin with [uniform]
 */
export function meanField(
  problem: MeanFieldProblem,
  begin: readonly (readonly number[])[] = problem.values.map((size) => Array<number>(size).fill(1 / size)),
  sweeps = 400,
): MeanFieldAnswer {
  const { logJoint, values, discrete, gaussian } = problem;
  const count = gaussian.flat().length;
  const mean: number[] = Array<number>(count).fill(1);
  const covariance = Array.from({ length: count }, () => Array<number>(count).fill(0));
  const assignments = discrete.map((cells) => listed(cells.map((cell) => values[cell]!)));
  const tables = assignments.map((all, block) =>
    all.map((chosen) => chosen.reduce((product, value, at) => product * begin[discrete[block]![at]!]![value]!, 1)),
  );

  /** f with the entries of a Gaussian block replaced by their expectation. */
  const over =
    (block: readonly number[], f: Quadratic): Quadratic =>
    (x) => {
      const at = (...units: number[]): number => {
        const moved = [...x];
        for (const i of block) moved[i] = mean[i]!;
        for (const i of units) moved[Math.abs(i)]! += i < 0 || Object.is(i, -0) ? -1 : 1;
        return f(moved);
      };
      let total = at();
      for (const i of block)
        for (const j of block) {
          const second = i === j ? at(i) - 2 * at() + at(-i) : at(i, j) - at(i) - at(j) + at();
          total += 0.5 * covariance[i]![j]! * second;
        }
      return total;
    };
  const expected = (f: Quadratic, but?: readonly number[]): Quadratic =>
    gaussian.filter((block) => block !== but).reduce((g, block) => over(block, g), f);
  /** Calls visit with every assignment of the discrete blocks but one, and its weight. */
  const weighed = (but: number, visit: (d: number[], weight: number) => void): void => {
    const go = (block: number, d: number[], weight: number): void => {
      if (block === discrete.length) return visit(d, weight);
      if (block === but) return go(block + 1, d, weight);
      assignments[block]!.forEach((chosen, i) => {
        const next = [...d];
        discrete[block]!.forEach((cell, at) => (next[cell] = chosen[at]!));
        go(block + 1, next, weight * tables[block]![i]!);
      });
    };
    go(
      0,
      values.map(() => 0),
      1,
    );
  };
  const zeros: readonly number[] = mean.map(() => 0);

  const updateGaussian = (block: readonly number[]): void => {
    const f: Quadratic = (x) => {
      let total = 0;
      weighed(-1, (d, weight) => {
        if (weight > 0) total += weight * expected((y) => logJoint(d, y), block)(x);
      });
      return total;
    };
    const at = (...units: number[]): number => {
      const x = [...zeros];
      for (const i of units) x[i]! += 1;
      return f(x);
    };
    const [none, ones] = [at(), block.map((i) => at(i))];
    const precision = block.map((i, a) =>
      block.map((j, b) => -(i === j ? at(i, i) - 2 * ones[a]! + none : at(i, j) - ones[a]! - ones[b]! + none)),
    );
    const linear = block.map((_, a) => ones[a]! - none + 0.5 * precision[a]![a]!);
    const { inverse } = invert(precision);
    block.forEach((i, a) => {
      mean[i] = inverse[a]!.reduce((sum, value, b) => sum + value * linear[b]!, 0);
      block.forEach((j, b) => (covariance[i]![j] = inverse[a]![b]!));
    });
  };
  const updateDiscrete = (index: number): void => {
    const logs = assignments[index]!.map((chosen) => {
      let total = 0;
      weighed(index, (d, weight) => {
        const full = [...d];
        discrete[index]!.forEach((cell, at) => (full[cell] = chosen[at]!));
        if (weight > 0) total += weight * expected((x) => logJoint(full, x))(mean);
      });
      return total;
    });
    const most = Math.max(...logs);
    const sum = logs.reduce((all, log) => all + Math.exp(log - most), 0);
    tables[index] = logs.map((log) => Math.exp(log - most) / sum);
  };
  const bound = (): number => {
    let total = 0;
    weighed(-1, (d, weight) => {
      if (weight > 0) total += weight * expected((x) => logJoint(d, x))(mean);
    });
    for (const table of tables) for (const p of table) total -= p > 0 ? p * Math.log(p) : 0;
    for (const block of gaussian) {
      const { logDeterminant } = invert(block.map((i) => block.map((j) => covariance[i]![j]!)));
      total += 0.5 * (block.length * (1 + Math.log(2 * Math.PI)) + logDeterminant);
    }
    return total;
  };

  const bounds: number[] = [];
  for (let sweep = 0; sweep < sweeps; sweep++) {
    gaussian.forEach(updateGaussian);
    discrete.forEach((_, i) => updateDiscrete(i));
    bounds.push(bound());
    if (sweep > 2 && Math.abs(bounds.at(-1)! - bounds.at(-3)!) < 1e-13 * (1 + Math.abs(bounds.at(-1)!))) break;
  }
  const probabilities = values.map((size, cell) => {
    const index = discrete.findIndex((cells) => cells.includes(cell));
    const at = discrete[index]!.indexOf(cell);
    return Array.from({ length: size }, (_, value) =>
      assignments[index]!.reduce((sum, chosen, i) => sum + (chosen[at] === value ? tables[index]![i]! : 0), 0),
    );
  });
  return { bound: bounds.at(-1)!, bounds, probabilities, mean, covariance };
}

/** log p(data): every assignment listed, and a Gaussian integral for each; of a log joint quadratic in all entries. */
export function exactEvidence({ logJoint, values, gaussian }: MeanFieldProblem): number {
  const count = gaussian.flat().length;
  const logs = listed(values).map((d) => {
    const at = (...units: number[]): number => {
      const x = Array<number>(count).fill(0);
      for (const i of units) x[i]! += 1;
      return logJoint(d, x);
    };
    const none = at();
    const ones = Array.from({ length: count }, (_, i) => at(i));
    const precision = ones.map((one, i) =>
      ones.map((other, j) => -(i === j ? at(i, i) - 2 * one + none : at(i, j) - one - other + none)),
    );
    const linear = ones.map((one, i) => one - none + 0.5 * precision[i]![i]!);
    const { inverse, logDeterminant } = invert(precision);
    const quadratic = linear.reduce(
      (sum, h, i) => sum + h * inverse[i]!.reduce((inner, value, j) => inner + value * linear[j]!, 0),
      0,
    );
    return none + 0.5 * (count * Math.log(2 * Math.PI) - logDeterminant + quadratic);
  });
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0));
}

function listed(sizes: readonly number[]): readonly (readonly number[])[] {
  return sizes.reduce<readonly (readonly number[])[]>(
    (all, size) => all.flatMap((one) => Array.from({ length: size }, (_, value) => [...one, value])),
    [[]],
  );
}
