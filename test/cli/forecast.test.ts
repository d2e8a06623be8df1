import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.js";
import { fakeTerminal } from "./fake-terminal.js";

/** Forecasts of several sequences, and models that are asked for under any name. */
const folder = mkdtempSync(join(tmpdir(), "genc-forecast-"));
const path = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = async (...words: string[]) => {
  const terminal = fakeTerminal();
  const code = await main(words, terminal);
  return { code, out: terminal.output(), err: terminal.messages() };
};

const values = [3, 4, 4, 6, 5, 7, 8, 7];
beforeAll(async () => {
  const rows = values.flatMap((value, t) => [`${value},north`, `${10 - value + (t % 2)},south`]);
  writeFileSync(path("levels.csv"), `y,place\n${rows.join("\n")}\n`);
  const { code } = await run(
    ...["train", "std:time-series/local-level", "--data", path("levels.csv"), "--map", "y=y"],
    ...["--sequence", "place", "--max-iterations", "5", "--save", path("levels.safetensors")],
  );
  expect(code).toBe(0);
});
const asked = ["--data", path("levels.csv"), "--sequence", "place"];

describe("genc forecast", () => {
  test("names the sequences as the data does", async () => {
    const { out } = await run("forecast", path("levels.safetensors"), ...asked, "--steps", "2");
    const lines = out.trim().split("\n");
    expect(lines.slice(1).map((line) => line.split(",").slice(0, 2))).toEqual([
      ["north", "1"],
      ["north", "2"],
      ["south", "1"],
      ["south", "2"],
    ]);
    const document = await run("forecast", path("levels.safetensors"), ...asked, "--steps", "2", "--json");
    expect(JSON.parse(document.out)).toMatchObject({ sequences: ["north", "south"] });
  });
});

describe("a model that is asked for", () => {
  test("is a saved one under any name but that of a program", async () => {
    renameSync(path("levels.safetensors"), path("levels.model"));
    expect((await run("score", path("levels.model"), ...asked)).code).toBe(0);
    renameSync(path("levels.model"), path("levels.safetensors"));
  });

  test.each(["absent.gen", "absent.safetensors", "absent"])("%s: that there is no such file is said", async (name) => {
    const { code, err } = await run("score", path(name), ...asked);
    expect(code).not.toBe(0);
    expect(err).toContain("there is no such file");
  });
});
