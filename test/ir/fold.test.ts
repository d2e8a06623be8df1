import { describe, expect, it } from "vitest";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import { PlanBuilder } from "../../src/ir/plan-builder.js";
import type { NodeId } from "../../src/ir/plan.js";

interface Nodes {
  readonly b: PlanBuilder;
  /** [n, k] */
  readonly x: NodeId;
  /** [k] */
  readonly y: NodeId;
  /** [n] */
  readonly w: NodeId;
  /** [d, e] */
  readonly m: NodeId;
}

function nodes(): Nodes {
  const b = new PlanBuilder();
  b.axis("n", { kind: "rows" });
  b.axis("k", { kind: "symbol", name: "K" });
  b.axis("l", { kind: "symbol", name: "K" });
  b.axis("d", { kind: "symbol", name: "D" });
  b.axis("e", { kind: "symbol", name: "D" });
  b.axis("one", { kind: "literal", value: 1 });
  b.axis("s", { kind: "literal", value: 2 });
  return {
    b,
    x: b.input("table", "x", ["n", "k"]),
    y: b.input("table", "y", ["k"]),
    w: b.input("table", "w", ["n"]),
    m: b.input("table", "m", ["d", "e"]),
  };
}

type Make = (made: Nodes) => NodeId;

describe("both sides become one node", () => {
  it.each<readonly [string, Make, Make]>([
    ["constants", ({ b }) => b.plus(b.constant(2), b.unary("exp", b.constant(0))), ({ b }) => b.constant(3)],
    ["size of a literal axis", ({ b }) => b.size("s"), ({ b }) => b.constant(2)],
    ["x + 0", ({ b, x }) => b.plus(x, b.constant(0)), ({ x }) => x],
    ["x * 1", ({ b, x }) => b.times(x, b.constant(1)), ({ x }) => x],
    ["x / 1", ({ b, x }) => b.over(x, b.constant(1)), ({ x }) => x],
    ["x - 0", ({ b, x }) => b.minus(x, b.constant(0)), ({ x }) => x],
    ["-1 * x", ({ b, x }) => b.scale(-1, x), ({ b, x }) => b.unary("negate", x)],
    ["2 * (3 * x)", ({ b, x }) => b.scale(2, b.scale(3, x)), ({ b, x }) => b.scale(6, x)],
    [
      "1 + (2 + x)",
      ({ b, x }) => b.plus(b.constant(1), b.plus(x, b.constant(2))),
      ({ b, x }) => b.plus(b.constant(3), x),
    ],
    ["--x", ({ b, x }) => b.unary("negate", b.unary("negate", x)), ({ x }) => x],
    ["-(x - y)", ({ b, x, y }) => b.unary("negate", b.minus(x, y)), ({ b, x, y }) => b.minus(y, x)],
    ["x + (-y)", ({ b, x, y }) => b.plus(x, b.unary("negate", y)), ({ b, x, y }) => b.minus(x, y)],
    ["y + x", ({ b, x, y }) => b.plus(y, x), ({ b, x, y }) => b.plus(x, y)],
    ["x * x", ({ b, x }) => b.times(x, x), ({ b, x }) => b.unary("square", x)],
    ["x * (1 / y)", ({ b, x, y }) => b.times(x, b.unary("reciprocal", y)), ({ b, x, y }) => b.over(x, y)],
    ["position * 0", ({ b }) => b.times(b.position("k"), b.constant(0)), ({ b }) => b.constant(0)],
    ["x ^ 2", ({ b, x }) => b.binary("power", x, b.constant(2)), ({ b, x }) => b.unary("square", x)],
    ["log exp x", ({ b, x }) => b.unary("log", b.unary("exp", x)), ({ x }) => x],
    [
      "exp log of a square",
      ({ b, x }) => b.unary("exp", b.add({ kind: "unary", function: "log", operand: b.unary("softplus", x) })),
      ({ b, x }) => b.unary("softplus", x),
    ],
    ["sqrt of a square", ({ b, x }) => b.unary("sqrt", b.unary("square", x)), ({ b, x }) => b.unary("abs", x)],
    ["sum of a constant", ({ b }) => b.sum(b.constant(3), ["s"]), ({ b }) => b.constant(6)],
    ["sum along a missing axis", ({ b, y }) => b.sum(y, ["n"]), ({ b, y }) => b.times(y, b.size("n"))],
    ["sum of w * x over k", ({ b, x, w }) => b.sum(b.times(w, x), ["k"]), ({ b, x, w }) => b.times(w, b.sum(x, ["k"]))],
    ["sum of x / w over k", ({ b, x, w }) => b.sum(b.over(x, w), ["k"]), ({ b, x, w }) => b.over(b.sum(x, ["k"]), w)],
    [
      "contract with a factor outside",
      ({ b, x, y, w }) => b.contract([w, x, y], ["k"]),
      ({ b, x, y, w }) => b.times(b.contract([x, y], ["k"]), w),
    ],
    [
      "contract with the identity",
      ({ b, y }) => b.contract([b.identity("l", "k"), y], ["k"]),
      ({ b, y }) => b.rename(y, "k", "l"),
    ],
    [
      "logSumExp of x + w over k",
      ({ b, x, w }) => b.logSumExp(b.plus(x, w), ["k"]),
      ({ b, x, w }) => b.plus(w, b.logSumExp(x, ["k"])),
    ],
    [
      "logSumExp of x - w over k",
      ({ b, x, w }) => b.logSumExp(b.minus(x, w), ["k"]),
      ({ b, x, w }) => b.minus(b.logSumExp(x, ["k"]), w),
    ],
    ["rename there and back", ({ b, y }) => b.rename(b.rename(y, "k", "l"), "l", "k"), ({ y }) => y],
    ["rename of a position", ({ b }) => b.rename(b.position("k"), "k", "l"), ({ b }) => b.position("l")],
    ["gather by a position", ({ b, y }) => b.gather(y, "k", b.position("l")), ({ b, y }) => b.rename(y, "k", "l")],
    [
      "gather by a number",
      ({ b }) => b.gather(b.stack([b.constant(5), b.constant(7)], "s"), "s", b.constant(1)),
      ({ b }) => b.constant(7),
    ],
    [
      "scatterAdd by a position",
      ({ b, y }) => b.scatterAdd(y, "l", b.position("k"), ["k"]),
      ({ b, y }) => b.rename(y, "k", "l"),
    ],
    ["diagonal of the identity", ({ b }) => b.diagonal(b.identity("d", "e"), "d", "e"), ({ b }) => b.constant(1)],
    [
      "diagonal of a function",
      ({ b, m }) => b.diagonal(b.unary("exp", m), "d", "e"),
      ({ b, m }) => b.unary("exp", b.diagonal(m, "d", "e")),
    ],
    ["slice of a stack", ({ b, x, y }) => b.slice(b.stack([x, y], "s"), "s", 1), ({ y }) => y],
    [
      "sum along an axis of one entry",
      ({ b }) => b.sum(b.input("table", "o", ["one"]), ["one"]),
      ({ b }) => b.slice(b.input("table", "o", ["one"]), "one", 0),
    ],
    ["select of equal branches", ({ b, x, y }) => b.select(y, x, x), ({ x }) => x],
    ["select by a constant", ({ b, x, y }) => b.select(b.constant(0), x, y), ({ y }) => y],
    [
      "x < y ? 1 : 0",
      ({ b, x, y }) => b.select(b.binary("less", x, y), b.constant(1), b.constant(0)),
      ({ b, x, y }) => b.binary("less", x, y),
    ],
    [
      "not not",
      ({ b, x, y }) => b.binary("equal", b.constant(0), b.binary("equal", b.constant(0), b.binary("less", x, y))),
      ({ b, x, y }) => b.binary("less", x, y),
    ],
    ["log sum exp", ({ b, x }) => b.unary("log", b.sum(b.unary("exp", x), ["k"])), ({ b, x }) => b.logSumExp(x, ["k"])],
    [
      "log sum w exp, w not negative",
      ({ b, x, y }) => b.unary("log", b.contract([b.unary("square", y), b.unary("exp", x)], ["k"])),
      ({ b, x, y }) => b.logSumExp(b.plus(b.unary("log", b.unary("square", y)), x), ["k"]),
    ],
    ["log softmax", ({ b, x }) => b.unary("log", b.softmax(x, ["k"])), ({ b, x }) => b.minus(x, b.logSumExp(x, ["k"]))],
    [
      "log sigmoid",
      ({ b, x }) => b.unary("log", b.unary("sigmoid", x)),
      ({ b, x }) => b.unary("negate", b.unary("softplus", b.unary("negate", x))),
    ],
    [
      "log(1 - sigmoid)",
      ({ b, x }) => b.unary("log", b.minus(b.constant(1), b.unary("sigmoid", x))),
      ({ b, x }) => b.unary("negate", b.unary("softplus", x)),
    ],
    [
      "log(1 + exp x)",
      ({ b, x }) => b.unary("log", b.plus(b.constant(1), b.unary("exp", x))),
      ({ b, x }) => b.unary("softplus", x),
    ],
    ["log(1 + x)", ({ b, x }) => b.unary("log", b.plus(x, b.constant(1))), ({ b, x }) => b.unary("log1p", x)],
    ["exp x - 1", ({ b, x }) => b.minus(b.unary("exp", x), b.constant(1)), ({ b, x }) => b.unary("expm1", x)],
    [
      "exp x / sum exp x",
      ({ b, x }) => b.over(b.unary("exp", x), b.sum(b.unary("exp", x), ["k"])),
      ({ b, x }) => b.softmax(x, ["k"]),
    ],
    [
      "exp(x - logSumExp x)",
      ({ b, x }) => b.unary("exp", b.minus(x, b.logSumExp(x, ["k"]))),
      ({ b, x }) => b.softmax(x, ["k"]),
    ],
    [
      "1 / (1 + exp(-x))",
      ({ b, x }) => b.unary("reciprocal", b.plus(b.constant(1), b.unary("exp", b.unary("negate", x)))),
      ({ b, x }) => b.unary("sigmoid", x),
    ],
    [
      "exp x * exp y",
      ({ b, x, y }) => b.times(b.unary("exp", x), b.unary("exp", y)),
      ({ b, x, y }) => b.unary("exp", b.plus(x, y)),
    ],
  ])("%s", (_name, written, expected) => {
    const made = nodes();
    expect(written(made)).toBe(expected(made));
  });
});

describe("what would not be safe stays", () => {
  it.each<readonly [string, Make, string]>([
    ["x * 0, since x may be NaN", ({ b, x }) => b.times(x, b.constant(0)), "multiply"],
    ["x - x", ({ b, x }) => b.minus(x, x), "subtract"],
    ["exp log x, since x may be negative", ({ b, x }) => b.unary("exp", b.unary("log", x)), "exp"],
    ["square of sqrt x", ({ b, x }) => b.unary("square", b.unary("sqrt", x)), "square"],
    ["x = x", ({ b, x }) => b.binary("equal", x, x), "equal"],
    ["x ^ 0.5", ({ b, x }) => b.binary("power", x, b.constant(0.5)), "power"],
    ["exp w * exp y, on different axes", ({ b, w, y }) => b.times(b.unary("exp", w), b.unary("exp", y)), "multiply"],
    ["1e200 * (1e200 * x)", ({ b, x }) => b.scale(1e200, b.scale(1e200, x)), "multiply"],
    [
      "log of a sum with weights of unknown sign",
      ({ b, x, y }) => b.unary("log", b.contract([y, b.unary("exp", x)], ["k"])),
      "log",
    ],
  ])("%s", (_name, written, kept) => {
    const made = nodes();
    const { operation } = made.b.node(written(made));
    expect("function" in operation ? operation.function : operation.kind).toBe(kept);
  });

  it("keeps the constants that JSON cannot tell apart", () => {
    const b = new PlanBuilder();
    const values = [Infinity, -Infinity, NaN, 0, -0];
    expect(new Set(values.map((value) => b.constant(value))).size).toBe(values.length);
  });

  it("does not look through a kept node", () => {
    const { b, x } = nodes();
    const kept = b.keep(b.unary("exp", x));
    const logarithm = b.unary("log", kept);
    expect(b.node(logarithm).operation).toEqual({ kind: "unary", function: "log", operand: kept });
  });
});

describe("stabilised formulas are right where the plain ones are not", () => {
  const value = (a: number, make: (b: PlanBuilder, x: NodeId) => NodeId, fold: boolean): number => {
    const b = new PlanBuilder({ fold });
    b.output("value", make(b, b.input("table", "a", [])), []);
    return interpretPlan(b.build("stable"), { sizes: {}, rows: 0, inputs: { table: { a: Float64Array.of(a) } } })
      .value[0];
  };
  const one = (b: PlanBuilder): NodeId => b.constant(1);
  it.each<readonly [string, number, (b: PlanBuilder, x: NodeId) => NodeId, number]>([
    ["log sigmoid", -800, (b, x) => b.unary("log", b.unary("sigmoid", x)), -800],
    ["log(1 - sigmoid)", 800, (b, x) => b.unary("log", b.minus(one(b), b.unary("sigmoid", x))), -800],
    ["log(1 + exp x)", 800, (b, x) => b.unary("log", b.plus(one(b), b.unary("exp", x))), 800],
    [
      "log(exp x + exp(x + log 3))",
      800,
      (b, x) => b.unary("log", b.plus(b.unary("exp", x), b.unary("exp", b.plus(x, b.constant(Math.log(3)))))),
      800 + Math.log(4),
    ],
    ["log(1 - exp x)", -1e-20, (b, x) => b.unary("log", b.minus(one(b), b.unary("exp", x))), Math.log(1e-20)],
    ["log x^2", 1e-200, (b, x) => b.unary("log", b.unary("square", x)), -400 * Math.LN10],
    ["1 - sigmoid", 100, (b, x) => b.minus(one(b), b.unary("sigmoid", x)), Math.exp(-100)],
  ])("%s", (_name, a, make, expected) => {
    expect(Math.abs(value(a, make, true) / expected - 1)).toBeLessThan(1e-14);
    const plain = value(a, make, false);
    expect(Number.isFinite(plain) && Math.abs(plain / expected - 1) < 1e-3).toBe(false);
  });
});
