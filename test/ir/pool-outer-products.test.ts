import { describe, expect, test } from "vitest";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import { poolOuterProducts } from "../../src/ir/passes/pool-outer-products.js";
import { reuseSums } from "../../src/ir/passes/reuse-sums.js";
import { PlanBuilder } from "../../src/ir/plan-builder.js";
import type { PlanFunction } from "../../src/ir/plan.js";
import { verifyPlan } from "../../src/ir/verify-plan.js";

const [N, K, D] = [40, 3, 2];

interface Choice {
  /** Probabilities, or any weights. */
  readonly softmax: boolean;
  /** Each row has a weight of its own. */
  readonly weights: boolean;
}

/** sum[n, z] w r (x - m) (x - m)' as a derivation writes it. */
function scatter({ softmax, weights }: Choice): PlanFunction {
  const b = new PlanBuilder();
  b.axis("n", { kind: "rows" });
  b.axis("z", { kind: "symbol", name: "K" });
  b.axis("i", { kind: "symbol", name: "D" });
  b.axis("j", { kind: "symbol", name: "D" });
  const scores = b.input("table", "scores", ["n", "z"]);
  const residual = b.minus(b.input("data", "x", ["n", "i"]), b.input("parameter", "m", ["z", "i"]));
  const responsibility = softmax ? b.softmax(scores, ["z"]) : scores;
  const factors = weights ? [responsibility, b.input("data", "w", ["n"])] : [responsibility];
  b.output("scatter", b.contract([...factors, residual, b.rename(residual, "i", "j")], ["n", "z"]), ["i", "j"]);
  return b.build("scatter");
}

/** Groups of rows around means, some of them close together, and how far each row is from each. */
function world(far: number, offset: number) {
  const wave = (i: number): number => Math.sin(12.9898 * i + 1) * 0.9;
  const m = Float64Array.from([0, 0, 0.5, -0.25, far, -far], (value) => value + offset);
  const x = Float64Array.from({ length: N * D }, (_, at) => {
    const [row, i] = [Math.floor(at / D), at % D];
    return m[(row % K) * D + i] + wave(at);
  });
  const scores = Float64Array.from({ length: N * K }, (_, at) => {
    const [row, z] = [Math.floor(at / K), at % K];
    return -0.5 * Array.from({ length: D }, (_, i) => (x[row * D + i] - m[z * D + i]) ** 2).reduce((a, c) => a + c);
  });
  const w = Float64Array.from({ length: N }, (_, row) => 1 + (row % 4) / 2);
  return { m, x, scores, w };
}

/** By the definition, row by row and value by value. */
function expected({ m, x, scores, w }: ReturnType<typeof world>, { softmax, weights }: Choice): number[] {
  const total = Array<number>(D * D).fill(0);
  for (let row = 0; row < N; row++) {
    const own = Array.from({ length: K }, (_, z) => scores[row * K + z]);
    const largest = Math.max(...own);
    const sum = own.reduce((a, score) => a + Math.exp(score - largest), 0);
    own.forEach((score, z) => {
      const r = (softmax ? Math.exp(score - largest) / sum : score) * (weights ? w[row] : 1);
      const e = Array.from({ length: D }, (_, i) => x[row * D + i] - m[z * D + i]);
      for (let i = 0; i < D; i++) for (let j = 0; j < D; j++) total[i * D + j] += r * e[i] * e[j];
    });
  }
  return total;
}

/** The largest number of axes that a product inside a sum over rows varies along. */
function widestProduct(fn: PlanFunction): number {
  const widths = fn.nodes.map(({ operation }) =>
    operation.kind === "contract" ? new Set(operation.operands.flatMap((id) => fn.nodes[id].axes)).size : 0,
  );
  return Math.max(...widths);
}

describe("outer products of rows less values, weighted by probabilities", () => {
  test.each([
    { softmax: true, weights: false },
    { softmax: true, weights: true },
  ])("take one product a row: $weights", (choice) => {
    const before = scatter(choice);
    const after = poolOuterProducts.run(before);
    verifyPlan(after);
    expect(widestProduct(before)).toBe(4);
    expect(widestProduct(after)).toBe(3);
    // What stays of 16 digits: the data itself has 10 of them at an offset of 1e6.
    for (const [far, offset, tolerance] of [
      [3, 0, 1e-13],
      [1e7, 0, 1e-8],
      [3, 1e6, 1e-9],
    ]) {
      const values = world(far, offset);
      const inputs = {
        parameter: { m: values.m },
        data: { x: values.x, w: values.w },
        table: { scores: values.scores },
      };
      const found = interpretPlan(after, { sizes: { K, D }, rows: N, inputs }).scatter;
      const want = expected(values, choice);
      const scale = Math.max(...want.map(Math.abs));
      want.forEach((value, i) => {
        expect(Math.abs(found[i] - value) / scale, `entry ${i}, ${far} apart, ${offset} off`).toBeLessThan(tolerance);
      });
    }
  });

  test("stay as they are where the weights are no probabilities", () => {
    const before = scatter({ softmax: false, weights: true });
    expect(widestProduct(poolOuterProducts.run(before))).toBe(4);
  });
});

describe("sums that are there already", () => {
  function distances(weightVaries: boolean): PlanFunction {
    const b = new PlanBuilder();
    b.axis("n", { kind: "rows" });
    b.axis("i", { kind: "symbol", name: "D" });
    const square = b.unary("square", b.input("data", "x", ["n", "i"]));
    const weight = b.input("table", "r", weightVaries ? ["n", "i"] : ["n"]);
    b.output("distance", b.sum(square, ["i"]), ["n"]);
    b.output("total", b.contract([weight, square], ["n", "i"]), []);
    return b.build("distances");
  }
  const kindsOf = (fn: PlanFunction): readonly string[] => fn.nodes.map(({ operation }) => operation.kind);

  test("are weighted rather than made again", () => {
    const before = distances(false);
    const after = reuseSums.run(before);
    verifyPlan(after);
    const inputs = { data: { x: Float64Array.of(1, 2, 3, 4) }, table: { r: Float64Array.of(10, 1) } };
    const found = interpretPlan(after, { sizes: { D: 2 }, rows: 2, inputs });
    expect([...found.distance, ...found.total]).toEqual([5, 25, 75]);
    const contract = after.nodes.find(({ operation }) => operation.kind === "contract")?.operation;
    expect(contract).toMatchObject({ over: ["n"] });
  });

  test("stay where the weights vary along what was summed over", () => {
    const before = distances(true);
    expect(kindsOf(reuseSums.run(before))).toEqual(kindsOf(before));
  });
});
