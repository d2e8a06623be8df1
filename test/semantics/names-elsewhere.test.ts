import { describe, expect, it } from "vitest";
import { checkText } from "./check-text.js";

const model = (declarations: string, observed = "observe x: Real ~ Normal(0, 1)", learn = ""): string =>
  `model M {\n size K = 2, D\n ${declarations}\n each n {\n ${observed}\n }\n ${learn}\n}`;

/** The hint of the first error, and the text that its fix puts in. */
function mended(text: string): { readonly hint: string | undefined; readonly replacement: string | undefined } {
  const [first] = checkText(text).diagnostics.filter(({ severity }) => severity === "error");
  return { hint: first.hint, replacement: first.fix?.replacement };
}

describe("names that other languages have", () => {
  it.each([
    ["number", "Real"],
    ["float", "Real"],
    ["integer", "Count"],
    ["boolean", "Binary"],
    ["string", "Category"],
    ["probability", "Unit"],
  ])("the type %s is %s", (written, meant) => {
    expect(mended(model(`param a: ${written}`))).toEqual({ hint: `did you mean \`${meant}\`?`, replacement: meant });
  });

  it.each([
    ["Gaussian", "Normal"],
    ["MultivariateNormal", "Normal"],
    ["Student", "StudentT"],
    ["InverseGamma", "InvGamma"],
    ["NegBin", "NegativeBinomial"],
  ])("the family %s is %s", (written, meant) => {
    expect(mended(model("", `observe x: Real ~ ${written}(0, 1)`)).replacement).toBe(meant);
  });

  it.each([
    ["tol", "tolerance"],
    ["maxIter", "iterations"],
    ["n_init", "restarts"],
    ["reg_covar", "ridge"],
  ])("the option %s is %s", (written, meant) => {
    expect(mended(model("", undefined, `learn em { ${written}: 1 }`)).replacement).toBe(meant);
  });

  it("arguments of a family in brackets", () => {
    const text = model("param w: Simplex[K]", "observe x: Category[K] ~ Categorical[w]");
    expect(mended(text).hint).toBe("arguments stand in parentheses: `Categorical(…)`");
  });
});

describe("an entry by its number", () => {
  it("must be there in a size that has a default", () => {
    const found = checkText(model("param m[K]: Real", "observe x: Real ~ Normal(m[2], 1)")).diagnostics;
    expect(found.map(({ code }) => code)).toContain("GEN2121");
    expect(found[0].hint).toBe("write a whole number from 0 to 1, or a larger default for `K`");
  });

  it("of a size that the data settle is believed", () => {
    const found = checkText(model("param m: Vector[D]", "observe x: Real ~ Normal(m[2], 1)")).diagnostics;
    expect(found.filter(({ severity }) => severity === "error")).toEqual([]);
  });
});
