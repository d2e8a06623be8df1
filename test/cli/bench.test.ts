import { describe, expect, it } from "vitest";
import { main } from "../../src/cli/main.js";
import { fakeTerminal } from "./fake-terminal.js";

async function genc(...arguments_: readonly string[]): Promise<{ code: number; output: string; messages: string }> {
  const terminal = fakeTerminal();
  const code = await main(arguments_, terminal);
  return { code, output: terminal.output(), messages: terminal.messages() };
}

const few = ["--rows", "300", "--iterations", "3"];

describe("bench", () => {
  it("times a model on rows of its own, at sizes that are given, declared, or 2", async () => {
    const { code, output } = await genc("bench", "std:mixtures/gaussian-mixture", "--dim", "K=4", ...few);
    expect(code).toBe(0);
    expect(output).toContain("GaussianMixture: 300 drawn rows, K = 4, D = 2 (engine kernel, backend cpu)");
    expect(output).toMatch(/seconds per iteration {2}\S+ \(\S+ to \S+ in 3 iterations\)/);
  });

  it("--json: one document for all files, among them one with given variables", async () => {
    const files = ["std:mixtures/poisson-mixture", "std:mixtures/mixture-of-regressions"];
    const { code, output } = await genc("bench", ...files, ...few, "--json", "--threads", "1");
    expect(code).toBe(0);
    const document = JSON.parse(output) as { schema: string; timings: Record<string, number | string>[] };
    expect(document.schema).toBe("genc.bench/1");
    expect(document.timings.map(({ model, rows }) => [model, rows])).toEqual([
      ["PoissonMixture", 300],
      ["MixtureOfRegressions", 300],
    ]);
    for (const { secondsPerIteration, fastest, slowest } of document.timings) {
      expect(Number(fastest)).toBeGreaterThan(0);
      expect(secondsPerIteration).toBeGreaterThanOrEqual(Number(fastest));
      expect(secondsPerIteration).toBeLessThanOrEqual(Number(slowest));
    }
  });
});
