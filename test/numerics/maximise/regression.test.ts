import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type {
  RegressionBlock,
  RegressionCovariance,
  RegressionProblem,
  RegressionSettings,
} from "../../../src/numerics/maximise/regression.js";
import { maximiseRegression } from "../../../src/numerics/maximise/regression.js";
import { digamma } from "../../../src/numerics/special-functions.js";
import type { Values, World } from "./regression-world.js";
import { covarianceOf, generator, logLikelihood, solve, statisticsOf, tableCell } from "./regression-world.js";

const gridSize = (cells: readonly number[]): number => cells.reduce((product, size) => product * size, 1);
const tableSize = (cells: readonly number[], axes: readonly number[]): number =>
  gridSize(axes.map((axis) => cells[axis]));

interface Setup {
  readonly problem: RegressionProblem;
  readonly previous: Values;
  readonly world: World;
  readonly settings: RegressionSettings;
}

/** Random data and previous values for a problem. */
function setUp(problem: RegressionProblem, seed: number, ridge: number): Setup {
  const next = generator(seed);
  const { cells, dimension, blocks, covariance } = problem;
  const p = blocks.reduce((sum, block) => sum + block.width, 0);
  const previous: Record<string, Float64Array> = {};
  for (const block of blocks) {
    const entries = block.form === "shared" ? block.width : dimension * block.width;
    previous[block.parameter] = Float64Array.from({ length: tableSize(cells, block.cellAxes) * entries }, next);
  }
  if (covariance.parameter !== undefined) {
    previous[covariance.parameter] = randomCovariances(
      covariance,
      tableSize(cells, covariance.cellAxes),
      dimension,
      next,
    );
  }
  const world = Array.from({ length: gridSize(cells) }, () =>
    Array.from({ length: 3 + dimension + p }, () => ({
      weight: 0.6 + next(),
      regressors: Array.from({ length: p }, (_, j) => (j === 0 ? 1 : 2 * next())),
      value: Array.from({ length: dimension }, () => 3 * next() + 1),
    })),
  );
  const variances = Float64Array.from({ length: dimension }, (_, d) => 0.5 + d);
  return { problem, previous, world, settings: { ridge, variances } };
}

function randomCovariances(
  covariance: RegressionCovariance,
  count: number,
  dimension: number,
  next: () => number,
): Float64Array {
  switch (covariance.structure) {
    case "isotropic":
      return Float64Array.from({ length: count }, () => 1 + next());
    case "diagonal":
      return Float64Array.from({ length: count * dimension }, () => 1 + next());
    case "lowRank": {
      const width = (covariance.rank ?? 0) + 1;
      return Float64Array.from({ length: count * dimension * width }, (_, at) =>
        at % width === width - 1 ? 1 + next() : next(),
      );
    }
    case "full": {
      const values = new Float64Array(count * dimension * dimension);
      for (let k = 0; k < count; k++) {
        const b = Array.from({ length: dimension * dimension }, next);
        for (let i = 0; i < dimension; i++) {
          for (let j = 0; j < dimension; j++) {
            let sum = i === j ? 0.5 : 0;
            for (let c = 0; c < dimension; c++) sum += b[i * dimension + c] * b[j * dimension + c];
            values[(k * dimension + i) * dimension + j] = sum;
          }
        }
      }
      return values;
    }
  }
}

/** The whole objective, with priors and ridge, from their definitions. */
function objective({ problem, world, settings }: Setup, values: Values): number {
  const { covariance, cells, dimension } = problem;
  let sum = logLikelihood(problem, values, world);
  for (const block of problem.blocks) {
    if (block.prior === undefined) continue;
    const [[mean], [variance]] = [block.prior.arguments["mean"], block.prior.arguments["covariance"]];
    for (const value of values[block.parameter]) sum -= (0.5 * (value - mean) ** 2) / variance;
  }
  if (covariance.parameter === undefined) return sum;
  const count = tableSize(cells, covariance.cellAxes);
  const total = world.flat().reduce((n, { weight }) => n + weight, 0);
  for (let k = 0; k < count; k++) {
    const cell = world.findIndex((_, c) => tableCell(cells, covariance.cellAxes, c) === k);
    const matrix = covarianceOf(problem, values, cell);
    const { prior } = covariance;
    const penalty = matrix.map((_, i) =>
      matrix.map((_, j) => (i === j ? (((settings.ridge ?? 0) * total) / count) * (settings.variances?.[i] ?? 1) : 0)),
    );
    if (prior?.distribution === "InvWishart") {
      const [freedom] = prior.arguments["degreesOfFreedom"];
      const [scale] = prior.arguments["scale"];
      sum -= 0.5 * (freedom + dimension + 1) * solve(matrix, penalty).logDet;
      penalty.forEach((row, i) => (row[i] += scale));
    }
    if (prior?.distribution === "InvGamma") {
      const [[shape], [scale]] = [prior.arguments["shape"], prior.arguments["scale"]];
      const variances = covariance.structure === "isotropic" ? [matrix[0][0]] : matrix.map((row, i) => row[i]);
      for (const variance of variances) sum -= (shape + 1) * Math.log(variance) + scale / variance;
    }
    const { x } = solve(matrix, penalty);
    sum -= 0.5 * x.reduce((trace, row, i) => trace + row[i], 0);
  }
  return sum;
}

/** Slope and curvature along each entry must put the maximum where the values are. */
function expectStationary(
  f: (values: Values) => number,
  values: Values,
  names: readonly string[],
  isSymmetric = false,
): void {
  const best = f(values);
  for (const name of names) {
    values[name].forEach((x, at) => {
      const moved = (step: number): number => {
        const copy = Float64Array.from(values[name]);
        copy[at] += step;
        // An entry of a symmetric matrix moves together with its mirror image.
        if (isSymmetric) {
          const n = Math.round(Math.sqrt(symmetricSize));
          const within = at % symmetricSize;
          const mirror = at - within + (within % n) * n + Math.floor(within / n);
          if (mirror !== at) copy[mirror] += step;
        }
        return f({ ...values, [name]: copy });
      };
      const h = 1e-4 * Math.max(Math.abs(x), 0.05);
      const [down, up] = [moved(-h), moved(h)];
      const curvature = up + down - 2 * best;
      expect(up).toBeLessThanOrEqual(best + 1e-9 * (1 + Math.abs(best)));
      expect(down).toBeLessThanOrEqual(best + 1e-9 * (1 + Math.abs(best)));
      if (-curvature > 1e-11 * (1 + Math.abs(best))) {
        expect(Math.abs((0.5 * (up - down)) / curvature)).toBeLessThan(0.05);
      }
    });
  }
}
let symmetricSize = 1;

const normalPrior = { distribution: "Normal", arguments: { mean: [0.3], covariance: [0.5] } };
const axes = fc.constantFrom<number[]>([], [0], [1], [0, 1], [1, 0]);

const block = (parameter: string, form: "full" | "shared", width: number): fc.Arbitrary<RegressionBlock> =>
  fc.record({ cellAxes: axes, hasPrior: fc.boolean() }).map(({ cellAxes, hasPrior }) => ({
    parameter,
    cellAxes,
    width,
    form,
    ...(hasPrior ? { prior: normalPrior } : {}),
  }));

const covariance = fc
  .record({
    structure: fc.constantFrom("full", "diagonal", "isotropic", "lowRank"),
    cellAxes: axes,
    hasPrior: fc.boolean(),
    isStandardDeviation: fc.boolean(),
  })
  .map(({ structure, cellAxes, hasPrior, isStandardDeviation }): RegressionCovariance => {
    const base = { parameter: "Q", structure, cellAxes };
    if (structure === "lowRank") return { ...base, rank: 1 };
    const isEntrywise = structure !== "full";
    if (isEntrywise && isStandardDeviation) return { ...base, form: "standardDeviation" };
    if (!hasPrior) return base;
    const prior = isEntrywise
      ? { distribution: "InvGamma", arguments: { shape: [2], scale: [0.7] } }
      : { distribution: "InvWishart", arguments: { degreesOfFreedom: [6], scale: [0.7] } };
    return { ...base, prior };
  });

const problems = fc
  .record({
    dimension: fc.integer({ min: 1, max: 3 }),
    intercept: fc.option(block("b", "full", 1), { nil: undefined }),
    slope: fc.option(block("A", "full", 2), { nil: undefined }),
    level: fc.option(block("c", "shared", 1), { nil: undefined }),
    covariance,
  })
  .map(({ dimension, intercept, slope, level, covariance }): RegressionProblem => {
    const blocks = [intercept, slope, level].filter((candidate) => candidate !== undefined);
    return { cells: [2, 2], dimension, blocks, covariance };
  });

describe("on random problems of every structure", () => {
  test.prop([problems, fc.integer({ min: 1, max: 1e6 }), fc.constantFrom(0, 0.1)], { numRuns: 100 })(
    "each conditional step maximises the penalised likelihood",
    (problem, seed, ridge) => {
      const setup = setUp(problem, seed, ridge);
      const statistics = statisticsOf(problem, setup.previous, setup.world);
      const updated = maximiseRegression(problem, statistics, setup.previous, setup.settings);
      const before = objective(setup, setup.previous);
      const after = objective(setup, updated);
      expect(after).toBeGreaterThanOrEqual(before - 1e-9 * (1 + Math.abs(before)));

      const names = problem.blocks.map((candidate) => candidate.parameter);
      const withOldCovariance = { ...updated, Q: setup.previous["Q"] };
      expectStationary((values) => objective(setup, values), withOldCovariance, names);

      // EM for factor analysis climbs slowly where a variance goes to 0; it is checked on its own below.
      if (problem.covariance.structure === "lowRank") return;
      symmetricSize = problem.dimension ** 2;
      expectStationary((values) => objective(setup, values), updated, ["Q"], problem.covariance.structure === "full");
    },
  );

  test.prop([problems, fc.integer({ min: 1, max: 1e6 })], { numRuns: 30 })(
    "is at rest at its fixed point",
    (problem, seed) => {
      const setup = setUp(problem, seed, 0.1);
      let values: Values = setup.previous;
      let last = -Infinity;
      for (let i = 0; i < 60; i++) {
        const now = objective(setup, values);
        expect(now).toBeGreaterThanOrEqual(last - 1e-9 * (1 + Math.abs(now)));
        last = now;
        values = maximiseRegression(problem, statisticsOf(problem, values, setup.world), values, setup.settings);
      }
      expect(objective(setup, values) - last).toBeLessThan(1e-4 * (1 + Math.abs(last)));
    },
  );
});

describe("parameters held fixed for one update", () => {
  test.prop([problems, fc.integer({ min: 1, max: 1e6 }), fc.subarray(["b", "A", "c", "Q"])], { numRuns: 40 })(
    "stay as they are, and the others are at their best around them",
    (problem, seed, held) => {
      const setup = setUp(problem, seed, 0.1);
      const settings = { ...setup.settings, fixed: new Set(held) };
      const updated: Values = {
        ...setup.previous,
        ...maximiseRegression(problem, statisticsOf(problem, setup.previous, setup.world), setup.previous, settings),
      };
      for (const name of held) expect(updated[name]).toEqual(setup.previous[name]);
      const free = problem.blocks.map((candidate) => candidate.parameter).filter((name) => !held.includes(name));
      const withOldCovariance = { ...updated, Q: setup.previous["Q"] };
      expectStationary((values) => objective(setup, values), withOldCovariance, free);
    },
  );
});

describe("known answers", () => {
  const line: RegressionProblem = {
    cells: [],
    dimension: 1,
    blocks: [{ parameter: "w", cellAxes: [], width: 2, form: "full" }],
    covariance: { parameter: "v", structure: "isotropic", cellAxes: [] },
  };
  const points = (pairs: readonly (readonly [number, number])[]): World => [
    pairs.map(([x, y]) => ({ weight: 1, regressors: [1, x], value: [y] })),
  ];

  it("fits the line through (0, 1), (1, 3), (2, 5), (3, 6): 1.2 + 1.7 x, residual variance 0.075", () => {
    const previous = { w: Float64Array.of(10, -4), v: Float64Array.of(2) };
    const world = points([
      [0, 1],
      [1, 3],
      [2, 5],
      [3, 6],
    ]);
    const { w, v } = maximiseRegression(line, statisticsOf(line, previous, world), previous);
    expect(w[0]).toBeCloseTo(1.2, 12);
    expect(w[1]).toBeCloseTo(1.7, 12);
    expect(v[0]).toBeCloseTo(0.075, 12);
  });

  it("keeps what collinear regressors leave open, and says so", () => {
    const previous = { w: Float64Array.of(0, 0), v: Float64Array.of(1) };
    const codes: string[] = [];
    const world = points([
      [1, 1],
      [1, 3],
    ]);
    const { w, v } = maximiseRegression(line, statisticsOf(line, previous, world), previous, {
      warn: (code) => codes.push(code),
    });
    expect(codes).toEqual(["singular-regression"]);
    expect(w[0] + w[1]).toBeCloseTo(2, 9);
    expect(w[0]).toBeCloseTo(1, 3);
    expect(v[0]).toBeCloseTo(1, 9);
  });

  it("keeps a variance that would be 0, and says so", () => {
    const previous = { w: Float64Array.of(1, 2), v: Float64Array.of(3) };
    const details: string[] = [];
    const world = points([
      [0, 1],
      [1, 3],
      [2, 5],
    ]);
    const { v } = maximiseRegression(line, statisticsOf(line, previous, world), previous, {
      warn: (code, detail) => details.push(`${code}: ${detail}`),
    });
    expect([...v]).toEqual([3]);
    expect(details).toEqual(["singular-covariance: cell 0 of v would not be positive definite"]);
  });

  it("keeps the values of a cell without weight", () => {
    const problem: RegressionProblem = {
      cells: [2],
      dimension: 1,
      blocks: [{ parameter: "w", cellAxes: [0], width: 1, form: "full" }],
      covariance: { parameter: "v", structure: "isotropic", cellAxes: [0] },
    };
    const previous = { w: Float64Array.of(1, 2), v: Float64Array.of(3, 4) };
    const world: World = [
      [
        { weight: 1, regressors: [1], value: [0] },
        { weight: 1, regressors: [1], value: [6] },
      ],
      [],
    ];
    const { w, v } = maximiseRegression(problem, statisticsOf(problem, previous, world), previous, { ridge: 1e-3 });
    expect(w[0]).toBeCloseTo(3, 14);
    expect(w[1]).toBe(2);
    // The ridge adds lambda (N/K) v / n = 1e-3 * 1 / 2.
    expect(v[0]).toBeCloseTo(9.0005, 12);
    expect(v[1]).toBe(4);
  });

  it("estimates a mean far from its previous value without loss", () => {
    const problem: RegressionProblem = { ...line, blocks: [{ parameter: "w", cellAxes: [], width: 1, form: "full" }] };
    const values = [1e4, 1e4 + 1, 1e4 + 2];
    const world = [values.map((y) => ({ weight: 1, regressors: [1], value: [y] }))];
    const previous = { w: Float64Array.of(1e4 + 0.5), v: Float64Array.of(1) };
    const { w, v } = maximiseRegression(problem, statisticsOf(problem, previous, world), previous);
    expect(w[0]).toBe(1e4 + 1);
    expect(v[0]).toBeCloseTo(2 / 3, 13);
  });
});

describe("low-rank covariance", () => {
  it("raises the likelihood to that of the factor model the data have", () => {
    const problem: RegressionProblem = {
      cells: [],
      dimension: 4,
      blocks: [],
      covariance: { parameter: "Q", structure: "lowRank", rank: 1, cellAxes: [] },
    };
    const loadings = [1, -2, 0.5, 1.5];
    const target = loadings.map((a, i) => loadings.map((b, j) => a * b + (i === j ? 0.3 + 0.1 * i : 0)));
    const statistics = {
      count: Float64Array.of(100),
      scatter: Float64Array.from(target.flat(), (value) => 100 * value),
    };
    let values = { Q: Float64Array.from({ length: 8 }, (_, at) => (at % 2 === 1 ? 1 : 0)) };
    for (let i = 0; i < 20; i++) values = { ...values, ...maximiseRegression(problem, statistics, values) };
    covarianceOf(problem, values, 0).forEach((row, i) =>
      row.forEach((value, j) => expect(Math.abs(value - target[i][j])).toBeLessThan(1e-6)),
    );
  });
});

describe("degrees of freedom", () => {
  const problem: RegressionProblem = {
    cells: [2],
    dimension: 1,
    blocks: [],
    covariance: { structure: "isotropic", cellAxes: [], constant: 1 },
    degreesOfFreedom: { parameter: "nu", cellAxes: [] },
  };
  const run = (tails: readonly number[]): number =>
    maximiseRegression(
      problem,
      { count: Float64Array.of(3, 1), scatter: Float64Array.of(1, 1), tail: Float64Array.from(tails) },
      { nu: Float64Array.of(7) },
    )["nu"][0];

  it("inverts the expectations of Gamma(v/2, v/2), pooled over tied cells", () => {
    for (const v of [0.5, 3, 40]) {
      const tail = digamma(v / 2) - Math.log(v / 2) - 1;
      expect(run([3 * tail, tail]) / v).toBeCloseTo(1, 10);
      expect(run([4 * tail, 0]) / v).toBeCloseTo(1, 10);
    }
  });

  it("stays between 0.01 and 10000", () => {
    expect(run([-3, -1])).toBe(1e4);
    expect(run([-3e5, 0])).toBeCloseTo(0.01, 12);
  });
});
