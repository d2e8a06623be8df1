import { describe, expect, test } from "vitest";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import { sumRowsFirst } from "../../src/ir/passes/sum-rows-first.js";
import { PlanBuilder } from "../../src/ir/plan-builder.js";
import { type NodeId, operandsOf, type PlanFunction } from "../../src/ir/plan.js";
import { verifyPlan } from "../../src/ir/verify-plan.js";

const sizes = { K: 3, D: 2 };
const rows = 5;
const numbers = (count: number, phase: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => Math.sin(1 + phase + i * i));
const inputs = {
  parameter: { F: numbers(12, 1), Q: numbers(6, 2) },
  data: { w: numbers(15, 3), A: numbers(60, 4), x: numbers(30, 5) },
};

/** Weights [n, k], a product P [n, k, d, e] of what differs from row to row, and F [k, d, e], Q [k, d] that do not. */
interface Parts {
  readonly b: PlanBuilder;
  readonly w: NodeId;
  readonly P: NodeId;
  readonly F: NodeId;
  readonly Q: NodeId;
  readonly x: NodeId;
}

function functionOf(make: (parts: Parts) => { readonly node: NodeId; readonly axes: readonly string[] }): PlanFunction {
  const b = new PlanBuilder();
  b.axis("n", { kind: "rows" });
  b.axis("k", { kind: "symbol", name: "K" });
  for (const axis of ["d", "e", "f", "g"]) b.axis(axis, { kind: "symbol", name: "D" });
  const A = b.input("data", "A", ["n", "k", "d", "f"]);
  const P = b.contract([A, b.input("data", "A", ["n", "k", "e", "f"])], ["f"]);
  const parts = {
    ...{ b, P, w: b.input("data", "w", ["n", "k"]) },
    ...{ F: b.input("parameter", "F", ["k", "g", "d"]), Q: b.input("parameter", "Q", ["k", "d"]) },
    x: b.input("data", "x", ["n", "k", "d"]),
  };
  const { node, axes } = make(parts);
  b.output("sum", node, axes);
  return { ...b.build("sums"), sweep: { from: 0 } };
}

/** Nodes that differ from row to row and read a parameter. */
function parametersPerRow({ nodes }: PlanFunction): number {
  const reads = (id: NodeId): boolean => {
    const { operation } = nodes[id]!;
    return operation.kind === "input" && operation.source === "parameter";
  };
  return nodes.filter(({ operation, axes }) => axes.includes("n") && operandsOf(operation).some(reads)).length;
}

function expectSame(fn: PlanFunction): PlanFunction {
  const passed = sumRowsFirst.run(fn);
  verifyPlan(passed);
  const [actual, expected] = [passed, fn].map((one) => interpretPlan(one, { sizes, rows, inputs })["sum"]!);
  expect(actual.length).toBe(expected!.length);
  actual!.forEach((value, i) => expect(value).toBeCloseTo(expected![i]!, 12));
  return passed;
}

describe("what is the same for all rows is multiplied in after summing over them", () => {
  test.each<[string, Parameters<typeof functionOf>[0]]>([
    [
      "a product with a matrix",
      ({ b, w, P, F }) => ({ node: b.contract([w, b.contract([F, P], ["d"])], ["n"]), axes: ["k", "g", "e"] }),
    ],
    [
      "a matrix that differs along another axis that is summed over",
      ({ b, w, P, F }) => ({ node: b.contract([w, b.contract([F, P], ["d"])], ["n", "k"]), axes: ["g", "e"] }),
    ],
    [
      "a factor for each entry",
      ({ b, w, P, Q }) => ({ node: b.contract([w, b.times(Q, P)], ["n", "k"]), axes: ["d", "e"] }),
    ],
    [
      "what is known, less a product that is multiplied from both sides",
      ({ b, w, P, Q }) => {
        const known = b.times(Q, b.identity("d", "e"));
        const taken = b.times(b.times(Q, P), b.rename(Q, "d", "e"));
        return { node: b.contract([w, b.minus(known, taken)], ["n", "k"]), axes: ["d", "e"] };
      },
    ],
    [
      "the diagonal of a product",
      ({ b, w, P, F }) => {
        const product = b.diagonal(b.contract([F, P], ["d"]), "g", "e");
        return { node: b.contract([w, product], ["n"]), axes: ["k", "g"] };
      },
    ],
  ])("%s", (_, make) => {
    const fn = functionOf(make);
    expect(parametersPerRow(fn)).toBeGreaterThan(0);
    expect(parametersPerRow(expectSame(fn))).toBe(0);
  });

  test("but data less what is expected of them stays together", () => {
    const fn = functionOf(({ b, w, x, Q }) => ({
      node: b.contract([w, b.minus(x, Q)], ["n", "k"]),
      axes: ["d"],
    }));
    expect(parametersPerRow(expectSame(fn))).toBe(1);
  });
});
