import fc from "fast-check";
import type { PlanEnvironment, DrawSource } from "../../src/ir/interpret-plan.js";
import { PlanBuilder } from "../../src/ir/plan-builder.js";
import type { NodeId } from "../../src/ir/plan.js";

/**
 * Random plan functions as recipes: a list of steps, each of which makes a node from earlier ones. A recipe can be built
 * twice (with and without folding), and shrinks to its shortest failing list.
 *
 * Axes: `n` the rows, `k` of symbolic size, `d` and its twin `e`, `s` of literal size 2. Every node in the pool is of
 * moderate size, so that every operation stays inside its domain.
 */
export interface PlanRecipe {
  readonly steps: readonly { readonly step: StepName; readonly first: number; readonly second: number }[];
}

export const planSizes = { rows: 3, K: 2, D: 3 } as const;

/** A deterministic number in (-1, 1) per argument. */
function wiggle(seed: number): number {
  const value = Math.sin(12.9898 * (seed + 1)) * 43758.5453;
  return 2 * (value - Math.floor(value)) - 1;
}

export function planParameters(): Record<string, Float64Array> {
  const entries = (name: string, length: number): Float64Array =>
    Float64Array.from({ length }, (_, i) => 1.2 * wiggle(17 * name.charCodeAt(0) + 3.7 * i));
  return {
    scalar: entries("s", 1),
    table: entries("t", planSizes.K),
    loadings: entries("l", planSizes.K * planSizes.D),
  };
}

export function planEnvironment(parameters: Record<string, Float64Array> = planParameters()): PlanEnvironment {
  const { rows, K, D } = planSizes;
  return {
    sizes: { K, D },
    rows,
    inputs: {
      parameter: parameters,
      data: {
        x: Float64Array.from({ length: rows * D }, (_, i) => (i === 4 ? NaN : wiggle(100 + i))),
        label: Float64Array.from({ length: rows }, (_, i) => (i === 1 ? NaN : i % K)),
      },
    },
    stream: numberedStream,
  };
}

/** Draws that depend on the site and the count alone. */
export function numberedStream(site: string): DrawSource {
  let count = [...site].reduce((total, character) => total + character.charCodeAt(0), 0);
  const next = (): number => 0.5 + 0.49 * wiggle(count++);
  return {
    uniform: next,
    normal: () => 4 * next() - 2,
    gamma: (shape) => shape * next(),
    beta: next,
    poisson: (mean) => Math.floor(mean + 3 * next()),
    binomial: (n, p) => Math.round(n * p),
    vonMises: (mean) => mean + next(),
  };
}

interface Making {
  readonly b: PlanBuilder;
  readonly x: NodeId;
  readonly y: NodeId;
  /** Keeps values moderate. */
  readonly squash: (id: NodeId) => NodeId;
  readonly positive: (id: NodeId) => NodeId;
  /** Axes to reduce; the operand may lack them. */
  readonly over: readonly string[];
}

const makers = {
  add: ({ b, x, y }) => b.plus(x, y),
  subtract: ({ b, x, y }) => b.minus(x, y),
  multiply: ({ b, x, y, squash }) => squash(b.times(x, y)),
  divide: ({ b, x, y, positive, squash }) => squash(b.over(x, positive(y))),
  power: ({ b, x, y, positive, squash }) => squash(b.binary("power", positive(x), b.unary("tanh", y))),
  maximum: ({ b, x, y }) => b.binary("maximum", x, y),
  minimum: ({ b, x, y }) => b.binary("minimum", x, y),
  square: ({ b, x, squash }) => squash(b.unary("square", x)),
  reciprocal: ({ b, x, positive, squash }) => squash(b.unary("reciprocal", positive(x))),
  exp: ({ b, x, squash }) => squash(b.unary("exp", b.unary("tanh", x))),
  expm1: ({ b, x, squash }) => squash(b.unary("expm1", b.unary("tanh", x))),
  log: ({ b, x, positive }) => b.unary("log", positive(x)),
  log1p: ({ b, x }) => b.unary("log1p", b.unary("square", b.unary("tanh", x))),
  sqrt: ({ b, x, positive }) => b.unary("sqrt", positive(x)),
  logGamma: ({ b, x, positive, squash }) => squash(b.unary("logGamma", positive(x))),
  logBesselI0: ({ b, x, positive, squash }) => squash(b.unary("logBesselI0", positive(x))),
  besselRatio: ({ b, x, positive }) => b.unary("besselRatio", positive(x)),
  negate: ({ b, x }) => b.unary("negate", x),
  sin: ({ b, x }) => b.unary("sin", x),
  cos: ({ b, x }) => b.unary("cos", x),
  tanh: ({ b, x }) => b.unary("tanh", x),
  softplus: ({ b, x }) => b.unary("softplus", x),
  sigmoid: ({ b, x }) => b.unary("sigmoid", x),
  relu: ({ b, x }) => b.unary("relu", x),
  leakyRelu: ({ b, x }) => b.unary("leakyRelu", x),
  abs: ({ b, x }) => b.unary("abs", x),
  step: ({ b, x, y }) => b.times(b.unary("step", b.input("data", "x", ["n", "d"])), b.minus(x, y)),
  select: ({ b, x, y }) => b.select(b.binary("less", b.position("k"), b.constant(1)), x, y),
  guardedLogarithm: ({ b, x, y }) => {
    const isPositive = b.binary("less", b.constant(0), x);
    return b.select(isPositive, b.unary("tanh", b.unary("log", x)), y);
  },
  missing: ({ b, x }) => {
    const data = b.input("data", "x", ["n", "d"]);
    return b.select(b.unary("isPresent", data), b.times(x, b.unary("presentOrZero", data)), b.constant(0.25));
  },
  sum: ({ b, x, squash, over }) => squash(b.sum(x, over)),
  sumAbsent: ({ b, x, squash }) => squash(b.sum(x, ["d", "k"])),
  max: ({ b, x, over }) => b.max(x, over),
  logSumExp: ({ b, x, over }) => b.logSumExp(x, over),
  shiftedLogSumExp: ({ b, x, y, over }) => b.logSumExp(b.minus(x, b.sum(b.unary("tanh", y), over)), over),
  softmax: ({ b, x, over }) => b.softmax(x, over),
  contract: ({ b, x, y, squash }) => squash(b.contract([x, y], ["d"])),
  contractMany: ({ b, x, y, squash }) =>
    squash(b.contract([x, y, x, b.input("parameter", "table", ["k"])], ["k", "n"])),
  gather: ({ b, x, y }) => {
    const label = b.input("data", "label", ["n"]);
    return b.select(
      b.unary("isPresent", label),
      b.gather(b.plus(x, b.input("parameter", "table", ["k"])), "k", label),
      y,
    );
  },
  scatterAdd: ({ b, x, squash }) => {
    const label = b.input("data", "label", ["n"]);
    return squash(b.scatterAdd(b.slice(x, "k", 1), "k", label, ["n"]));
  },
  rename: ({ b, x }) => b.rename(b.slice(x, "e", 1), "d", "e"),
  diagonal: ({ b, x, y }) => b.diagonal(b.times(x, y), "d", "e"),
  outerDiagonal: ({ b, x, y }) => b.diagonal(b.minus(b.sum(x, ["e"]), b.rename(b.sum(y, ["e"]), "d", "e")), "d", "e"),
  slice: ({ b, x }) => b.slice(x, "k", 1),
  stack: ({ b, x, y }) => b.logSumExp(b.stack([b.slice(x, "s", 0), b.slice(y, "s", 1)], "s"), ["s"]),
  stackedSoftmax: ({ b, x, y }) =>
    b.slice(
      b.softmax(
        b.stack(
          [x, y].map((id) => b.slice(id, "s", 0)),
          "s",
        ),
        ["s"],
      ),
      "s",
      1,
    ),
  cholesky: ({ b, x }) => b.cholesky(definite(b, x), "d", "e"),
  solve: ({ b, x, y, squash }) => {
    const factor = b.cholesky(definite(b, x), "d", "e");
    return squash(b.rename(b.triangularSolve(factor, b.slice(y, "e", 0), "d", "e"), "e", "d"));
  },
  solveTransposed: ({ b, x, y, squash }) => {
    const factor = b.cholesky(definite(b, x), "d", "e");
    const right = b.rename(b.slice(y, "e", 0), "d", "e");
    return squash(b.triangularSolve(factor, right, "d", "e", true));
  },
  draw: ({ b, x }) => b.plus(x, b.draw("normal", [], ["n"], "noise")),
  drawWithArguments: ({ b, x }) =>
    b.times(x, b.unary("tanh", b.draw("beta", [b.constant(2), b.constant(3)], ["k"], "share"))),
  logOfSumOfExponentials: ({ b, x, over }) => b.unary("log", b.sum(b.unary("exp", x), over)),
  logOfTwoExponentials: ({ b, x, y }) => b.unary("log", b.plus(b.unary("exp", x), b.unary("exp", y))),
  logOfSigmoid: ({ b, x }) => b.unary("log", b.unary("sigmoid", x)),
  logOfOneMinusSigmoid: ({ b, x }) => b.unary("log", b.minus(b.constant(1), b.unary("sigmoid", x))),
  logOfOnePlusExp: ({ b, x }) => b.unary("log", b.plus(b.constant(1), b.unary("exp", x))),
  logOfSoftmax: ({ b, x, over }) => b.unary("log", b.softmax(x, over)),
  normalisedExponentials: ({ b, x, over }) => b.over(b.unary("exp", x), b.sum(b.unary("exp", x), over)),
  logistic: ({ b, x }) => b.over(b.constant(1), b.plus(b.constant(1), b.unary("exp", b.unary("negate", x)))),
  scaled: ({ b, x }) => b.sum(b.times(b.constant(0.5), b.times(b.input("parameter", "table", ["k"]), x)), ["d"]),
  identityTimes: ({ b, x, squash }) => squash(b.contract([b.identity("d", "e"), b.slice(x, "e", 1)], ["d"])),
  mean: ({ b, x }) => b.over(b.sum(x, ["n"]), b.size("n")),
} satisfies Record<string, (making: Making) => NodeId>;

export type StepName = keyof typeof makers;
export const stepNames = Object.keys(makers).filter((name): name is StepName => name in makers);

const everyAxis = ["n", "k", "d", "e", "s"] as const;
const axisChoices = [["n"], ["k"], ["d"], ["d", "k"], ["e", "n"]] as const;

/** x x' + 1/2 I along d and its twin e. */
function definite(b: PlanBuilder, x: NodeId): NodeId {
  const vector = b.slice(x, "e", 0);
  const outer = b.times(vector, b.rename(vector, "d", "e"));
  return b.plus(outer, b.times(b.constant(0.5), b.identity("d", "e")));
}

export function planRecipe(maxSteps = 10): fc.Arbitrary<PlanRecipe> {
  const index = fc.nat({ max: 30 });
  return fc.record({
    steps: fc.array(fc.record({ step: fc.constantFrom(...stepNames), first: index, second: index }), {
      minLength: 1,
      maxLength: maxSteps,
    }),
  });
}

export interface BuiltRecipe {
  readonly builder: PlanBuilder;
  /** Nodes of the parameters scalar [], table [k], loadings [k, d]. */
  readonly parameters: Readonly<Record<string, NodeId>>;
  readonly pool: readonly NodeId[];
  /** A weighted sum of all cells of all nodes. */
  readonly total: NodeId;
}

export function buildRecipe(recipe: PlanRecipe, builder = new PlanBuilder()): BuiltRecipe {
  const b = builder;
  b.axis("n", { kind: "rows" });
  b.axis("k", { kind: "symbol", name: "K" });
  b.axis("d", { kind: "symbol", name: "D" });
  b.axis("e", { kind: "symbol", name: "D" });
  b.axis("s", { kind: "literal", value: 2 });
  const parameters = {
    scalar: b.input("parameter", "scalar", []),
    table: b.input("parameter", "table", ["k"]),
    loadings: b.input("parameter", "loadings", ["k", "d"]),
  };
  const data = b.unary("presentOrZero", b.input("data", "x", ["n", "d"]));
  const pool: NodeId[] = [
    ...Object.values(parameters),
    data,
    b.plus(b.times(data, parameters.table), parameters.scalar),
  ];
  const squash = (id: NodeId): NodeId => b.unary("tanh", b.scale(0.7, id));
  const positive = (id: NodeId): NodeId => b.plus(b.unary("softplus", id), b.constant(0.3));
  for (const { step, first, second } of recipe.steps) {
    // Counted from the end, so that deep functions are common.
    const pick = (index: number): NodeId => pool[pool.length - 1 - (index % pool.length)];
    const over = axisChoices[second % axisChoices.length];
    pool.push(b.rule(step, () => makers[step]({ b, x: pick(first), y: pick(second), squash, positive, over })));
  }
  const total = pool
    .map((id, i) => b.sum(b.times(b.constant(1 / (1 + i)), b.unary("sin", b.plus(id, b.scale(0.3, id)))), everyAxis))
    .reduce((left, right) => b.plus(left, right));
  return { builder: b, parameters, pool, total };
}
