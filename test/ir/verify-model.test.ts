import { describe, expect, test } from "vitest";
import { distributions } from "../../src/distributions/registry.js";
import type { DensityFactor, Expression, Model } from "../../src/ir/model.js";
import { verifyModel } from "../../src/ir/verify-model.js";
import { modelOf } from "../semantics/check-text.js";

const model = modelOf(`
model Mixture {
  size K, J
  param w: Simplex[K]
  param m[K]: Real
  net f(Real) -> Real = dense(4, relu)
  each n {
    latent  z: Category[K] ~ Categorical(w)
    observe x: Real        ~ Normal(f(m[z]), 1)
  }
}`);

const verify =
  (broken: Model): (() => void) =>
  () =>
    verifyModel(broken, (name) => distributions[name].slots);

function withArgument(slot: string, change: (value: Expression) => Expression | undefined): Model {
  const factors = model.factors.map((factor): DensityFactor => {
    if (factor.kind !== "density") throw new Error("a density was expected");
    const changed = Object.entries(factor.arguments).flatMap(([name, value]) => {
      const next = name === slot ? change(value) : value;
      return next === undefined ? [] : [[name, next] as const];
    });
    return { ...factor, arguments: Object.fromEntries(changed) };
  });
  return { ...model, factors };
}

const span = { start: 0, end: 0 };
const real = { kind: "real", shape: [] } as const;

test("a checked model passes", () => {
  expect(verify(model)).not.toThrow();
});

describe("a broken model is refused", () => {
  const wrong: readonly (readonly [string, Model, RegExp])[] = [
    ["a name twice", { ...model, parameters: [...model.parameters, model.parameters[0]] }, /declared twice/],
    ["an unknown size", { ...model, sizes: [] }, /unknown size `K`/],
    ["an unknown axis", { ...model, axes: [] }, /unknown axis `n`/],
    ["an unknown parameter", { ...model, parameters: model.parameters.slice(0, 1) }, /unknown parameter `m`/],
    ["an unknown network", { ...model, networks: [] }, /unknown network `f`/],
    ["a variable without a factor", { ...model, factors: model.factors.slice(0, 1) }, /phases ""/],
    ["a factor twice", { ...model, factors: [...model.factors, model.factors[0]] }, /two factors/],
    ["a missing argument", withArgument("covariance", () => undefined), /0 arguments at position 1/],
    ["an unknown slot", withArgument("mean", (value) => value), /no slot `scale`/],
    [
      "a missing index",
      withArgument("mean", () => ({ kind: "parameter", name: "m", indices: [], type: real, span })),
      /`m` has 0 indices/,
    ],
    [
      "an index of another size",
      withArgument("mean", () => ({
        kind: "parameter",
        name: "m",
        indices: [
          {
            kind: "variable",
            name: "z",
            lag: 0,
            type: { kind: "category", categories: { kind: "symbol", name: "J" }, shape: [] },
            span,
          },
        ],
        type: real,
        span,
      })),
      /index of another size/,
    ],
    [
      "a look-back outside a chain",
      withArgument("mean", () => ({ kind: "variable", name: "x", lag: 1, type: real, span })),
      /not in a chain/,
    ],
    [
      "an output too many",
      withArgument("mean", (value) => ({ ...value, kind: "network", network: "f", output: 1, arguments: [] })),
      /no output 1/,
    ],
  ];

  test.each(wrong)("%s", (what, broken, reason) => {
    const model = what === "an unknown slot" ? withScale(broken) : broken;
    expect(verify(model)).toThrow(reason);
  });
});

function withScale(from: Model): Model {
  const [z, x] = from.factors;
  if (x.kind !== "density") throw new Error("a density was expected");
  return { ...from, factors: [z, { ...x, arguments: { ...x.arguments, scale: x.arguments.mean } }] };
}
