import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { distributions } from "../../src/distributions/registry.js";
import type { Model } from "../../src/ir/model.js";
import { printModel } from "../../src/ir/print-model.js";
import { verifyModel } from "../../src/ir/verify-model.js";
import type { ModelDeclaration, Program } from "../../src/parser/ast.js";
import { parse } from "../../src/parser/parse.js";
import { check } from "../../src/semantics/check.js";
import { checkText } from "./check-text.js";

const folders = ["../../grammar/examples", "./programs"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
const files = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".gen"))
    .map((name) => `${folder}/${name}`),
);
const texts = files.map((file) => readFileSync(file, "utf8"));

describe.each(texts.map((text, i) => [files[i].split("/").slice(-2).join("/"), text] as const))("%s", (_, text) => {
  test("checks without an error or a warning", () => {
    expect(checkText(text).diagnostics).toEqual([]);
  });

  test("gives a model for each declaration, and each can be verified and printed", () => {
    const { models } = checkText(text);
    expect(models.length).toBe(parse({ name: "test.gen", text }).program.models.length);
    for (const model of models) {
      expect(() => verifyModel(model, (name) => distributions[name].slots)).not.toThrow();
      expect(printModel(model)).toContain(`factor f${model.factors.length}`);
    }
  });
});

/** The parts of a model in an order that does not depend on the source. */
function canonical(model: Model): readonly string[] {
  return printModel(model)
    .replaceAll(/factor f\d+/g, "factor")
    .replaceAll(/ +/g, " ")
    .split("\n")
    .map((line) => (/^(sizes|axes)/.test(line) ? line.split(/[ ,]+/).sort().join(" ") : line))
    .sort();
}

function shuffled(program: Program, seed: number): Program {
  let state = seed;
  const next = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  const shuffle = <T>(items: readonly T[]): readonly T[] =>
    items
      .map((item) => ({ item, key: next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item);
  const declarations = (model: ModelDeclaration): ModelDeclaration["declarations"] =>
    shuffle(model.declarations).map((each) =>
      each.kind === "plate" || each.kind === "chain" ? { ...each, items: shuffle(each.items) } : each,
    );
  return { ...program, models: program.models.map((model) => ({ ...model, declarations: declarations(model) })) };
}

test("the order of declarations does not matter", () => {
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.integer({ min: 1, max: 2147483646 }), (text, seed) => {
      const { program } = parse({ name: "test.gen", text });
      const plain = check(program).models.map(canonical);
      expect(check(shuffled(program, seed)).models.map(canonical)).toEqual(plain);
    }),
    { numRuns: 40 },
  );
});

test("no exchange of words makes the checks throw, or lets a broken model pass", () => {
  const models = texts
    .flatMap((text) => text.replaceAll(/#.*/g, "").split(/^(?=model )/m))
    .filter((text) => text.trim() !== "");
  const pieces = models.map((text) => text.split(/\b/));
  const words = pieces.map((each) => each.flatMap((piece, i) => (/^[A-Za-z]\w*$|^\d+$/.test(piece) ? [i] : [])));
  const exchange = fc.record({ at: fc.nat(), by: fc.nat() });
  fc.assert(
    fc.property(fc.nat(models.length - 1), fc.array(exchange, { minLength: 1, maxLength: 4 }), (which, exchanges) => {
      const damaged = [...pieces[which]];
      const places = words[which];
      for (const { at, by } of exchanges) damaged[places[at % places.length]] = damaged[places[by % places.length]];
      const parsed = parse({ name: "test.gen", text: damaged.join("") });
      fc.pre(parsed.diagnostics.length === 0);
      for (const model of check(parsed.program).models) verifyModel(model, (name) => distributions[name].slots);
    }),
    { numRuns: 300 },
  );
});
