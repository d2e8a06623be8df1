import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deriveProgram } from "../../src/compile/index.js";
import type { DensityFactor, Expression, Model } from "../../src/ir/model.js";
import type { ClosedUpdate, RegressionUpdate } from "../../src/ir/program.js";
import { staticModel } from "../arbitraries/static-model.js";
import {
  answerRow,
  evaluate,
  gaussJordan,
  matrix,
  placesOf,
  readVariable,
  variableOf,
  vector,
  type Assignment,
  type Scope,
  type Value,
  type World,
} from "../oracles/enumeration.js";
import { columns, flatten, randomWorld, stored } from "../oracles/random-world.js";
import { InterpretedProgram, sizeInNumbers } from "../support/interpreted-program.js";
import { isSmall, modelOf } from "../support/random-models.js";

const runs = process.env["GENC_SLOW"] === undefined ? 150 : 2000;

/** Every (row, place, assignment) with its posterior weight: what the expected statistics are sums over. */
function* weightedCells(model: Model, world: World, factor: DensityFactor) {
  const weightName = model.axes.find((axis) => axis.weight !== undefined)?.weight;
  for (let row = 0; row < world.rows.length; row++) {
    const weight = weightName === undefined ? 1 : (world.rows[row]![weightName] as number);
    for (const { assignment, probability } of answerRow(model, world, row).posterior)
      for (const place of placesOf(model, world, variableOf(model, factor.child)))
        yield { scope: scopeOf(model, world, factor, row, place, assignment), weight: weight * probability };
  }
}

function scopeOf(
  model: Model,
  world: World,
  factor: DensityFactor,
  row: number,
  place: readonly number[],
  assignment: Assignment,
): Scope {
  return { model, world, row, place, axes: variableOf(model, factor.child).axes, assignment };
}

function factorsReading(model: Model, parameter: string): readonly DensityFactor[] {
  const reads = (expression: Expression): boolean =>
    expression.kind === "parameter"
      ? expression.name === parameter
      : expression.kind === "apply" && expression.arguments.some(reads);
  return model.factors.filter(
    (factor): factor is DensityFactor => factor.kind === "density" && Object.values(factor.arguments).some(reads),
  );
}

/** The cell of a parameter that an expression reads, by its indices. */
function indicesIn(scope: Scope, expression: Expression, parameter: string): readonly number[] | undefined {
  if (expression.kind === "parameter" && expression.name === parameter)
    return expression.indices.map((index) => evaluate(scope, index) as number);
  if (expression.kind !== "apply") return undefined;
  for (const argument of expression.arguments) {
    const found = indicesIn(scope, argument, parameter);
    if (found !== undefined) return found;
  }
  return undefined;
}

function flatIndex(indices: readonly number[], sizes: readonly number[]): number {
  return indices.reduce((flat, index, i) => flat * sizes[i]! + index, 0);
}

/** Sums that only need the definition of a family's statistics: totals, logarithms, counts of categories. */
const plainStatistics: Record<string, (x: number) => Record<string, number>> = {
  Poisson: (x) => ({ total: x }),
  Exponential: (x) => ({ total: x }),
  Bernoulli: (x) => ({ total: x }),
  Binomial: (x) => ({ total: x, trials: 5 }),
  Gamma: (x) => ({ total: x, logTotal: Math.log(x) }),
  Beta: (x) => ({ logTotal: Math.log(x), complementLogTotal: Math.log(1 - x) }),
  VonMises: (x) => ({ cosineTotal: Math.cos(x), sineTotal: Math.sin(x) }),
};

function expectedClosed(model: Model, world: World, update: ClosedUpdate): Record<string, number[]> | undefined {
  const size = (one: Parameters<typeof sizeInNumbers>[0]): number => sizeInNumbers(one, world.sizes);
  const [parameter] = Object.values(update.parameters);
  const cells = update.cells.map(size);
  const count = cells.reduce((a, b) => a * b, 1);
  const sums: Record<string, number[]> = {};
  const add = (name: string, cell: number, value: number, length: number): void => {
    sums[name] ??= Array<number>(length).fill(0);
    sums[name][cell]! += value;
  };
  for (const factor of factorsReading(model, parameter!)) {
    for (const { scope, weight } of weightedCells(model, world, factor)) {
      const argument = Object.values(factor.arguments).find(
        (candidate) => indicesIn(scope, candidate, parameter!) !== undefined,
      )!;
      const cell = flatIndex(indicesIn(scope, argument, parameter!)!, cells);
      const child = readVariable(scope, factor.child);
      if (update.distribution === "Categorical" || update.distribution === "Multinomial") {
        const width = size(update.width!);
        add("count", cell, Number.isNaN(child) ? 0 : weight, count);
        const occurrences =
          typeof child === "number" ? Array.from({ length: width }, (_, v) => (v === child ? 1 : 0)) : flatten(child);
        if (update.distribution === "Multinomial") delete sums["count"];
        occurrences.forEach((value, v) => add("occurrences", cell * width + v, weight * value, count * width));
        continue;
      }
      const plain = plainStatistics[update.distribution];
      if (plain === undefined) return undefined;
      for (const x of flatten(child)) {
        if (Number.isNaN(x)) continue;
        for (const [name, value] of Object.entries({ count: 1, ...plain(x) })) add(name, cell, weight * value, count);
      }
    }
  }
  return sums;
}

/** Count, cross and scatter of the residual, missing entries filled in by their conditional moments. */
function expectedRegression(
  model: Model,
  world: World,
  update: RegressionUpdate,
): Record<string, number[]> | undefined {
  const size = (one: Parameters<typeof sizeInNumbers>[0]): number => sizeInNumbers(one, world.sizes);
  const d = size(update.dimension);
  const cells = update.cells.map(size);
  const total = cells.reduce((a, b) => a * b, 1);
  const parameter = update.covariance.parameter;
  const [factor] = parameter === undefined ? [] : factorsReading(model, parameter);
  if (factor === undefined) return undefined;
  if (factor.distribution !== "Normal" || factorsReading(model, parameter!).length > 1) return undefined;
  const { structure } = update.covariance;
  const own = update.covariance.cellAxes.map((axis) => cells[axis]!);
  const count = Array<number>(total).fill(0);
  const covariances = own.reduce((a, b) => a * b, 1);
  const scatter = Array<number>(
    covariances * (structure === "isotropic" ? 1 : structure === "diagonal" ? d : d * d),
  ).fill(0);
  for (const { scope, weight } of weightedCells(model, world, factor)) {
    const spread = factor.arguments["covariance"] ?? factor.arguments["sd"]!;
    const indices = indicesIn(scope, spread, parameter!)!;
    const cell = flatIndex(indices, own);
    const x = flatten(readVariable(scope, factor.child));
    const mean = vector(evaluate(scope, factor.arguments["mean"]!), d);
    const value = evaluate(scope, spread);
    const s =
      factor.arguments["covariance"] === undefined
        ? matrix((typeof value === "number" ? value ** 2 : value.map((v) => (v as number) ** 2)) as Value, undefined, d)
        : matrix(value, spread.type, d);
    const seen = x.map((_, i) => i).filter((i) => !Number.isNaN(x[i]!));
    if (seen.length === 0) continue;
    const { inverse } = gaussJordan(seen.map((i) => seen.map((j) => s[i]![j]!)));
    const gain = x.map((_, i) => seen.map((_o, a) => seen.reduce((sum, o, b) => sum + s[i]![o]! * inverse[b]![a]!, 0)));
    const e = x.map((_, i) => seen.reduce((sum, o, a) => sum + gain[i]![a]! * (x[o]! - mean[o]!), 0));
    const position: number[] = [];
    update.covariance.cellAxes.forEach((axis, i) => (position[axis] = indices[i]!));
    if (own.length === cells.length) count[flatIndex(position, cells)]! += weight;
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        const covariance = s[i]![j]! - seen.reduce((sum, o, a) => sum + gain[i]![a]! * s[o]![j]!, 0);
        const moment = weight * (e[i]! * e[j]! + covariance);
        if (structure === "full" || structure === "lowRank") scatter[(cell * d + i) * d + j]! += moment;
        else if (i === j) scatter[structure === "diagonal" ? cell * d + i : cell]! += moment;
      }
    }
  }
  // The grid's order is read off the covariance alone: counts of grids with further axes are left to the other tests.
  return own.length === cells.length ? { count, scatter } : { scatter };
}

describe("E-step statistics of random models", () => {
  test("equal sums over every assignment", () => {
    let compared = 0;
    fc.assert(
      fc.property(staticModel({ priors: false, missing: true, weights: true }), (one) => {
        const model = modelOf(one.text);
        fc.pre(isSmall(model, one.sizes));
        const world = randomWorld(model, one.sizes, one.seed, 4);
        const program = deriveProgram(model);
        const statistics = new InterpretedProgram(program, one.sizes, columns(world), 4).eStep(
          stored(world.parameters),
        );
        for (const update of program.updates) {
          if (update.kind === "gradient") continue;
          const expected =
            update.kind === "closed" ? expectedClosed(model, world, update) : expectedRegression(model, world, update);
          for (const [name, want] of Object.entries(expected ?? {})) {
            const stat = (update.statistics as Record<string, string>)[name]!;
            const got = [...statistics[stat]!];
            compared++;
            expect(got.length, stat).toBe(want.length);
            got.forEach((value, i) =>
              expect(Math.abs(value - want[i]!), `${stat}[${i}]: ${value} and ${want[i]}`).toBeLessThanOrEqual(
                1e-9 * (1 + Math.abs(want[i]!)),
              ),
            );
          }
        }
      }),
      { numRuns: runs },
    );
    expect(compared).toBeGreaterThan(runs);
  });
});

describe("gradient updates of random models", () => {
  test("the gradient is the slope of the expected log-joint, and the expected log-joint bounds the gain", () => {
    let compared = 0;
    fc.assert(
      fc.property(staticModel({ priors: true, missing: true, weights: true }), (one) => {
        const model = modelOf(one.text);
        const program = deriveProgram(model);
        const gradients = program.updates.filter((update) => update.kind === "gradient");
        fc.pre(gradients.length > 0);
        const world = randomWorld(model, one.sizes, one.seed, 4);
        const run = new InterpretedProgram(program, one.sizes, columns(world), 4);
        const previous = stored(world.parameters);
        const current = stored(randomWorld(model, one.sizes, one.seed + 1, 0).parameters);
        for (const update of gradients) {
          const objective = update.objective.incomplete ?? update.objective.complete;
          const at = (parameters: Record<string, Float64Array>): Record<string, Float64Array> =>
            run.run(objective, { ...current, ...parameters }, previous);
          const value = at({});
          if (!Number.isFinite(value["objective"]![0]!)) continue;
          for (const name of update.parameters) {
            const { domain } = model.parameters.find((parameter) => parameter.name === name)!;
            // A step off the simplex or off the symmetric matrices is no parameter: those are checked as maximisers.
            if (domain.kind !== "real" && domain.kind !== "positive") continue;
            const slope = value[`gradient.${name}`]!;
            for (let i = 0; i < slope.length; i++) {
              const h = 1e-5;
              const moved = (by: number): number => {
                const values = Float64Array.from(current[name]!);
                values[i]! += by;
                return at({ [name]: values })["objective"]![0]!;
              };
              const difference = (moved(h) - moved(-h)) / (2 * h);
              compared++;
              expect(
                Math.abs(slope[i]! - difference),
                `${name}[${i}]: ${slope[i]} and ${difference}`,
              ).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(difference)));
            }
          }
        }
      }),
      { numRuns: Math.ceil(runs / 2) },
    );
    expect(compared).toBeGreaterThan(0);
  });
});
