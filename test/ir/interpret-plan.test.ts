import { describe, expect, it } from "vitest";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import { PlanBuilder } from "../../src/ir/plan-builder.js";
import type { NodeId } from "../../src/ir/plan.js";
import { numberedStream } from "../arbitraries/plan.js";

const sizes = { K: 2, D: 3 };

function builderWithAxes(): PlanBuilder {
  const b = new PlanBuilder({ fold: false });
  b.axis("n", { kind: "rows" });
  b.axis("k", { kind: "symbol", name: "K" });
  b.axis("d", { kind: "symbol", name: "D" });
  b.axis("e", { kind: "symbol", name: "D" });
  b.axis("s", { kind: "literal", value: 2 });
  return b;
}

/** One output, of a node made from tables. */
function evaluate(
  tables: Record<string, readonly number[]>,
  axes: readonly string[],
  make: (b: PlanBuilder) => NodeId,
  rows = 2,
): number[] {
  const b = builderWithAxes();
  b.output("result", make(b), axes);
  const table = Object.fromEntries(Object.entries(tables).map(([name, values]) => [name, Float64Array.from(values)]));
  return [...interpretPlan(b.build("test"), { sizes, rows, inputs: { table } }).result];
}

describe("layout", () => {
  it("reads inputs and stores outputs in their own orders", () => {
    const transposed = evaluate({ a: [1, 2, 3, 4, 5, 6] }, ["d", "k"], (b) => b.input("table", "a", ["k", "d"]));
    expect(transposed).toEqual([1, 4, 2, 5, 3, 6]);
  });
  it("repeats a value along axes that its node lacks", () => {
    expect(evaluate({ a: [7, 8] }, ["k", "n"], (b) => b.input("table", "a", ["k"]), 3)).toEqual([7, 7, 7, 8, 8, 8]);
  });
  it("adds to accumulated outputs, and writes those of rows anew", () => {
    const b = builderWithAxes();
    const x = b.input("data", "x", ["n"]);
    b.output("total", b.sum(x, ["n"]), []);
    b.output("each", x, ["n"]);
    const accumulate = { total: Float64Array.of(100), each: Float64Array.of(50, 50) };
    const environment = { sizes, rows: 2, inputs: { data: { x: Float64Array.of(1, 2) } }, accumulate };
    const results = interpretPlan(b.build("sum"), environment);
    expect([...results.total]).toEqual([103]);
    expect(accumulate.total[0]).toBe(103);
    expect([...results.each]).toEqual([1, 2]);
  });
  it("says which input is missing or of a wrong length", () => {
    expect(() => evaluate({}, ["k"], (b) => b.input("table", "a", ["k"]))).toThrow("table a is not given");
    expect(() => evaluate({ a: [1] }, ["k"], (b) => b.input("table", "a", ["k"]))).toThrow("1 entries instead of 2");
  });
  it("adds up the sizes of a concatenation", () => {
    const b = builderWithAxes();
    b.axis("both", {
      kind: "sum",
      terms: [
        { kind: "symbol", name: "K" },
        { kind: "literal", value: 3 },
      ],
    });
    b.output("size", b.size("both"), []);
    b.output("positions", b.position("both"), ["both"]);
    const results = interpretPlan(b.build("sizes"), { sizes, rows: 0, inputs: {} });
    expect([...results.size]).toEqual([5]);
    expect([...results.positions]).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("reductions at the edges of float64", () => {
  const reduce = (name: "sum" | "max" | "logSumExp", values: readonly number[]): number =>
    evaluate({ a: values }, [], (b) => b.reduce(name, b.input("table", "a", ["k"]), ["k"]))[0];
  it.each([
    ["sum", [1e308, 1e308], Infinity],
    ["max", [-Infinity, -1e308], -1e308],
    ["max", [NaN, 1], NaN],
    ["logSumExp", [1e308, 1e308], 1e308],
    ["logSumExp", [-1e308, -1e308], -1e308],
    ["logSumExp", [1e308, -1e308], 1e308],
    ["logSumExp", [-Infinity, -Infinity], -Infinity],
    ["logSumExp", [-Infinity, 3], 3],
    ["logSumExp", [Infinity, 3], Infinity],
    ["logSumExp", [Infinity, -Infinity], Infinity],
    ["logSumExp", [NaN, 3], NaN],
    ["logSumExp", [0, 0], Math.LN2],
    ["logSumExp", [1000, 1000 + Math.log(3)], 1000 + Math.log(4)],
  ] as const)("%s of %j", (name, values, expected) => {
    const actual = reduce(name, values);
    if (Number.isFinite(expected)) expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-15 * Math.abs(expected));
    else expect(actual).toBe(expected);
  });

  const softmax = (values: readonly number[]): number[] =>
    evaluate({ a: values }, ["k"], (b) => b.softmax(b.input("table", "a", ["k"]), ["k"]));
  it("softmax", () => {
    expect(softmax([-Infinity, -Infinity])).toEqual([0, 0]);
    expect(softmax([-Infinity, 5])).toEqual([0, 1]);
    expect(softmax([1e308, -1e308])).toEqual([1, 0]);
    expect(softmax([Math.log(1), Math.log(3)])[1]).toBeCloseTo(0.75, 15);
  });
  it("over no rows", () => {
    const empty = (name: "sum" | "max" | "logSumExp"): number =>
      evaluate({ a: [] }, [], (b) => b.reduce(name, b.input("table", "a", ["n"]), ["n"]), 0)[0];
    expect(empty("sum")).toBe(0);
    expect(empty("max")).toBe(-Infinity);
    expect(empty("logSumExp")).toBe(-Infinity);
  });
});

describe("choosing entries", () => {
  const table = [10, 11, 20, 21, 30, 31];
  it("gather aligns shared axes and gives NaN for a missing or impossible index", () => {
    const gathered = evaluate({ a: table, i: [2, 0] }, ["k"], (b) =>
      b.gather(b.input("table", "a", ["d", "k"]), "d", b.input("table", "i", ["k"])),
    );
    expect(gathered).toEqual([30, 11]);
    const outside = evaluate(
      { a: [1, 2, 3], i: [NaN, 3, -1, 1] },
      ["n"],
      (b) => b.gather(b.input("table", "a", ["d"]), "d", b.input("table", "i", ["n"])),
      4,
    );
    expect(outside).toEqual([NaN, NaN, NaN, 2]);
  });
  it("scatterAdd adds where the index says, and skips what has none", () => {
    const added = evaluate(
      { x: [1, 2, 4, 8, 16], i: [0, 2, 0, NaN, 3] },
      ["d"],
      (b) => b.scatterAdd(b.input("table", "x", ["n"]), "d", b.input("table", "i", ["n"]), ["n"]),
      5,
    );
    expect(added).toEqual([5, 0, 2]);
  });
  it("select takes one branch whole", () => {
    const chosen = evaluate({ c: [1, 0], a: [1, NaN], z: [NaN, 4] }, ["k"], (b) =>
      b.select(b.input("table", "c", ["k"]), b.input("table", "a", ["k"]), b.input("table", "z", ["k"])),
    );
    expect(chosen).toEqual([1, 4]);
  });
  it("diagonal, slice, stack, rename", () => {
    const square = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const input = (b: PlanBuilder): NodeId => b.input("table", "a", ["d", "e"]);
    expect(evaluate({ a: square }, ["d"], (b) => b.diagonal(input(b), "d", "e"))).toEqual([1, 5, 9]);
    expect(evaluate({ a: square }, ["e"], (b) => b.slice(input(b), "d", 2))).toEqual([7, 8, 9]);
    expect(evaluate({ a: [1, 2, 3] }, ["e"], (b) => b.rename(b.input("table", "a", ["d"]), "d", "e"))).toEqual([
      1, 2, 3,
    ]);
    const stacked = evaluate({ x: [1, 2], y: [3] }, ["k", "s"], (b) =>
      b.stack([b.input("table", "x", ["k"]), b.input("table", "y", [])], "s"),
    );
    expect(stacked).toEqual([1, 3, 2, 3]);
  });
});

describe("contract", () => {
  it("is a matrix product", () => {
    // [1 2 3; 4 5 6] times [1 0 2; 0 1 0; 1 1 1], by hand.
    const product = evaluate({ a: [1, 2, 3, 4, 5, 6], m: [1, 0, 2, 0, 1, 0, 1, 1, 1] }, ["k", "e"], (b) =>
      b.contract([b.input("table", "a", ["k", "d"]), b.input("table", "m", ["d", "e"])], ["d"]),
    );
    expect(product).toEqual([4, 5, 5, 10, 11, 14]);
  });
  it("multiplies by the size of an axis that no operand has", () => {
    expect(
      evaluate({ a: [2, 5] }, [], (b) => b.contract([b.input("table", "a", ["k"]), b.constant(1)], ["k", "d"])),
    ).toEqual([21]);
  });
});

describe("linear algebra", () => {
  // The factor of Rosetta Code's and Wikipedia's example: [4 12 -16; 12 37 -43; -16 -43 98] = L L'.
  const matrix = [4, 12, -16, 12, 37, -43, -16, -43, 98];
  const factor = [2, 0, 0, 6, 1, 0, -8, 5, 3];
  const input = (b: PlanBuilder, name: string): NodeId => b.input("table", name, ["d", "e"]);
  it("cholesky", () => {
    expect(evaluate({ a: matrix }, ["d", "e"], (b) => b.cholesky(input(b, "a"), "d", "e"))).toEqual(factor);
  });
  it("cholesky reads the lower triangle only", () => {
    const lower = matrix.map((value, i) => (i % 3 > Math.floor(i / 3) ? NaN : value));
    expect(evaluate({ a: lower }, ["d", "e"], (b) => b.cholesky(input(b, "a"), "d", "e"))).toEqual(factor);
  });
  it("cholesky of an indefinite matrix is NaN throughout, and only that one", () => {
    const two = evaluate({ a: [1, 0, 0, 0, 1, 0, 0, 0, 1], c: [1, -1] }, ["k", "d", "e"], (b) =>
      b.cholesky(b.times(b.input("table", "c", ["k"]), input(b, "a")), "d", "e"),
    );
    expect(two.slice(0, 9)).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect(two.slice(9).every(Number.isNaN)).toBe(true);
  });
  it("solves with the factor and its transpose", () => {
    // L (1, 2, 3) = (2, 8, 11) and L' (1, 2, 3) = (-10, 17, 9).
    const solved = evaluate({ l: factor, b: [2, 8, 11] }, ["e"], (b) =>
      b.triangularSolve(input(b, "l"), b.input("table", "b", ["d"]), "d", "e"),
    );
    expect(solved).toEqual([1, 2, 3]);
    const transposed = evaluate({ l: factor, b: [-10, 17, 9] }, ["d"], (b) =>
      b.triangularSolve(input(b, "l"), b.input("table", "b", ["e"]), "d", "e", true),
    );
    expect(transposed).toEqual([1, 2, 3]);
  });
  it("solves a batch of right-hand sides", () => {
    const solved = evaluate({ l: factor, b: [2, 8, 11, 4, 16, 22] }, ["k", "e"], (b) =>
      b.triangularSolve(input(b, "l"), b.input("table", "b", ["k", "d"]), "d", "e"),
    );
    expect(solved).toEqual([1, 2, 3, 2, 4, 6]);
  });
  it("is a Gaussian log-density", () => {
    // Independent entries: the sum of three univariate densities.
    const [variances, x] = [
      [0.5, 2, 9],
      [0.3, -1, 4],
    ];
    const density = evaluate({ v: variances, x }, [], (b) => {
      const covariance = b.times(b.identity("d", "e"), b.input("table", "v", ["d"]));
      const lower = b.cholesky(covariance, "d", "e");
      const whitened = b.triangularSolve(lower, b.input("table", "x", ["d"]), "d", "e");
      const distance = b.sum(b.unary("square", whitened), ["e"]);
      const halfLogDeterminant = b.sum(b.unary("log", b.diagonal(lower, "d", "e")), ["d"]);
      const normaliser = b.scale(Math.log(2 * Math.PI), b.size("d"));
      return b.minus(b.scale(-0.5, b.plus(distance, normaliser)), halfLogDeterminant);
    })[0];
    const expected = variances.reduce((total, v, i) => total - 0.5 * (Math.log(2 * Math.PI * v) + x[i] ** 2 / v), 0);
    expect(density).toBeCloseTo(expected, 12);
  });
});

describe("elementwise functions at special values", () => {
  const unary = (name: Parameters<PlanBuilder["unary"]>[0], a: number): number =>
    evaluate({ a: [a] }, [], (b) => b.unary(name, b.input("table", "a", [])))[0];
  it.each([
    ["log", 0, -Infinity],
    ["softplus", 1e308, 1e308],
    ["softplus", -1e308, 0],
    ["sigmoid", -1e308, 0],
    ["sigmoid", 1e308, 1],
    ["relu", -2, 0],
    ["relu", NaN, NaN],
    ["leakyRelu", -2, -0.02],
    ["step", 0, 0],
    ["step", NaN, 0],
    ["step", 1e-300, 1],
    ["isPresent", NaN, 0],
    ["isPresent", Infinity, 1],
    ["presentOrZero", NaN, 0],
    ["presentOrZero", -3, -3],
    ["sign", -0.1, -1],
    ["reciprocal", 0, Infinity],
    ["besselRatio", 0, 0],
  ] as const)("%s(%d) = %d", (name, a, expected) => {
    expect(unary(name, a)).toBe(expected);
  });

  const binary = (name: Parameters<PlanBuilder["binary"]>[0], a: number, c: number): number =>
    evaluate({ a: [a], c: [c] }, [], (b) => b.binary(name, b.input("table", "a", []), b.input("table", "c", [])))[0];
  it.each([
    ["power", 0, 0, 1],
    ["power", NaN, 0, 1],
    ["power", -8, 1 / 3, NaN],
    ["maximum", NaN, 1, NaN],
    ["minimum", 1, NaN, NaN],
    ["less", NaN, 1, 0],
    ["lessEqual", 1, 1, 1],
    ["equal", NaN, NaN, 0],
  ] as const)("%s(%d, %d) = %d", (name, a, c, expected) => {
    expect(binary(name, a, c)).toBe(expected);
  });
});

describe("draws", () => {
  it("are taken in row-major order of the cells, with the arguments of each", () => {
    const b = builderWithAxes();
    const shape = b.input("table", "a", ["k"]);
    b.output("draws", b.draw("gamma", [shape], ["n"], "g"), ["n", "k"]);
    const environment = { sizes, rows: 2, inputs: { table: { a: Float64Array.of(1, 10) } }, stream: numberedStream };
    const drawn = interpretPlan(b.build("sample"), environment).draws;
    const source = numberedStream("g");
    expect([...drawn]).toEqual([1, 10, 1, 10].map((value) => source.gamma(value)));
  });
  it("need a stream", () => {
    expect(() => evaluate({}, ["n"], (b) => b.draw("uniform", [], ["n"], "u"))).toThrow("no stream for u");
  });
});
