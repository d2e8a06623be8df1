import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { main } from "../../src/cli/main.js";
import { fakeTerminal } from "./fake-terminal.js";

const folder = mkdtempSync(join(tmpdir(), "genc-watch-"));
const path = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = (mean: string): string =>
  `model M {\n  param m: Real\n  each n { observe x: Real ~ Normal(${mean}, 1) }\n}\n`;
const patience = { timeout: 20_000, interval: 50 };

describe("genc watch", () => {
  test("compiles at first and after every change, and survives errors", async () => {
    const file = path("m.gen");
    writeFileSync(file, program("m"));
    const interruption = new AbortController();
    const terminal = fakeTerminal({ signal: interruption.signal });
    const ended = main(["watch", file], terminal);
    await vi.waitFor(() => expect(terminal.messages()).toContain("watching"), patience);
    expect(existsSync(`${file}.ts`)).toBe(true);

    writeFileSync(file, program("mu"));
    await vi.waitFor(() => expect(terminal.messages()).toContain("`mu`"), patience);

    rmSync(`${file}.ts`);
    // As many editors save: a new file in place of the old one.
    writeFileSync(path("new"), program("2 * m"));
    renameSync(path("new"), file);
    await vi.waitFor(() => expect(existsSync(`${file}.ts`)).toBe(true), patience);

    interruption.abort();
    expect(await ended).toBe(130);
  }, 60_000);

  test("refuses what is not there", async () => {
    const terminal = fakeTerminal();
    expect(await main(["watch", path("absent.gen")], terminal)).toBe(2);
    expect(terminal.messages()).toContain("there is no such file");
  });
});
