import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.js";
import { fakeTerminal } from "../cli/fake-terminal.js";

/** A level of a group, and a class of each of its members. */
const program = `model Levels {
  size K = 2, J = 3
  param weights: Simplex[K]
  param mean[K]: Real
  param variance[K]: Positive
  param spread: Positive
  each g {
    latent u: Real ~ Normal(0, spread)
    each j in J {
      latent z: Category[K] ~ Categorical(weights)
      observe y: Real? ~ Normal(u + mean[z], variance[z])
    }
  }
  learn em { approx: vb }
}
`;

let folder = "";
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "genc-vb-"));
  writeFileSync(at("model.gen"), program);
  const rows = Array.from({ length: 30 }, (_, g) => {
    const level = ((g * 7) % 11) / 5 - 1;
    const member = (j: number): number => level + ((g + j) % 3 === 0 ? 5 : 0) + (((g * 5 + j * 3) % 7) - 3) / 10;
    return [0, 1, 2].map((j) => (g === 4 && j === 1 ? "" : member(j).toFixed(3))).join(",");
  });
  writeFileSync(at("data.csv"), `y_1,y_2,y_3\n${rows.join("\n")}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function genc(...words: readonly string[]): Promise<{ code: number; output: string }> {
  const terminal = fakeTerminal();
  const code = await main(words, terminal);
  return { code, output: terminal.output() };
}

describe("a likelihood that is a lower bound is called one", () => {
  const fit = (): readonly string[] => ["train", at("model.gen"), "--data", at("data.csv"), "--restarts", "2"];

  test("by train, in its words and in its document", async () => {
    const { code, output } = await genc(...fit(), "--save", at("model.safetensors"));
    expect(code).toBe(0);
    expect(output).toContain("EM on a lower bound (vb)");
    expect(output).toMatch(/lower bound +-\d/);
    expect(output).not.toContain("log-likelihood");
    const document = JSON.parse((await genc(...fit(), "--json")).output) as { bound: string };
    expect(document.bound).toBe("elbo");
  });

  test("by score, which gives what train ended with", async () => {
    const question = ["score", at("model.safetensors"), "--data", at("data.csv")];
    expect((await genc(...question)).output).toContain("lower bound");
    const score = JSON.parse((await genc(...question, "--json")).output) as { bound: string; logLikelihood: number };
    const train = JSON.parse((await genc(...fit(), "--json")).output) as { logLikelihood: number };
    expect(score.bound).toBe("elbo");
    expect(score.logLikelihood).toBeCloseTo(train.logLikelihood, 4);
  });

  test("by explain, with the blocks", async () => {
    const { output } = await genc("explain", at("model.gen"));
    expect(output).toContain("q = q(u) q(z)");
    expect(output).toContain("the bound never decreases");
  });

  test("missing entries are filled, classes and levels predicted", async () => {
    const saved = at("model.safetensors");
    expect((await genc("impute", saved, "--data", at("data.csv"), "--out", at("filled.csv"))).code).toBe(0);
    const row = readFileSync(at("filled.csv"), "utf8").trim().split("\n")[5]!.split(",");
    expect(row.every((entry) => Number.isFinite(Number(entry)) && entry !== "")).toBe(true);
    const { output } = await genc("predict", saved, "--data", at("data.csv"));
    expect(output.split("\n")[0]).toContain("u");
    expect(output.trim().split("\n")).toHaveLength(31);
  });
});
