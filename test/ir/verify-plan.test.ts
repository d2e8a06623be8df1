import { describe, expect, it } from "vitest";
import { PlanBuilder } from "../../src/ir/plan-builder.js";
import type { Operation, PlanFunction, PlanNode } from "../../src/ir/plan.js";
import { verifyPlan } from "../../src/ir/verify-plan.js";

function node(operation: Operation, axes: readonly string[] = []): PlanNode {
  return { operation, axes, rule: "test" };
}

const sound: PlanFunction = {
  name: "sound",
  axes: [
    { name: "n", size: { kind: "rows" } },
    { name: "d", size: { kind: "symbol", name: "D" } },
    { name: "e", size: { kind: "symbol", name: "D" } },
    { name: "k", size: { kind: "symbol", name: "K" } },
  ],
  nodes: [
    node({ kind: "input", source: "data", name: "x", axes: ["n", "d"] }, ["n", "d"]),
    node({ kind: "reduce", function: "sum", operand: 0, over: ["n"] }, ["d"]),
    node({ kind: "input", source: "parameter", name: "m", axes: ["d", "e"] }, ["d", "e"]),
  ],
  outputs: [{ name: "total", node: 1, axes: ["d"] }],
};

function withNode(added: PlanNode): PlanFunction {
  return { ...sound, nodes: [...sound.nodes, added] };
}

describe("verifyPlan", () => {
  it("passes a sound function", () => {
    expect(() => verifyPlan(sound)).not.toThrow();
  });
  it("names the function and the phase", () => {
    const broken = withNode(node({ kind: "unary", function: "exp", operand: 9 }, ["d"]));
    expect(() => verifyPlan(broken, 'after pass "simplify"')).toThrow('sound, after pass "simplify"');
  });
  it.each<readonly [string, PlanNode]>([
    ["reads node 3", node({ kind: "unary", function: "exp", operand: 3 }, ["d"])],
    ["reads node -1", node({ kind: "unary", function: "exp", operand: -1 }, ["d"])],
    ["has axes [n] instead of [n, d]", node({ kind: "unary", function: "exp", operand: 0 }, ["n"])],
    ["has axes [d, n] instead of [n, d]", node({ kind: "unary", function: "exp", operand: 0 }, ["d", "n"])],
    ["axis q is not declared", node({ kind: "size", axis: "q" })],
    ["has no axis k", node({ kind: "reduce", function: "sum", operand: 0, over: ["k"] }, ["n", "d"])],
    ["it is over no axis", node({ kind: "softmax", operand: 0, over: [] }, ["n", "d"])],
    ["listed twice", node({ kind: "reduce", function: "sum", operand: 0, over: ["n", "n"] }, ["d"])],
    ["listed twice", node({ kind: "input", source: "table", name: "a", axes: ["d", "d"] }, ["d"])],
    ["fewer than two operands", node({ kind: "contract", operands: [0], over: ["n"] }, ["d"])],
    ["has no axis e", node({ kind: "cholesky", operand: 0, row: "d", column: "e" }, ["n", "d"])],
    ["differ in size", node({ kind: "rename", operand: 1, from: "d", to: "k" }, ["k"])],
    ["has axis e already", node({ kind: "rename", operand: 2, from: "d", to: "e" }, ["e"])],
    ["along the rows", node({ kind: "slice", operand: 0, axis: "n", at: 0 }, ["d"])],
    ["has not the literal size 1", node({ kind: "stack", operands: [1], axis: "k" }, ["d", "k"])],
    [
      "has axis e already",
      node({ kind: "triangularSolve", matrix: 2, right: 2, row: "d", column: "e", transposed: false }, ["e"]),
    ],
    ["has axis d already", node({ kind: "gather", table: 1, axis: "d", index: 0 }, ["n", "d"])],
    [
      "gamma has 0 arguments instead of 1",
      node({ kind: "draw", family: "gamma", arguments: [], axes: ["n"], site: "s" }, ["n"]),
    ],
  ])("%s", (message, added) => {
    expect(() => verifyPlan(withNode(added))).toThrow(message);
  });
  it.each([
    ["declared twice", { ...sound, axes: [...sound.axes, { name: "d", size: { kind: "rows" } }] }],
    ["two axes run over the rows", { ...sound, axes: [...sound.axes, { name: "m", size: { kind: "rows" } }] }],
    ["does not store axis d", { ...sound, outputs: [{ name: "total", node: 1, axes: [] }] }],
    ["lists an axis twice", { ...sound, outputs: [{ name: "total", node: 1, axes: ["d", "d"] }] }],
    ["is there twice", { ...sound, outputs: [...sound.outputs, ...sound.outputs] }],
    ["stores node 7", { ...sound, outputs: [{ name: "total", node: 7, axes: [] }] }],
  ] satisfies readonly (readonly [string, PlanFunction])[])("%s", (message, broken) => {
    expect(() => verifyPlan(broken)).toThrow(message);
  });
});

describe("the builder refuses at once what verifyPlan would refuse", () => {
  it("names the rule", () => {
    const b = new PlanBuilder();
    b.axis("d", { kind: "symbol", name: "D" });
    b.axis("k", { kind: "symbol", name: "K" });
    const x = b.input("data", "x", ["d"]);
    expect(() => b.rule("my rule", () => b.rename(x, "d", "k"))).toThrow(
      "rename (my rule): axes d and k differ in size",
    );
  });
});
