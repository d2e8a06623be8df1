import { describe, expect, test } from "vitest";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import { reuseProducts } from "../../src/ir/passes/reuse-products.js";
import { PlanBuilder } from "../../src/ir/plan-builder.js";
import type { PlanFunction } from "../../src/ir/plan.js";

const sizes = { D: 3, H: 2 };
const rows = 4;
const numbers = (count: number, phase: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => Math.sin(1 + phase + i * i));
const inputs = {
  parameter: { w: numbers(6, 1) },
  data: { x: numbers(12, 2), y: numbers(12, 3), t: numbers(4, 4) },
  table: {},
};

/** x w, y w where `both`, and (t x - (1 - t) y) w with x and y under another name. */
function mixed(both: boolean): PlanFunction {
  const b = new PlanBuilder();
  b.axis("n", { kind: "rows" });
  b.axis("d", { kind: "symbol", name: "D" });
  b.axis("e", { kind: "symbol", name: "D" });
  b.axis("h", { kind: "symbol", name: "H" });
  const w = b.input("parameter", "w", ["d", "h"]);
  const x = b.input("data", "x", ["n", "d"]);
  const y = b.input("data", "y", ["n", "d"]);
  const t = b.input("data", "t", ["n"]);
  b.output("first", b.contract([x, w], ["d"]), ["n", "h"]);
  if (both) b.output("second", b.contract([y, w], ["d"]), ["n", "h"]);
  const [otherX, otherY] = [b.input("data", "x", ["n", "e"]), b.input("data", "y", ["n", "e"])];
  const mix = b.minus(b.times(t, otherX), b.times(b.minus(b.constant(1), t), otherY));
  b.output("mix", b.contract([b.rename(mix, "e", "d"), w], ["d"]), ["n", "h"]);
  return b.build("mixed");
}

const contractions = ({ nodes }: PlanFunction): number =>
  nodes.filter(({ operation }) => operation.kind === "contract").length;

describe("products of weighted sums", () => {
  test.each([
    [true, 3, 2],
    [false, 2, 2],
  ])("are made of products that are there (both: %s)", (both, before, after) => {
    const fn = mixed(both);
    expect(contractions(fn)).toBe(before);
    const reused = reuseProducts(fn);
    expect(contractions(reused)).toBe(after);
    const expected = interpretPlan(fn, { sizes, rows, inputs });
    for (const [name, values] of Object.entries(interpretPlan(reused, { sizes, rows, inputs })))
      values.forEach((value, i) => expect(value).toBeCloseTo(expected[name]![i]!, 12));
  });
});
