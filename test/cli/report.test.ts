import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.js";
import { fakeTerminal } from "./fake-terminal.js";

const folder = mkdtempSync(join(tmpdir(), "genc-report-"));
const path = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = async (...words: string[]) => {
  const terminal = fakeTerminal();
  const code = await main(words, terminal);
  return { code, out: terminal.output(), err: terminal.messages() };
};
const report = async (...words: string[]): Promise<string> => {
  const { code, err } = await run("report", ...words, "-o", path("report.html"));
  expect(err).not.toContain("error");
  expect(code).toBe(0);
  return readFileSync(path("report.html"), "utf8");
};
/** Text of the cells of the row that begins with `head`. */
const rowOf = (html: string, head: string): readonly string[] => {
  const cells = [...html.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row]) =>
    [...(row ?? "").matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell ?? ""),
  );
  return cells.find(([first]) => first === head) ?? [];
};

beforeAll(() => {
  // Two clusters of known sizes, so far apart that every row is certain.
  const rows = Array.from({ length: 30 }, (_, i) =>
    [i < 10 ? 0 : 50, i < 10 ? 20 : -20].map((centre, j) => centre + ((i * (j + 3)) % (j === 0 ? 7 : 5)) - 3),
  );
  writeFileSync(path("clusters.csv"), `a,b\n${rows.map((row) => row.join(",")).join("\n")}\n`);
});

describe("genc report", () => {
  test("shows fit, parameters, groups, draws and densities of a mixture, and needs nothing but itself", async () => {
    const fit = await run(
      "train",
      "std:mixtures/gaussian-mixture",
      "--data",
      path("clusters.csv"),
      "--dim",
      "K=2",
      "--save",
      path("m.safetensors"),
      "--json",
    );
    const { logLikelihood, iterations } = JSON.parse(fit.out) as { logLikelihood: number; iterations: number };
    const html = await report(path("m.safetensors"), "--data", path("clusters.csv"));
    expect(rowOf(html, "log-likelihood")[1]).toBe(String(Number(logLikelihood.toPrecision(10))));
    expect(rowOf(html, "iterations")[1]).toBe(String(iterations));
    // A third and two thirds, in either order.
    expect(["0", "1"].map((k) => rowOf(html, k).slice(1, 3)).sort()).toEqual([
      ["0.33333", "10"],
      ["0.66667", "20"],
    ]);
    for (const title of ["objective, by iteration", "certainty of z", "b against a", "log density of each row"]) {
      expect(html).toContain(`aria-label="${title}"`);
    }
    expect(html).not.toMatch(/<(script|link)|src="(?!data:)|url\((?!#)/);
  });

  test("shows a chain along time", async () => {
    writeFileSync(
      path("level.csv"),
      `y\n${Array.from({ length: 24 }, (_, t) => Math.sin(t / 3) + (t % 3) / 5).join("\n")}\n`,
    );
    await run(
      "train",
      "std:time-series/local-level",
      "--data",
      path("level.csv"),
      "--max-iterations",
      "5",
      "--save",
      path("l.safetensors"),
    );
    const html = await report(path("l.safetensors"), "--data", path("level.csv"));
    expect(html).toContain('aria-label="level: mean, two standard deviations"');
  });

  test("shows a model at parameters that were given", async () => {
    writeFileSync(
      path("p.json"),
      JSON.stringify({
        weights: [0.5, 0.5],
        mean: [
          [0, 20],
          [50, -20],
        ],
        covariance: [
          [
            [4, 0],
            [0, 4],
          ],
          [
            [4, 0],
            [0, 4],
          ],
        ],
      }),
    );
    const html = await report(
      "std:mixtures/gaussian-mixture",
      "--parameters",
      path("p.json"),
      "--data",
      path("clusters.csv"),
    );
    expect(rowOf(html, "parameters")).toEqual(["parameters", "given, not fitted here"]);
    expect(html).not.toContain("by iteration");
  });

  test("shows the least likely rows by their numbers", async () => {
    const lines = readFileSync(path("clusters.csv"), "utf8").trim().split("\n");
    writeFileSync(path("odd.csv"), `${[...lines.slice(0, 6), "25,300", ...lines.slice(6)].join("\n")}\n`);
    const html = await report(path("m.safetensors"), "--data", path("odd.csv"));
    // The sixth row of data: the header is no row.
    expect(html.split("least likely")[1]).toMatch(/^[^]*?<tr><td>6<\/td>/);
  });

  test("shows draws of a model without a density", async () => {
    await run(
      "train",
      "std:adversarial/gan",
      "--data",
      path("clusters.csv"),
      "--epochs",
      "1",
      "--save",
      path("g.safetensors"),
    );
    const html = await report(path("g.safetensors"), "--data", path("clusters.csv"));
    expect(html).toContain("Data and draws");
    expect(html).not.toContain("<h2>Densities");
  });
});
