import { expect, it } from "vitest";
import { PlanBuilder } from "../../src/ir/plan-builder.js";
import { printPlan } from "../../src/ir/print-plan.js";

it("prints the inside pass of a mixture as mathematics", () => {
  const b = new PlanBuilder();
  b.axis("n", { kind: "rows" });
  b.axis("z", { kind: "symbol", name: "K" });
  b.axis("d", { kind: "symbol", name: "D" });
  b.axis("e", { kind: "symbol", name: "D" });
  const prior = b.rule("categorical-density", () => b.unary("log", b.input("parameter", "weights", ["z"])));
  const density = b.rule("normal-density", () => {
    const difference = b.minus(b.input("data", "x", ["n", "d"]), b.input("parameter", "mean", ["z", "d"]));
    const lower = b.cholesky(b.input("parameter", "covariance", ["z", "d", "e"]), "d", "e");
    const whitened = b.triangularSolve(lower, difference, "d", "e");
    const logDeterminant = b.scale(2, b.sum(b.unary("log", b.diagonal(lower, "d", "e")), ["d"]));
    return b.scale(-0.5, b.plus(b.sum(b.unary("square", whitened), ["e"]), logDeterminant));
  });
  const joint = b.rule("eliminate z", () => b.plus(prior, density));
  const logDensity = b.rule("eliminate z", () => b.logSumExp(joint, ["z"]));
  const total = b.rule("plate n", () => b.sum(logDensity, ["n"]));
  b.output(
    "responsibilities",
    b.rule("d logSumExp", () => b.softmax(joint, ["z"])),
    ["n", "z"],
  );
  b.output("result", total, []);
  b.output("repeated", total, ["z"]);
  expect(printPlan(b.build("inside"))).toBe(
    `inside(n: rows, z: K, d: D, e: D)
  reads parameter weights[z], data x[n, d], parameter mean[z, d], parameter covariance[z, d, e]
  a0[z] = log(weights[z])                                        categorical-density
  a1[z, d, e] = cholesky[d, e](covariance[z, d, e])              normal-density
  a2[n, z, e] = triangularSolve[d, e](a1, x[n, d] - mean[z, d])  normal-density
  a3[n, z] = -0.5 * (2 * sum[d](log(a1[d = e])) + sum[e](a2^2))  normal-density
  a4[n, z] = a0 + a3                                             eliminate z
  a5[n] = logSumExp[z](a4)                                       eliminate z
  result = sum[n](a5)                                            plate n
  responsibilities[n, z] = softmax[z](a4)                        d logSumExp
  repeated[z] <- result
`,
  );
});

it("brackets only what binds less tightly", () => {
  const b = new PlanBuilder({ fold: false });
  const [x, y, w] = ["x", "y", "w"].map((name) => b.input("table", name, []));
  b.output("difference", b.minus(x, b.minus(y, w)), []);
  b.output("quotient", b.over(b.plus(x, y), b.times(y, w)), []);
  b.output("power", b.binary("power", b.unary("negate", x), y), []);
  b.output("choice", b.select(b.binary("less", x, y), b.unary("abs", b.plus(x, w)), b.constant(-1)), []);
  expect(printPlan(b.build("text"), "a note")).toBe(
    `text(), a note
  reads table x, table y, table w
  difference = x - (y - w)
  quotient = (x + y) / (y * w)
  power = (-x) ^ y
  choice = x < y ? |x + w| : -1
`,
  );
});
