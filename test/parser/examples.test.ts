import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { format } from "../../src/parser/format.js";
import { parse } from "../../src/parser/parse.js";
import { textMateGrammar } from "../../scripts/generate-grammar.mjs";
import { withoutSpans } from "../arbitraries/ast.js";

const folder = new URL("../../grammar/examples/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");

describe.each(readdirSync(folder).filter((name) => name.endsWith(".gen")))("grammar/examples/%s", (name) => {
  const text = read(name);

  it("parses", () => {
    const { program, diagnostics } = parse({ name, text });
    expect(diagnostics).toEqual([]);
    expect(program.models.length).toBe(text.match(/^model /gm)?.length);
  });

  it("keeps its meaning and its comments when formatted", () => {
    const once = format({ name, text });
    expect(format({ name, text: once })).toBe(once);
    expect(withoutSpans(parse({ name, text: once }).program)).toEqual(withoutSpans(parse({ name, text }).program));
    const comments = (source: string): (string | undefined)[] =>
      (source.match(/#.*/g) ?? []).map((comment) => comment.trimEnd());
    expect(comments(once)).toEqual(comments(text));
  });
});

describe("grammar/gen.tmLanguage.json", () => {
  it("is what scripts/generate-grammar.mjs writes", () => {
    const ebnf = readFileSync(new URL("../../grammar/gen.ebnf", import.meta.url), "utf8");
    const written: unknown = JSON.parse(
      readFileSync(new URL("../../grammar/gen.tmLanguage.json", import.meta.url), "utf8"),
    );
    expect(written).toEqual(textMateGrammar(ebnf));
  });
});
