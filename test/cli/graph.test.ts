import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.js";
import { fakeTerminal } from "./fake-terminal.js";

const folder = mkdtempSync(join(tmpdir(), "genc-graph-"));
const path = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = async (...words: string[]) => {
  const terminal = fakeTerminal();
  const code = await main(words, terminal);
  return { code, out: terminal.output(), err: terminal.messages() };
};
const mixture = "std:mixtures/gaussian-mixture";

describe("genc graph", () => {
  test("writes SVG to standard output, and what the file's name says to a file", async () => {
    expect((await run("graph", mixture)).out).toMatch(/^<svg[^]*<\/svg>\n$/);
    for (const [name, beginning] of [
      ["m.svg", "<svg"],
      ["m.dot", 'digraph "GaussianMixture"'],
      ["m.mmd", "flowchart TB"],
    ] as const) {
      expect(await run("graph", mixture, "-o", path(name))).toMatchObject({ code: 0, out: "" });
      expect(readFileSync(path(name), "utf8").startsWith(beginning)).toBe(true);
    }
  });

  test("draws what cannot be learned", async () => {
    // The mean is a product of two latents: no exact elimination.
    const text =
      "model M { each n { latent a: Real ~ Normal(0, 1) latent b: Real ~ Normal(0, 1) observe x: Real ~ Normal(a * b, 1) } }";
    writeFileSync(path("hard.gen"), text);
    expect((await run("graph", path("hard.gen"))).code).toBe(0);
  });

  test("refuses other forms before it looks at the program", async () => {
    const { code, err } = await run("graph", "absent.gen", "-o", path("m.pdf"));
    expect(code).toBe(2);
    expect(err).toContain(".svg, .png, .dot, .mmd");
    expect(existsSync(path("m.pdf"))).toBe(false);
  });

  test("reports the errors of a program", async () => {
    writeFileSync(path("wrong.gen"), "model M { each n { observe x: Real ~ Normal(mu, 1) } }");
    const { code, err } = await run("graph", path("wrong.gen"));
    expect(code).toBe(1);
    expect(err).toContain("mu");
  });
});
