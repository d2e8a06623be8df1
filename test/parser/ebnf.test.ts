import { readFileSync } from "node:fs";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/parser/parse.js";
import { CONTEXTUAL_KEYWORDS, KEYWORDS } from "../../src/parser/tokens.js";
import { randomSentence, readEbnf, recognises, wordsOf } from "./ebnf-reader.js";

const grammar = readEbnf(readFileSync(new URL("../../grammar/gen.ebnf", import.meta.url), "utf8"));

const neverNames: ReadonlySet<string> = new Set(KEYWORDS.filter((word) => !CONTEXTUAL_KEYWORDS.has(word)));

/** Park and Miller's generator: enough to choose branches by. */
function randomFrom(seed: number): () => number {
  let state = (Math.abs(seed) % 2147483646) + 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

const onRandomLines = (words: readonly string[], random: () => number): string =>
  words.map((word) => word + (random() < 0.2 ? "\n" : " ")).join("");

const complaints = (text: string): string[] =>
  parse({ name: "sentence.gen", text }).diagnostics.map((diagnostic) => `${diagnostic.code} ${diagnostic.message}`);

describe("grammar/gen.ebnf", () => {
  it("quotes the keywords of the lexer and `where`, no others", () => {
    expect([...wordsOf(grammar)].sort()).toEqual([...KEYWORDS, "in", "where"].sort());
  });

  test.prop([fc.integer()], { numRuns: 150 })("derives only sentences that the parser accepts", (seed) => {
    const sentence = randomSentence(grammar, "program", randomFrom(seed), 60);
    expect(recognises(grammar, "program", sentence, neverNames)).toBe(true);
    for (const text of [sentence.join(" "), sentence.join("\n"), onRandomLines(sentence, randomFrom(seed))]) {
      expect(complaints(text), text).toEqual([]);
    }
  });

  test.prop([fc.integer(), fc.nat(), fc.nat(), fc.constantFrom("drop", "double", "swap", "other")], { numRuns: 300 })(
    "and the parser agree on sentences with a mistake in them",
    (seed, first, second, mistake) => {
      const sentence = randomSentence(grammar, "program", randomFrom(seed), 30);
      const i = first % sentence.length;
      const j = second % sentence.length;
      if (mistake === "drop") sentence.splice(i, 1);
      if (mistake === "double") sentence.splice(i, 0, sentence[i]);
      if (mistake === "swap") [sentence[i], sentence[j]] = [sentence[j], sentence[i]];
      if (mistake === "other") sentence[i] = sentence[j];
      const text = onRandomLines(sentence, randomFrom(second));
      // A comparison in parentheses leaves no trace in the tree, so the parser lets it pass as an argument of `where`.
      fc.pre(!/where\s\(\s\(/.test(text));
      const accepted = complaints(text).length === 0;
      expect(accepted, text).toBe(recognises(grammar, "program", sentence, neverNames));
    },
  );

  it("describes the example programs", () => {
    const text = readFileSync(new URL("../../grammar/examples/neural.gen", import.meta.url), "utf8");
    const words = text
      .replace(/#.*/g, "")
      .match(/[A-Za-z_]\w*'?|[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|->|\|>|[<>=!]=|\S/g);
    expect(recognises(grammar, "program", words ?? [], neverNames)).toBe(true);
  });
});
