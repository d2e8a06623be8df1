import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { chooseEngine, compilerVersion, compileSource } from "../../src/compile/index.js";

test("the version that emitted modules state is the package's", () => {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(compilerVersion).toBe(manifest.version);
});

const programOf = (text: string) => {
  const { program } = compileSource({ name: "m.gen", text });
  if (program === undefined) throw new Error("the source does not compile");
  return program;
};
const mixture = programOf(`model Mixture {
  size K = 2
  param weights: Simplex[K]
  param mean[K]: Real
  each n { latent z: Category[K] ~ Categorical(weights)  observe x: Real ~ Normal(mean[z], 1) }
}`);

test.each([
  [
    "blocks of a posterior",
    `model Products {
  param s: Positive
  each n {
    latent a: Real ~ Normal(0, 1)
    latent b: Real ~ Normal(0, 1)
    observe x: Real ~ Normal(a * b, s)
  }
  learn em { approx: vb }
}`,
    /blocks of its posterior/,
  ],
  [
    "a chain",
    `model Chain {
  size K = 2
  param initial: Simplex[K]
  param move[K]: Simplex[K]
  param mean[K]: Real
  chain t {
    latent z: Category[K] ~ Categorical(move[z[t-1]]) init Categorical(initial)
    observe x: Real ~ Normal(mean[z], 1)
  }
}`,
    /step by step/,
  ],
] as const)("%s: kernels instead of loops under the name tfjs, and it is said", (_, text, why) => {
  const program = programOf(text);
  for (const choice of [chooseEngine("tfjs", program), chooseEngine("auto", program, "wasm")]) {
    expect(choice.engine).toBe("kernel");
    expect(choice.instead).toMatch(why);
    expect(choice.reason).toContain(choice.instead);
  }
  expect(chooseEngine("auto", program).instead).toBeUndefined();
});

test.each([
  ["auto", undefined, "kernel"],
  ["auto", "wasm", "tfjs"],
  ["tfjs", undefined, "tfjs"],
  ["kernel", undefined, "kernel"],
] as const)("asked for %s with backend %s: %s", (asked, backend, engine) => {
  const choice = chooseEngine(asked, mixture, backend);
  expect(choice.engine).toBe(engine);
  expect(choice.reason).toContain(engine);
});
