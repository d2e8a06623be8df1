import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../src/cli/main.js";
import { fakeTerminal } from "./fake-terminal.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "genc-verify-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function genc(...arguments_: readonly string[]): Promise<{ code: number; output: string; messages: string }> {
  const terminal = fakeTerminal();
  const code = await main(arguments_, terminal);
  return { code, output: terminal.output(), messages: terminal.messages() };
}

describe("verify", () => {
  it("one line a check, status 0 where none fails", async () => {
    const data = join(folder, "counts.csv");
    writeFileSync(data, `count\n${Array.from({ length: 30 }, (_, i) => (i * i) % 17).join("\n")}\n`);
    const { code, output } = await genc("verify", "std:mixtures/poisson-mixture", "--data", data);
    const lines = output.trim().split("\n");
    expect(lines.filter((line) => !/^(ok|skipped) {1,6}[a-z ]+: \S/.test(line))).toEqual([]);
    expect(lines.some((line) => line.startsWith("ok       objective never falls on the data: "))).toBe(true);
    expect(code).toBe(0);
  });

  it("of a bound: slopes, importance weights, the likelihood; of a game the slopes of both sides", async () => {
    const bound = await genc("verify", "std:autoencoders/vae");
    expect(bound.output).toContain("ok       gradient of the bound equals finite differences: ");
    expect(bound.output).toContain("ok       importance weights raise the bound: ");
    expect(bound.output).toContain("ok       the bound is no more than the likelihood: ");
    expect(bound.code).toBe(0);
    const game = await genc("verify", "std:adversarial/wgan-gp", "--json");
    const { checks } = JSON.parse(game.output) as { checks: readonly { name: string; outcome: string }[] };
    expect(checks).toMatchObject([
      { name: "gradient of the critic's loss equals finite differences", outcome: "passed" },
      { name: "gradient of the generator's loss equals finite differences", outcome: "passed" },
    ]);
    expect(game.code).toBe(0);
  });

  it("--json: one document", async () => {
    const { code, output } = await genc("verify", "std:mixtures/zero-inflated-poisson", "--json", "--seed", "3");
    const document: unknown = JSON.parse(output);
    expect(document).toMatchObject({ schema: "genc.verify/1", model: "ZeroInflatedPoisson", seed: 3, holds: true });
    const { checks } = document as { checks: readonly { name: string; outcome: string; detail: string }[] };
    expect(checks.map(({ name }) => name)).toContain("likelihood equals enumeration");
    expect(checks.filter(({ outcome }) => !["passed", "skipped"].includes(outcome))).toEqual([]);
    expect(code).toBe(0);
  });

  it("a model that is fixed in part, is given a count, and observes a vector of counts", async () => {
    const file = join(folder, "topics.gen");
    writeFileSync(
      file,
      `model Topics {
  size K = 2, V
  param w: Simplex[K] = [0.25, 0.75]
  param words[K]: Simplex[V] ~ Dirichlet(1.5)
  each doc {
    given total: Count
    latent z: Category[K] ~ Categorical(w)
    observe counts: Count[V] ~ Multinomial(total, words[z])
  }
}
`,
    );
    expect(await genc("verify", file)).toMatchObject({ code: 0 });
  });
});
