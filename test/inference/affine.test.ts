import { describe, expect, test } from "vitest";
import type { Domain, Expression, Model } from "../../src/ir/model.js";
import { affine, type LinearMap } from "../../src/inference/affine.js";
import { latentsOf } from "../../src/inference/latents.js";
import { printExpression } from "../../src/inference/print-expression.js";
import { apply, constant, factorGraph, nowhere } from "./factor-graph.js";

const model: Model = factorGraph({
  axes: [{ name: "t", kind: "chain" }],
  variables: [
    { name: "a", kind: "continuous", axes: ["t"] },
    { name: "b", kind: "continuous", axes: ["t"] },
    { name: "k", kind: "discrete", axes: ["t"] },
    { name: "y", role: "observed", kind: "continuous", axes: ["t"] },
    { name: "u", role: "given", kind: "continuous", axes: ["t"] },
  ],
});
const latents = latentsOf(model);
const real: Domain = { kind: "real", shape: [] };
const variable = (name: string, lag = 0): Expression => ({ kind: "variable", name, lag, type: real, span: nowhere });
const parameter = (name: string, ...indices: Expression[]): Expression => ({
  kind: "parameter",
  name,
  indices,
  type: real,
  span: nowhere,
});
const network = (...operands: Expression[]): Expression => ({
  kind: "network",
  network: "f",
  output: 0,
  arguments: operands,
  type: real,
  span: nowhere,
});
const [a, b, k, y, u] = ["a", "b", "k", "y", "u"].map((name) => variable(name)) as [
  Expression,
  Expression,
  Expression,
  Expression,
  Expression,
];

const summands = (map: LinearMap): number =>
  map.kind === "identity"
    ? 1
    : map.kind === "then"
      ? summands(map.first)
      : map.maps.reduce((n, each) => n + summands(each), 0);

/** Which latents at which lags, and how many times each enters. */
function terms(expression: Expression): readonly (readonly [string, number, number])[] {
  const form = affine(expression, latents);
  if (form.kind === "nonAffine") throw new Error(JSON.stringify(form.reason));
  return form.terms.map((term) => [term.variable, term.lag, summands(term.map)]);
}
function offset(expression: Expression): string | undefined {
  const form = affine(expression, latents);
  if (form.kind === "nonAffine") throw new Error(JSON.stringify(form.reason));
  return form.offset === undefined ? undefined : printExpression(form.offset);
}

describe("affine", () => {
  test("A[k] a + b[k]: one term, the table is the offset, k is a discrete choice", () => {
    const form = affine(apply("add", apply("matmul", parameter("A", k), a), parameter("c", k)), latents);
    expect(form).toMatchObject({
      kind: "affine",
      terms: [
        { variable: "a", lag: 0, map: { kind: "then", first: { kind: "identity" }, step: { kind: "matrixTimes" } } },
      ],
      offset: { kind: "parameter", name: "c" },
    });
    expect(form.kind === "affine" && form.discrete.map((reference) => reference.name)).toEqual(["k"]);
  });

  test("terms of the same latent at the same lag add their maps; other lags are other terms", () => {
    expect(terms(apply("add", apply("subtract", a, apply("multiply", parameter("w"), a)), variable("a", 1)))).toEqual([
      ["a", 0, 2],
      ["a", 1, 1],
    ]);
  });

  test("observed and given values are known: A[k] y[t-1] + B u is an offset", () => {
    const expression = apply(
      "add",
      apply("matmul", parameter("A", k), variable("y", 1)),
      apply("matmul", parameter("B"), u),
    );
    expect(terms(expression)).toEqual([]);
    expect(offset(expression)).toBe("A[k] * y[t-1] + B * u");
  });

  test.each<[string, Expression, string | undefined]>([
    ["c - a", apply("subtract", parameter("c"), a), "c"],
    ["a - c", apply("subtract", a, parameter("c")), "-c"],
    ["2 (a + c)", apply("multiply", constant(2), apply("add", a, parameter("c"))), "2 * c"],
    ["(a + c) / y", apply("divide", apply("add", a, parameter("c")), y), "c / y"],
    ["dot(w, a)", apply("dot", parameter("w"), a), undefined],
    ["sum(a + c)", apply("sum", apply("add", a, parameter("c"))), "sum(c)"],
    ["concat(a, c)", apply("concat", a, parameter("c")), "concat(0, c)"],
    ["where(k == 1, a, c)", apply("where", apply("equal", k, constant(1)), a, parameter("c")), "where(k == 1, 0, c)"],
  ])("%s keeps its offset", (_, expression, expected) => {
    expect(terms(expression)).toEqual([["a", 0, 1]]);
    expect(offset(expression)).toBe(expected);
  });

  test("a network of discrete latents and given values is a known value", () => {
    expect(terms(apply("add", a, network(k, u)))).toEqual([["a", 0, 1]]);
  });

  test.each<[string, Expression, object]>([
    ["a b", apply("multiply", a, b), { kind: "product", left: "a", right: "b" }],
    ["dot(a, a)", apply("dot", a, a), { kind: "product", left: "a", right: "a" }],
    ["exp(a)", apply("exp", a), { kind: "function", function: "exp", latent: "a" }],
    ["f(a)", network(a), { kind: "network", network: "f", latent: "a" }],
    ["y / a", apply("divide", y, a), { kind: "divisor", latent: "a" }],
    ["where(a < 0, b, y)", apply("where", apply("less", a, constant(0)), b, y), { kind: "condition", latent: "a" }],
    ["a ^ 2", apply("power", a, constant(2)), { kind: "function", function: "power", latent: "a" }],
  ])("%s is not affine, and says why", (_, expression, reason) => {
    expect(affine(expression, latents)).toMatchObject({ kind: "nonAffine", reason });
  });

  test("every place is listed, not only the first", () => {
    const form = affine(apply("add", apply("exp", a), network(b)), latents);
    expect(form.kind === "nonAffine" && form.places.map((place) => place.reason.kind)).toEqual(["function", "network"]);
  });

  test("a ladder of shared sums is walked once per rung", () => {
    let rung = a;
    for (let i = 0; i < 60; i++) rung = apply("add", rung, rung);
    const form = affine(rung, latents);
    expect(form.kind === "affine" && form.terms.length).toBe(1);
  });
});
