import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { chooseEngine, compilerVersion } from "../../src/compile/index.js";

test("the version that emitted modules state is the package's", () => {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(compilerVersion).toBe(manifest.version);
});

test.each([
  ["auto", undefined, "kernel"],
  ["auto", "wasm", "tfjs"],
  ["tfjs", undefined, "tfjs"],
  ["kernel", undefined, "kernel"],
] as const)("asked for %s with backend %s: %s", (asked, backend, engine) => {
  const choice = chooseEngine(asked, { algorithm: "em" }, backend);
  expect(choice.engine).toBe(engine);
  expect(choice.reason).toContain(engine);
});
