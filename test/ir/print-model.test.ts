import { expect, test } from "vitest";
import { printModel } from "../../src/ir/print-model.js";
import { modelOf } from "../semantics/check-text.js";

test("a mixture prints as a factor graph", () => {
  const model = modelOf(`
model GaussianMixture {
  size K = 3, D
  param weights: Simplex[K]
  param mean[K]: Vector[D]
  param covariance[K]: Cov[D]
  each n {
    latent  z: Category[K] ~ Categorical(weights)
    observe x: Vector[D]?  ~ Normal(mean[z], covariance[z])
  }
}`);
  expect(printModel(model)).toBe(`\
model     GaussianMixture
sizes     K = 3, D
axes      n: data
param     weights       in Simplex[K]
param     mean[K]       in Vector[D]
param     covariance[K] in Cov[D]
latent    z[n] in Category[K]
observed  x[n] in Vector[D]?
factor f1 [n] Categorical z | weights              probabilities: weights
factor f2 [n] Normal      x | z; mean, covariance  mean: mean[z], covariance: covariance[z]
`);
});

test("a chain prints its first step, its look-back and its nesting", () => {
  const model = modelOf(`
model Walk {
  param q: Positive ~ InvGamma(2, 1)
  each s {
    chain time {
      latent  x: Real ~ Normal(2 * (x[time-1] - 1) ^ 2, q) init Normal(0, 1)
      observe y: Real ~ Normal(x, 1)
    }
  }
  learn em { iterations: 20, approx: collapse(2) }
}`);
  expect(printModel(model)).toBe(`\
model     Walk
axes      s: data, time: chain in s
param     q in Positive ~ InvGamma(shape: 2, scale: 1)
latent    x[s, time] in Real
observed  y[s, time] in Real
factor f1 [s, time] Normal time=0 x                 mean: 0, covariance: 1
factor f2 [s, time] Normal        x | x[time-1]; q  mean: 2 * (x[time-1] - 1)^2, covariance: q
factor f3 [s, time] Normal        y | x             mean: x, covariance: 1
learn     em { iterations: 20, approx: collapse(2) }
`);
});
