import { describe, expect, it } from "vitest";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import { adjoints } from "../../src/ir/passes/differentiate.js";
import { PlanBuilder } from "../../src/ir/plan-builder.js";
import type { NodeId } from "../../src/ir/plan.js";

const sizes = { K: 3, D: 2 };

function builderWithAxes(): PlanBuilder {
  const b = new PlanBuilder();
  b.axis("n", { kind: "rows" });
  b.axis("k", { kind: "symbol", name: "K" });
  b.axis("d", { kind: "symbol", name: "D" });
  b.axis("e", { kind: "symbol", name: "D" });
  return b;
}

/** Derivative of the sum of a function's cells with respect to the table `x` along `axes`. */
function gradient(
  x: readonly number[],
  axes: readonly string[],
  make: (b: PlanBuilder, x: NodeId) => NodeId,
  others: Record<string, readonly number[]> = {},
): number[] {
  const b = builderWithAxes();
  const wanted = b.input("table", "x", axes);
  const [adjoint] = adjoints(b, make(b, wanted), [wanted]);
  b.output("gradient", adjoint, axes);
  const table = Object.fromEntries(
    Object.entries({ ...others, x }).map(([name, values]) => [name, Float64Array.from(values)]),
  );
  const values = interpretPlan(b.build("gradient"), { sizes, rows: 4, inputs: { table } }).gradient;
  // A zero has no sign here.
  return [...values].map((value) => value + 0);
}

/** As `gradient`, of the sum over everything of gradient^2: what a gradient penalty differentiates. */
function gradientOfPenalty(
  x: readonly number[],
  axes: readonly string[],
  make: (b: PlanBuilder, x: NodeId) => NodeId,
): number[] {
  return gradient(x, axes, (b, node) => {
    const [inner] = adjoints(b, make(b, node), [node]);
    return b.sum(b.unary("square", inner), axes);
  });
}

describe("axes that one side lacks", () => {
  it("counts every cell of a broadcast operand", () => {
    expect(gradient([1, 2, 3], ["k"], (b, x) => b.plus(x, b.position("n")))).toEqual([4, 4, 4]);
    expect(gradient([1], [], (b, x) => b.sum(b.times(x, b.position("k")), ["k"]))).toEqual([3]);
  });
  it("multiplies by the size of an axis along which the seed is constant", () => {
    // d/dx of sum[n, k] (x[k] + position[n]): the adjoint of the inner sum lacks n and k.
    expect(gradient([1, 2, 3], ["k"], (b, x) => b.sum(b.plus(x, b.position("n")), ["n", "k"]))).toEqual([4, 4, 4]);
  });
  it("is zero where nothing depends on the wanted node", () => {
    expect(gradient([1, 2, 3], ["k"], (b) => b.position("n"))).toEqual([0, 0, 0]);
  });
  it("uses the seed", () => {
    const b = builderWithAxes();
    const x = b.input("table", "x", ["k"]);
    const [adjoint] = adjoints(b, b.unary("square", x), [x], b.position("k"));
    b.output("gradient", adjoint, ["k"]);
    const environment = { sizes, rows: 1, inputs: { table: { x: Float64Array.of(5, 6, 7) } } };
    expect([...interpretPlan(b.build("seeded"), environment).gradient]).toEqual([0, 12, 28]);
    expect(() => adjoints(b, x, [x], b.position("n"))).toThrow("axes n that the output lacks");
  });
});

describe("derivatives with a name", () => {
  it("of logSumExp is softmax", () => {
    const b = builderWithAxes();
    const x = b.input("table", "x", ["n", "k"]);
    expect(adjoints(b, b.logSumExp(x, ["k"]), [x])[0]).toBe(b.softmax(x, ["k"]));
  });
  it("of log det A, by way of its factor, is the inverse of A", () => {
    const [a, c, d] = [4, 1, 3];
    const determinant = a * d - c * c;
    const derived = gradient([a, c, c, d], ["d", "e"], (b, x) =>
      b.scale(2, b.sum(b.unary("log", b.diagonal(b.cholesky(x, "d", "e"), "d", "e")), ["d"])),
    );
    const inverse = [d, -c, -c, a].map((entry) => entry / determinant);
    derived.forEach((entry, i) => expect(entry).toBeCloseTo(inverse[i], 14));
  });
  it("of a quadratic form in the inverse is -A^-1 u u' A^-1", () => {
    const derived = gradient([4, 1, 1, 3], ["d", "e"], (b, x) => {
      const vector = b.plus(b.position("d"), b.constant(1));
      return b.sum(b.unary("square", b.triangularSolve(b.cholesky(x, "d", "e"), vector, "d", "e")), ["e"]);
    });
    // A^-1 (1, 2) = (1, 7) / 11.
    [1, 7, 7, 49].forEach((entry, i) => expect(derived[i]).toBeCloseTo(-entry / 121, 14));
  });
  it("of a table that an index reads is the sum of the seeds of its readers", () => {
    const counts = gradient([5, 6, 7], ["k"], (b, x) => b.gather(x, "k", b.input("table", "i", ["n"])), {
      i: [0, 2, 2, NaN],
    });
    expect(counts).toEqual([1, 0, 2]);
  });
  it("of a largest entry is shared by ties", () => {
    expect(gradient([7, 3, 7], ["k"], (b, x) => b.max(x, ["k"]))).toEqual([0.5, 0, 0.5]);
    expect(gradient([2], [], (b, x) => b.binary("maximum", x, b.constant(2)))).toEqual([0.5]);
  });
});

describe("intermediate nodes are independent variables", () => {
  it("stops at them", () => {
    const b = builderWithAxes();
    const x = b.input("table", "x", ["k"]);
    const table = b.keep(b.unary("exp", x));
    const output = b.sum(b.unary("square", b.plus(table, x)), ["k"]);
    const [byTable, byX] = adjoints(b, output, [table, x]);
    b.output("byTable", byTable, ["k"]);
    b.output("byX", byX, ["k"]);
    const values = [0, 0.5, -1];
    const environment = { sizes, rows: 1, inputs: { table: { x: Float64Array.from(values) } } };
    const results = interpretPlan(b.build("partial"), environment);
    values.forEach((value, i) => {
      const expected = 2 * (Math.exp(value) + value);
      expect(results.byTable[i]).toBeCloseTo(expected, 14);
      expect(results.byX[i]).toBeCloseTo(expected, 14);
    });
  });
});

describe("no NaN comes from where the function is finite", () => {
  const guarded =
    (name: "log" | "reciprocal" | "sqrt" | "logGamma") =>
    (b: PlanBuilder, x: NodeId): NodeId =>
      b.select(b.binary("less", b.constant(0), x), b.unary(name, x), b.constant(0));

  it("under a select", () => {
    expect(gradient([0, 2, -1], ["k"], guarded("log"))).toEqual([0, 0.5, 0]);
    expect(gradient([0, 2, NaN], ["k"], guarded("reciprocal"))).toEqual([0, -0.25, 0]);
    expect(gradient([0, 4, -1], ["k"], guarded("sqrt"))).toEqual([0, 0.25, 0]);
  });
  it("under a select, twice differentiated", () => {
    expect(gradientOfPenalty([0, 2, -1], ["k"], guarded("log"))).toEqual([0, -0.25, 0]);
    const ofReciprocal = gradientOfPenalty([0, 2, NaN], ["k"], guarded("reciprocal"));
    // (1 / x^4)' = -4 / x^5
    expect(ofReciprocal).toEqual([0, -0.125, 0]);
    // (digamma^2)' = 2 digamma trigamma; digamma(2) = 1 - Euler's constant, trigamma(2) = pi^2 / 6 - 1
    const ofLogGamma = gradientOfPenalty([0, 2, -1], ["k"], guarded("logGamma"));
    const expected = 2 * (1 - 0.5772156649015329) * (Math.PI ** 2 / 6 - 1);
    ofLogGamma.forEach((entry, i) => expect(entry).toBeCloseTo([0, expected, 0][i], 13));
  });
  it("through a product, a power, a reduction and a contraction under a select", () => {
    const present = (b: PlanBuilder): NodeId => b.unary("isPresent", b.input("table", "y", ["k"]));
    const y = (b: PlanBuilder): NodeId => b.input("table", "y", ["k"]);
    const others = { y: [NaN, 3, Infinity] };
    const take = (b: PlanBuilder, value: NodeId): NodeId => b.select(present(b), value, b.constant(0));
    expect(gradient([1, 1], ["d"], (b, x) => take(b, b.times(x, y(b))), { y: [NaN, 3, 4] })).toEqual([7, 7]);
    expect(gradient([0, 2, 2], ["k"], (b, x) => take(b, b.binary("power", x, y(b))), { y: [NaN, 3, 1] })).toEqual([
      0, 12, 1,
    ]);
    const finite = (b: PlanBuilder, value: NodeId): NodeId =>
      b.select(b.binary("less", y(b), b.constant(1e300)), value, b.constant(0));
    expect(
      gradient(
        [1, 1],
        ["d"],
        (b, x) => finite(b, b.contract([x, b.plus(y(b), b.position("e")), b.position("e")], ["e"])),
        others,
      ),
    ).toEqual([4, 4]);
    expect(
      gradient(
        [1, 1],
        ["d"],
        (b, x) => finite(b, b.logSumExp(b.plus(b.times(x, y(b)), b.position("e")), ["e"])),
        others,
      ),
    ).toEqual([3, 3]);
  });
  it("through linear algebra under a select", () => {
    // One matrix of two is not positive definite, and is not used.
    const derived = gradient([1, -1, 1], ["k"], (b, x) => {
      const matrix = b.times(x, b.identity("d", "e"));
      const lower = b.cholesky(matrix, "d", "e");
      const solved = b.triangularSolve(lower, b.constant(1), "d", "e");
      const logDeterminant = b.sum(b.unary("log", b.diagonal(lower, "d", "e")), ["d"]);
      const total = b.plus(b.sum(b.unary("square", solved), ["e"]), logDeterminant);
      return b.select(b.binary("less", b.constant(0), x), total, b.constant(0));
    });
    // d/dx (2 / x + log x) at 1.
    derived.forEach((entry, i) => expect(entry).toBeCloseTo([-1, 0, -1][i], 14));
  });
  it("with entries of -inf", () => {
    expect(gradient([-Infinity, 0, 0], ["k"], (b, x) => b.logSumExp(x, ["k"]))).toEqual([0, 0.5, 0.5]);
    const none = gradient([-Infinity, -Infinity, -Infinity], ["k"], (b, x) => b.logSumExp(x, ["k"]));
    expect(none).toEqual([0, 0, 0]);
    const softmax = gradient([-Infinity, 0, 0], ["k"], (b, x) => b.times(b.softmax(x, ["k"]), b.position("k")));
    softmax.forEach((entry, i) => expect(entry).toBeCloseTo([0, -0.25, 0.25][i], 15));
  });
  it("with a weight of zero under a logarithm", () => {
    const derived = gradient([0, 0.5, 0.5], ["k"], (b, x) => b.logSumExp(b.unary("log", x), ["k"]));
    expect(derived).toEqual([0, 1, 1]);
  });
  it("at the tip of a norm", () => {
    expect(gradient([0, 0, 0], ["k"], (b, x) => b.unary("sqrt", b.sum(b.unary("square", x), ["k"])))).toEqual([
      0, 0, 0,
    ]);
    const penalty = gradientOfPenalty([0, 0, 0], ["k"], (b, x) => b.unary("sqrt", b.sum(b.unary("square", x), ["k"])));
    expect(penalty).toEqual([0, 0, 0]);
  });
  it("of 0 ^ b and a ^ 0", () => {
    expect(gradient([0, 0, 2], ["k"], (b, x) => b.binary("power", x, b.position("k")))).toEqual([0, 1, 4]);
    const byExponent = gradient([3], [], (b, x) => b.sum(b.binary("power", b.position("k"), x), ["k"]));
    expect(byExponent[0]).toBeCloseTo(8 * Math.LN2, 14);
  });
  it("with missing entries", () => {
    expect(gradient([1, NaN, 3], ["k"], (b, x) => b.unary("square", b.unary("presentOrZero", x)))).toEqual([2, 0, 6]);
  });
});

it("says that trigamma has no derivative here", () => {
  expect(() => gradient([1], [], (b, x) => b.unary("trigamma", x))).toThrow("trigamma has no derivative");
});
