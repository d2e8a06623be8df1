import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import { fuseProducts } from "../../src/ir/passes/fuse-products.js";
import { adjoints, copyInto, passes, runPasses } from "../../src/ir/passes/index.js";
import { nameInputs } from "../../src/ir/passes/name-inputs.js";
import { nameOutputs } from "../../src/ir/passes/name-outputs.js";
import { PlanBuilder } from "../../src/ir/plan-builder.js";
import type { Operation, PlanFunction } from "../../src/ir/plan.js";
import { operandsOf } from "../../src/ir/plan.js";
import { verifyPlan } from "../../src/ir/verify-plan.js";
import type { PlanRecipe } from "../arbitraries/plan.js";
import { buildRecipe, planEnvironment, planRecipe, stepNames } from "../arbitraries/plan.js";

/** Every node of a recipe as an output, stored along all its axes in the unfolded function. */
function functionOf(recipe: PlanRecipe, fold: boolean): PlanFunction {
  const { builder, pool, parameters, total } = buildRecipe(recipe, new PlanBuilder({ fold }));
  const plain = buildRecipe(recipe, new PlanBuilder({ fold: false }));
  plain.pool.forEach((id, i) => builder.output(`node${i}`, pool[i], plain.builder.axesOf(id)));
  const [gradient] = adjoints(builder, total, [parameters.loadings]);
  builder.output("total", total, []);
  builder.output("gradient", gradient, ["k", "d"]);
  return builder.build("random");
}

function expectSameValues(actual: PlanFunction, expected: PlanFunction): void {
  const [values, oracle] = [actual, expected].map((fn) => interpretPlan(fn, planEnvironment()));
  expect(Object.keys(values)).toEqual(Object.keys(oracle));
  for (const [name, cells] of Object.entries(oracle)) {
    const scale = cells.reduce((most, cell) => Math.max(most, Math.abs(cell)), 1);
    cells.forEach((cell, i) => {
      const difference = Math.abs(values[name][i] - cell) / scale;
      expect(difference, `${name}[${i}]: ${values[name][i]} instead of ${cell}`).toBeLessThan(1e-12);
    });
  }
}

function check(recipe: PlanRecipe): void {
  const plain = functionOf(recipe, false);
  verifyPlan(plain);
  const folded = functionOf(recipe, true);
  verifyPlan(folded);
  expectSameValues(folded, plain);
  expectSameValues(runPasses(folded, { verify: true }), plain);
  expectSameValues(runPasses(plain, { verify: true }), plain);
}

describe("folding and passes keep values", () => {
  it.each(stepNames)("%s", (step) => {
    for (const [first, second] of [
      [0, 1],
      [3, 2],
      [1, 0],
    ]) {
      check({
        steps: [
          { step, first, second },
          { step, first: 0, second: 3 },
        ],
      });
    }
  });
  it("of random functions", () => {
    fc.assert(fc.property(planRecipe(), check), { numRuns: 70 });
  });
});

function kinds(fn: PlanFunction): readonly Operation["kind"][] {
  return fn.nodes.map((node) => node.operation.kind);
}

function axesForProducts(): PlanBuilder {
  const b = new PlanBuilder();
  b.axis("n", { kind: "rows" });
  b.axis("k", { kind: "symbol", name: "K" });
  b.axis("l", { kind: "symbol", name: "K" });
  b.axis("d", { kind: "symbol", name: "D" });
  return b;
}

describe("fuse products", () => {
  const responsibilities = (b: PlanBuilder): number => b.input("table", "r", ["n", "k"]);
  const data = (b: PlanBuilder): number => b.input("table", "x", ["n", "d"]);
  it("makes a contraction of a sum of products", () => {
    const b = axesForProducts();
    b.output("s", b.sum(b.times(responsibilities(b), data(b)), ["n"]), ["k", "d"]);
    const fused = fuseProducts.run(b.build("moments"));
    expect(kinds(fused)).toEqual(["input", "input", "contract"]);
  });
  it("leaves a product that something else reads", () => {
    const b = axesForProducts();
    const product = b.times(responsibilities(b), data(b));
    b.output("s", b.sum(product, ["n"]), ["k", "d"]);
    b.output("p", product, ["n", "k", "d"]);
    const fn = b.build("moments");
    expect(kinds(fuseProducts.run(fn))).toEqual(kinds(fn));
  });
  it("leaves a product that varies along fewer axes than the sum", () => {
    const b = axesForProducts();
    const weighted = b.times(b.input("table", "w", ["n"]), data(b));
    b.output("s", b.contract([responsibilities(b), weighted], ["n"]), ["k", "d"]);
    const fn = b.build("moments");
    expect(kinds(fuseProducts.run(fn))).toEqual(kinds(fn));
  });
});

describe("names at the edges", () => {
  it("reads an input under the name that is used", () => {
    const b = axesForProducts();
    b.output("t", b.unary("exp", b.rename(b.input("table", "t", ["k", "d"]), "k", "l")), ["l", "d"]);
    const named = nameInputs.run(b.build("renamed"));
    expect(named.nodes.map((node) => node.operation)).toEqual([
      { kind: "input", source: "table", name: "t", axes: ["l", "d"] },
      { kind: "unary", function: "exp", operand: 0 },
    ]);
  });
  it("stores a value under the name it was computed with", () => {
    const b = axesForProducts();
    const computed = b.unary("exp", b.input("table", "t", ["k", "d"]));
    b.output("t", b.rename(computed, "k", "l"), ["d", "l"]);
    // Here both names are needed.
    b.output("twice", b.rename(computed, "k", "l"), ["k", "d", "l"]);
    const named = nameOutputs.run(b.build("renamed"));
    expect(named.outputs.map((output) => output.axes)).toEqual([
      ["d", "k"],
      ["k", "d", "l"],
    ]);
    verifyPlan(named);
  });
});

describe("the list of passes", () => {
  it("does nothing to what it has made", () => {
    fc.assert(
      fc.property(planRecipe(), (recipe) => {
        const once = runPasses(functionOf(recipe, true));
        expect(runPasses(once)).toEqual(once);
      }),
      { numRuns: 20 },
    );
  });
  it("leaves no node unread and no two nodes equal", () => {
    fc.assert(
      fc.property(planRecipe(), (recipe) => {
        const fn = runPasses(functionOf(recipe, true));
        const read = new Set([
          ...fn.nodes.flatMap((node) => operandsOf(node.operation)),
          ...fn.outputs.map((output) => output.node),
        ]);
        expect(read.size).toBe(fn.nodes.length);
        const texts = fn.nodes.flatMap(({ operation }) =>
          operation.kind === "constant" ? [] : [JSON.stringify(operation)],
        );
        expect(new Set(texts).size).toBe(texts.length);
      }),
      { numRuns: 20 },
    );
  });
  it("says of every pass what it ensures", () => {
    for (const pass of passes) expect(pass.ensures).not.toBe("");
  });
  it("looks through kept nodes at last", () => {
    const b = axesForProducts();
    const x = b.input("table", "t", ["k"]);
    b.output("t", b.unary("log", b.keep(b.unary("exp", x))), ["k"]);
    expect(kinds(runPasses(b.build("kept")))).toEqual(["input"]);
  });
  it("refuses a broken function", () => {
    const broken: PlanFunction = {
      name: "broken",
      axes: [],
      nodes: [],
      outputs: [{ name: "none", node: 0, axes: [] }],
    };
    expect(() => runPasses(broken, { verify: true })).toThrow("broken, before the passes");
  });
});

describe("copyInto", () => {
  it("inlines a function with its inputs replaced", () => {
    const inner = axesForProducts();
    inner.output("double", inner.scale(2, inner.input("table", "t", ["k"])), ["k"]);
    const outer = axesForProducts();
    const given = outer.unary("exp", outer.input("data", "x", ["n", "k"]));
    const copies = copyInto(outer, inner.build("inner"), (operation) =>
      operation.kind === "input" ? given : undefined,
    );
    expect(copies.at(-1)).toBe(outer.scale(2, given));
  });
});
