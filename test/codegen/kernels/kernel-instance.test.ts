import { describe, expect, test } from "vitest";
import { emitKernel, emitKernels, printKernels } from "../../../src/codegen/kernels/emit-kernel.js";
import { PlanBuilder } from "../../../src/ir/plan-builder.js";
import type { PlanFunction } from "../../../src/ir/plan.js";
import { KernelInstance } from "../../../src/runtime/kernels/kernel-instance.js";
import { variants } from "./run-kernel.js";

/** total = sum over rows of w log Gamma(x + 1), and each row's own. */
function weightedLogFactorials(): PlanFunction {
  const builder = new PlanBuilder();
  builder.axis("n", { kind: "rows" });
  const x = builder.input("data", "x", ["n"]);
  const w = builder.input("parameter", "w", []);
  const value = builder.times(w, builder.unary("logGamma", builder.plus(x, builder.constant(1))));
  builder.output("each", value, ["n"]);
  builder.output("total", builder.sum(value, ["n"]), []);
  return builder.build("weighted");
}

const logFactorials = [0, 0, Math.log(2), Math.log(6), Math.log(24), Math.log(120)];

function run(kernels: KernelInstance, x: Float64Array, w: number): { each: Float64Array; total: Float64Array } {
  const into = { each: new Float64Array(x.length), total: new Float64Array(1) };
  kernels.run("weighted", { sizes: {}, rows: x.length, parameters: { w: Float64Array.of(w) }, data: { x }, into });
  return into;
}

describe.each(variants)("a kernel instance, %s", (variant) => {
  test("adds to totals, writes rows, and keeps apart blocks of a data set", () => {
    const kernels = KernelInstance.createNow(emitKernel(weightedLogFactorials()), { variant });
    const all = Float64Array.of(0, 1, 2, 3, 4, 5, 5, 4, 3, 2);
    const blocks = [all.subarray(0, 7), all.subarray(7)];
    for (const w of [1, -2.5]) {
      for (const block of blocks) {
        const { each, total } = run(kernels, block, w);
        const expected = [...block].map((value) => w * logFactorials[value]);
        each.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 12));
        expect(total[0]).toBeCloseTo(
          expected.reduce((a, b) => a + b, 0),
          12,
        );
      }
    }
  });

  test("adds to what is there", () => {
    const kernels = KernelInstance.createNow(emitKernel(weightedLogFactorials()), { variant });
    const x = Float64Array.of(3, 4);
    const into = { each: new Float64Array(2), total: Float64Array.of(10) };
    kernels.run("weighted", { sizes: {}, rows: 2, parameters: { w: Float64Array.of(1) }, data: { x }, into });
    expect(into.total[0]).toBeCloseTo(10 + Math.log(6) + Math.log(24), 12);
  });

  test("another view of changed entries is another data set", () => {
    const kernels = KernelInstance.createNow(emitKernel(weightedLogFactorials()), { variant });
    const x = Float64Array.of(1, 2, 3);
    run(kernels, x.subarray(0), 1);
    x[0] = 5;
    expect(run(kernels, x.subarray(0), 1).each[0]).toBeCloseTo(Math.log(120), 12);
  });

  test("memory does not grow with the number of data sets", () => {
    const kernels = KernelInstance.createNow(emitKernel(weightedLogFactorials()), { variant });
    for (let i = 0; i < 40; i++) run(kernels, new Float64Array(50_000).fill(2), 1);
    expect(kernels.memoryBytes).toBeLessThan(8e6);
  });

  test("no rows", () => {
    const kernels = KernelInstance.createNow(emitKernel(weightedLogFactorials()), { variant });
    expect(run(kernels, new Float64Array(0), 1).total[0]).toBe(0);
  });

  test("in shared memory", () => {
    const kernels = KernelInstance.createNow(emitKernel(weightedLogFactorials()), { variant, shared: true });
    expect(run(kernels, Float64Array.of(5), 2).total[0]).toBeCloseTo(2 * Math.log(120), 12);
  });
});

test("compiled without waiting and with", async () => {
  const kernels = await KernelInstance.create(emitKernel(weightedLogFactorials()));
  expect(run(kernels, Float64Array.of(4), 1).total[0]).toBeCloseTo(Math.log(24), 12);
});

test("a function that draws stays loops, and says why", () => {
  const builder = new PlanBuilder();
  builder.axis("n", { kind: "rows" });
  builder.output("y", builder.draw("normal", [], ["n"], "y"), ["n"]);
  const { module, skipped } = emitKernels([builder.build("sample"), weightedLogFactorials()]);
  expect(skipped).toEqual([{ name: "sample", reason: "it draws random numbers" }]);
  expect(module?.functions.map(({ name }) => name)).toEqual(["weighted"]);
});

test("the text names the rules that a kernel was derived by", () => {
  const builder = new PlanBuilder();
  builder.axis("n", { kind: "rows" });
  const x = builder.input("data", "x", ["n"]);
  builder.rule("poisson-density", () => builder.output("total", builder.sum(builder.unary("exp", x), ["n"]), []));
  const text = printKernels([builder.build("likelihood")]);
  expect(text).toMatch(/^\(module\n/);
  expect(text).toContain(";; poisson-density");
  expect(text).toContain('(func $likelihood.1 (export "likelihood.1") (param $frame.0 i32)');
});
