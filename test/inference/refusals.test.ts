import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkSource } from "../../src/compile/index.js";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.js";
import { requireDerivable } from "../../src/inference/refusals.js";

const errors = fileURLToPath(new URL("../errors/", import.meta.url));
const diagnose = (text: string): readonly Diagnostic[] => checkSource({ name: "test.gen", text }).diagnostics;

describe("severity", () => {
  const switching = (learn: string): string => `model M {
  size K = 2
  param w: Simplex[K]
  param q[K]: Positive
  chain t {
    latent  k: Category[K] ~ Categorical(w)
    latent  x: Real ~ Normal(x[t-1], q[k]) init Normal(0, 1)
    observe y: Real ~ Normal(x, 1)
  }
  ${learn}
}`;
  const grows = (learn: string): readonly string[] =>
    diagnose(switching(learn)).flatMap(({ code, severity }) => (code === "GEN3201" ? [severity] : []));

  test.each([
    ["a program that asks for nothing is warned", "", ["warning"]],
    ["asking for exact EM is an error", "learn em", ["error"]],
    ["`approx: exact` asks for it too", "learn em { approx: exact }", ["error"]],
    ["`approx: collapse(2)` is an answer", "learn em { approx: collapse(2) }", []],
    ["`approx: vb` is an answer", "learn em { approx: vb }", []],
    ["a bound is an answer", "guide auto(dense(8, tanh))\n  learn elbo", []],
  ])("%s", (_, learn, expected) => {
    expect(grows(learn)).toEqual(expected);
  });

  test("a command that needs a trainer makes the warning an error, and leaves other warnings alone", () => {
    const diagnostics = diagnose(switching(""));
    const strict = requireDerivable(diagnostics);
    expect(strict.filter(({ code }) => code === "GEN3201").map(({ severity }) => severity)).toEqual(["error"]);
    expect(strict.filter(({ code }) => code !== "GEN3201")).toEqual(
      diagnostics.filter(({ code }) => code !== "GEN3201"),
    );
  });

  test("collapse works along chains only", () => {
    const text = readFileSync(fileURLToPath(new URL("programs/extra.gen", import.meta.url)), "utf8");
    const [start, end] = [text.indexOf("model RandomInterceptMixture"), text.indexOf("model RandomIntercept {")];
    const asked = text.slice(start, end).replace(/\}\s*$/, "  learn em { approx: collapse(2) }\n}");
    const found = diagnose(asked).filter(({ code }) => code === "GEN3201");
    expect(found.map(({ severity }) => severity)).toEqual(["error"]);
    expect(found[0]?.message).toContain("`j` is a plate");
    expect(found[0]?.hint).not.toContain("collapse");
  });
});

describe("reasons", () => {
  const nonlinear = (mean: string): string => `model M {
  param v: Positive
  each n {
    latent  a: Real ~ Normal(0, 1)
    observe y: Real ~ Normal(${mean}, v)
  }
  learn em
}`;
  test.each([
    ["a * a", "GEN3203", "square of latent `a`"],
    ["tanh(a)", "GEN3204", "through `tanh`"],
    ["1 / softplus(a)", "GEN3204", "divisor"],
    ["where(a > 0, 1, 2)", "GEN3204", "in a condition"],
  ])("y ~ Normal(%s, v): %s, %s", (mean, code, words) => {
    const found = diagnose(nonlinear(mean)).filter((diagnostic) => diagnostic.code.startsWith("GEN32"));
    expect(found.map((diagnostic) => diagnostic.code)).toEqual([code]);
    expect(found[0]?.message).toContain(words);
  });

  test("a latent variance is named as such", () => {
    const text = nonlinear("0").replace("Normal(0, v)", "Normal(0, softplus(a))");
    const [found] = diagnose(text).filter(({ code }) => code === "GEN3204");
    expect(found?.message).toContain("`softplus`");
  });

  test("approx: vb is no answer to a logistic link", () => {
    const text = readFileSync(`${errors}GEN3204/wrong.gen`, "utf8").replace("learn em", "learn em { approx: vb }");
    expect(diagnose(text).map(({ code, severity }) => [code, severity])).toEqual([["GEN3204", "error"]]);
  });
});
