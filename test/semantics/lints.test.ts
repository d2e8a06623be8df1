import { describe, expect, test } from "vitest";
import { codesOf } from "./check-text.js";

const model = (declarations: string, items: string): string =>
  `model M {\n size D, L, K = 2\n ${declarations}\n each n {\n ${items}\n }\n}`;

/** Codes of the lints only, unused sizes aside: the frame above declares more than each case needs. */
function lintsOf(declarations: string, items: string): readonly string[] {
  const codes = codesOf(model(declarations, items));
  const errors = codes.filter((code) => !code.startsWith("GEN28"));
  if (errors.length > 0) throw new Error(errors.join(" "));
  return codes.filter((code) => code !== "GEN2808");
}

describe("a lint keeps quiet where all is well", () => {
  test.each([
    [
      "variances named as such",
      "param sigma2: Positive\n param sigma_squared: Positive",
      "observe x: Real ~ Normal(0, sigma2 + sigma_squared)",
    ],
    ["a bare variance by its usual name", "param sigma2: Positive", "observe x: Real ~ Normal(0, sigma2)"],
    ["a covariance called Sigma", "param Sigma: Cov[D]", "observe x: Vector[D] ~ Normal(0, Sigma)"],
    ["a standard deviation given as one", "param sigma: Positive", "observe x: Real ~ Normal(0, sd: sigma)"],
    ["sigma in a family that has no variance", "param sigma: Positive", "observe x: Real ~ Laplace(0, sigma)"],
    [
      "a parameter that matters through a prior",
      "param centre: Real ~ Normal(0, 1)\n param m: Real ~ Normal(centre, 1)",
      "observe x: Real ~ Normal(m, 1)",
    ],
    ["a concentration of one", "param w: Simplex[K] ~ Dirichlet(1)", "observe z: Category[K] ~ Categorical(w)"],
    [
      "a latent variable that matters through another",
      "param v: Positive",
      "latent a: Real ~ Normal(0, 1)\n latent b: Real ~ Normal(a, 1)\n observe x: Real ~ Normal(b, v)",
    ],
    [
      "a given column that is an index only",
      "param m[K]: Real",
      "given g: Category[K]\n observe x: Real ~ Normal(m[g], 1)",
    ],
    [
      "loadings with a fixed latent scale",
      "param W: Matrix[D, L]",
      "latent z: Vector[L] ~ Normal(0, 1)\n observe x: Vector[D] ~ Normal(W * z, 1)",
    ],
    [
      "loadings with a prior",
      "param W: Matrix[D, L] ~ Normal(0, 1)\n param V: Cov[L]",
      "latent z: Vector[L] ~ Normal(0, V)\n observe x: Vector[D] ~ Normal(W * z, 1)",
    ],
    [
      "a latent scale that is seen by itself",
      "param W: Matrix[L, L]\n param V: Cov[L]",
      "latent z: Vector[L] ~ Normal(0, V)\n observe x: Vector[L] ~ Normal(W * z, 1)\n observe y: Vector[L] ~ Normal(z, 1)",
    ],
    [
      "a factor of a product that is also used alone",
      "param a: Real\n param b: Real",
      "observe x: Real ~ Normal(a * b, 1)\n observe y: Real ~ Normal(a, 1)",
    ],
    [
      "priors over the parameter's own values",
      "param a: Positive ~ Gamma(2, 1)\n param b: Unit ~ Beta(2, 2)\n param c: Real ~ StudentT(3, 0, 1)",
      "observe x: Real ~ Normal(c + b, a)",
    ],
    [
      "latent categories with weights of their own",
      "param u: Simplex[K]\n param w: Simplex[K]\n param m[K]: Real",
      "latent a: Category[K] ~ Categorical(u)\n latent b: Category[K] ~ Categorical(w)\n observe x: Real ~ Normal(m[a] + m[b], 1)",
    ],
    [
      "latent categories that enter in different ways",
      "param w: Simplex[K]\n param m[K, K]: Real",
      "latent a: Category[K] ~ Categorical(w)\n latent b: Category[K] ~ Categorical(w)\n observe x: Real ~ Normal(m[a, b], 1)",
    ],
    [
      "one output of a network left unread",
      "net f(Real) -> (Real, Real) = dense(4, relu)",
      "given u: Real\n let (a, b) = f(u)\n observe x: Real ~ Normal(a, 1)",
    ],
  ])("%s", (_, declarations, items) => {
    expect(lintsOf(declarations, items)).toEqual([]);
  });
});

describe("a lint speaks where something is odd", () => {
  test.each([
    ["a scale named sd", "param noise_sd: Positive", "observe x: Real ~ Normal(0, noise_sd)", ["GEN2803"]],
    [
      "a table named sigma",
      "param sigma[K]: Positive",
      "given g: Category[K]\n observe x: Real ~ Normal(0, sigma[g])",
      ["GEN2803"],
    ],
    ["a Student-t scale named sigma", "param sigma: Positive", "observe x: Real ~ StudentT(4, 0, sigma)", ["GEN2803"]],
    ["two numbers in a product", "param a: Real\n param b: Real", "observe x: Real ~ Normal(a * b, 1)", ["GEN2804"]],
    [
      "loadings against a deviation",
      "param w: Vector[D]\n param s: Positive",
      "latent z: Real ~ Normal(0, sd: s)\n observe x: Vector[D] ~ Normal(w * z, 1)",
      ["GEN2804"],
    ],
    ["a Gamma prior of a real number", "param a: Real ~ Gamma(2, 1)", "observe x: Real ~ Normal(a, 1)", ["GEN2805"]],
    [
      "a concentration with one small entry",
      "param w: Simplex[2] ~ Dirichlet([2, 0.5])",
      "observe z: Category[2] ~ Categorical(w)",
      ["GEN2807"],
    ],
    [
      "a parameter that feeds only an unused one",
      "param a: Real\n param b: Real ~ Normal(a, 1)",
      "observe x: Real ~ Normal(0, 1)",
      ["GEN2801", "GEN2801"],
    ],
    ["a given column that nothing reads", "", "given u: Real\n observe x: Real ~ Normal(0, 1)", ["GEN2812"]],
    [
      "a let that is read by an unread let only",
      "",
      "given u: Real\n let a = u\n let b = a\n observe x: Real ~ Normal(0, 1)",
      ["GEN2812", "GEN2812"],
    ],
    [
      "a latent chain of causes without data",
      "",
      "latent a: Real ~ Normal(0, 1)\n latent b: Real ~ Normal(a, 1)\n observe x: Real ~ Normal(0, 1)",
      ["GEN2802", "GEN2802"],
    ],
  ])("%s", (_, declarations, items, codes) => {
    expect(lintsOf(declarations, items)).toEqual(codes);
  });
});
