import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/diagnostics/catalogue/index.js";
import { tooManyErrors } from "../../src/diagnostics/catalogue/parser.js";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.js";
import { positionAt } from "../../src/diagnostics/span.js";
import { checkText } from "./check-text.js";

/**
 * One folder for each diagnostic of the parser and of the checks: a program that earns it at the expected place, and
 * the same program with the hint applied. Codes of inference have the same layout and a runner of their own.
 */
const errors = fileURLToPath(new URL("../errors", import.meta.url));
const pages = fileURLToPath(new URL("../../docs/diagnostics", import.meta.url));
const folders = readdirSync(errors)
  .filter((name) => /^GEN[12]\d{3}$/.test(name))
  .sort();

function read(code: string, file: string): string {
  return readFileSync(`${errors}/${code}/${file}`, "utf8");
}

function withFix(text: string, { fix }: Diagnostic): string | undefined {
  return fix === undefined ? undefined : text.slice(0, fix.span.start) + fix.replacement + text.slice(fix.span.end);
}

describe.each(folders)("%s", (code) => {
  const wrong = read(code, "wrong.gen");
  const found = checkText(wrong).diagnostics;
  const [first] = found.filter((each) => each.code === code);

  // The report that there are too many errors needs others to count.
  const alone = code === tooManyErrors.definition.code ? found.filter((each) => each === first) : found;

  test("is found at the expected place, and nothing else with it", () => {
    expect(alone.map((each) => each.code)).toEqual(alone.map(() => code));
    expect({ code: first.code, ...positionAt(wrong, first.span.start) }).toEqual(
      JSON.parse(read(code, "expected.json")),
    );
  });

  test("is gone once the hint is applied", () => {
    expect(checkText(read(code, "fixed.gen")).diagnostics).toEqual([]);
  });

  test("has a fix that removes it, where it has a fix", () => {
    const mended = withFix(wrong, first);
    const before = found.filter((each) => each.code === code).length;
    const left = mended === undefined ? [] : checkText(mended).diagnostics;
    expect(left.filter((each) => each.code === code).length).toBeLessThan(Math.max(before, 1));
    expect(left.filter((each) => each.code !== code && each.severity === "error")).toEqual([]);
  });

  test("is worded with care: one sentence, a way out, the severity of the catalogue", () => {
    expect(first.message).not.toMatch(/[.!]$/);
    expect(first.message).not.toContain("undefined");
    expect(first.hint ?? "").not.toContain("undefined");
    if (code.startsWith("GEN2")) expect(first.hint).toBeDefined();
    expect(catalogue.find((each) => each.code === code)?.severity).toBe(first.severity);
  });
});

describe("the catalogue", () => {
  const codes = catalogue.map((each) => each.code);

  test("has no code twice", () => {
    expect(codes).toEqual([...new Set(codes)]);
  });

  test("has a folder of programs for each diagnostic about a program", () => {
    const missing = codes.filter((code) => /^GEN[123]/.test(code) && !existsSync(`${errors}/${code}/wrong.gen`));
    expect(missing).toEqual([]);
  });

  test("has a page for each diagnostic", () => {
    expect(codes.filter((code) => !existsSync(`${pages}/${code}.md`))).toEqual([]);
  });

  test("has titles that fit on a line", () => {
    expect(catalogue.filter((each) => each.title.length > 60 || /[.A-Z]/.test(each.title.slice(-1)))).toEqual([]);
  });
});
