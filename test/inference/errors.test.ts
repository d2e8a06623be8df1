import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkSource, compileSource } from "../../src/compile/index.js";
import * as catalogue from "../../src/diagnostics/catalogue/inference.js";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.js";
import { positionAt } from "../../src/diagnostics/span.js";

/**
 * One folder for each diagnostic of inference: a program that earns it at the expected place of `genc check` or of
 * `genc compile`, and the same program with the hint applied.
 */
const errors = fileURLToPath(new URL("../errors/", import.meta.url));
const pages = fileURLToPath(new URL("../../docs/diagnostics/", import.meta.url));
const codes = readdirSync(errors)
  .filter((name) => name.startsWith("GEN3"))
  .sort();

const commands: Readonly<Record<string, (text: string) => readonly Diagnostic[]>> = {
  check: (text) => checkSource({ name: "test.gen", text }).diagnostics,
  compile: (text) => compileSource({ name: "test.gen", text }).diagnostics,
};

interface Expected {
  readonly code: string;
  readonly line: number;
  readonly column: number;
  readonly command: string;
}

describe.each(codes)("%s", (code) => {
  const read = (file: string): string => readFileSync(`${errors}${code}/${file}`, "utf8");
  const { command, ...place } = JSON.parse(read("expected.json")) as Expected;
  const diagnose = commands[command];
  const wrong = read("wrong.gen");
  const found = diagnose(wrong);
  const told = found.filter((diagnostic) => diagnostic.code === code);

  test("is told once, at its line and column, and no other error with it", () => {
    expect(told.map(({ span }) => ({ code, ...positionAt(wrong, span.start) }))).toEqual([place]);
    expect(found.filter((each) => each.severity === "error" && each.code !== code)).toEqual([]);
  });

  test("is gone once the hint is applied, and no error comes in its place", () => {
    const left = diagnose(read("fixed.gen"));
    expect(left.filter((each) => each.severity === "error" || each.code === code)).toEqual([]);
  });

  test("has a way out", () => {
    // What is understood but not derived has none: nothing is wrong with the program.
    if (code === catalogue.notDerivedYet.definition.code) expect(told[0].hint).toBeUndefined();
    else expect(told[0].hint).toMatch(/\w/);
  });
});

test("every entry of the catalogue has its folder, and its page carries the entry's title", () => {
  const definitions = Object.values(catalogue).map((entry) => entry.definition);
  expect(definitions.map((definition) => definition.code).sort()).toEqual(codes);
  for (const { code, title } of definitions) {
    expect(readFileSync(`${pages}${code}.md`, "utf8").split("\n")[0]).toBe(`# ${code}: ${title}`);
  }
});
