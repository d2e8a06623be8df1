import { describe, expect, test } from "vitest";
import { compileSource } from "../../src/compile/index.js";
import { programOf } from "../support/trainers.js";

const chain = (body: string, before = ""): string => `model M { size K = 2, D = 2
  param P[K]: Simplex[K]  param w: Simplex[K]  param A[K]: Matrix[D, D]  param q[K]: Positive  param r: Positive
  each s { ${before} chain t { ${body} } }
  learn em { approx: vb } }`;

const blocksOf = (text: string): readonly string[] =>
  (programOf(text).variational?.blocks ?? []).map(({ name, kind }) => `${kind} ${name}`);

describe("blocks are read off the structure", () => {
  test("a path of regimes and a path of states", () => {
    const text = chain(`
      latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(w)
      latent x: Vector[D] ~ Normal(A[k] * x[t-1], r) init Normal(0, 1)
      observe y: Vector[D] ~ Normal(x, q[k])`);
    expect(blocksOf(text)).toEqual(["gaussian x", "discrete k"]);
  });

  test("regimes that share no density are blocks of their own, states that do are one", () => {
    const text = chain(`
      latent k: Category[K] ~ Categorical(P[k[t-1]]) init Categorical(w)
      latent l: Category[K] ~ Categorical(P[l[t-1]]) init Categorical(w)
      latent x: Vector[D] ~ Normal(A[k] * x[t-1], r) init Normal(0, 1)
      latent z: Vector[D] ~ Normal(A[l] * z[t-1], r) init Normal(0, 1)
      observe y: Vector[D] ~ Normal(x + z, q[0])`);
    expect(blocksOf(text)).toEqual(["gaussian x,z", "discrete k", "discrete l"]);
  });

  test("factors of a product are apart, and what is affine in one of them is joined to it", () => {
    const text = `model M {
      param v: Positive
      each n {
        latent a: Real ~ Normal(0, 1)
        latent b: Real ~ Normal(0, 1)
        latent c: Real ~ Normal(b, 1)
        observe y: Real ~ Normal(a * b + c, v)
      }
      learn em { approx: vb } }`;
    expect(blocksOf(text)).toEqual(["gaussian b,c", "gaussian a"]);
  });
});

describe("what is no product of blocks is refused", () => {
  const codes = (text: string): readonly string[] =>
    compileSource({ name: "m.gen", text }).diagnostics.map(({ code, severity }) => `${code} ${severity}`);
  const plain = (latents: string, mean: string): string => `model M {
    param v: Positive
    each n { ${latents} observe y: Real ~ Normal(${mean}, v) }
    learn em { approx: vb } }`;
  const a = "latent a: Real ~ Normal(0, 1)";

  test.each([
    ["a square", plain(a, "a * a"), ["GEN3203 error"]],
    [
      "a product of three",
      plain(`${a} latent b: Real ~ Normal(0, 1) latent c: Real ~ Normal(0, 1)`, "a * b * c"),
      ["GEN3900 error"],
    ],
    ["a latent that is not Normal", plain("latent a: Positive ~ Gamma(2, 1)", "a"), ["GEN3202 error"]],
    ["a model that is exact", plain(a, "a"), ["GEN3205 warning"]],
  ])("%s", (_, text, expected) => {
    expect(codes(text)).toEqual(expected);
  });
});
