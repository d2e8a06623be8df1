import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const wrong = "model M {\n  each n {\n    observe x: Real ~ Normal(mu, 1)\n  }\n}\n";

let folder = "";
beforeAll(() => {
  spawnSync(process.execPath, [join(root, "bin", "genc.js"), "--version"]);
  folder = mkdtempSync(join(tmpdir(), "genc-start-"));
  for (const name of ["bin", "dist", "package.json"]) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "wrong.gen"), wrong);
});
afterAll(() => rmSync(folder, { recursive: true }));

const check = (...nodeOptions: readonly string[]) => {
  const arguments_ = [...nodeOptions, join(folder, "bin", "genc.js"), "check", join(folder, "wrong.gen")];
  const { status, stdout, stderr } = spawnSync(process.execPath, arguments_, { encoding: "utf8" });
  expect(stderr).toBe("");
  return { status, stdout };
};
const compiledCode = (): string[] => readdirSync(join(folder, "dist", "cli")).filter((name) => name.endsWith(".code"));

describe("the start", () => {
  it("says the same with compiled code, with code that V8 refuses, and without", () => {
    expect(compiledCode().some((name) => name.startsWith("front.cjs-"))).toBe(true);
    const quick = check();
    expect(quick.status).toBe(1);
    expect(quick.stdout).toContain("wrong.gen:3:30");
    // The code was made with other flags.
    expect(check("--no-lazy")).toEqual(quick);
    for (const name of compiledCode()) writeFileSync(join(folder, "dist", "cli", name), "not code");
    expect(check()).toEqual(quick);
    for (const name of compiledCode()) rmSync(join(folder, "dist", "cli", name));
    expect(check()).toEqual(quick);
  });
});
