import type { Diagnostic } from "../../src/diagnostics/diagnostic.js";
import type { Model } from "../../src/ir/model.js";
import { parse } from "../../src/parser/parse.js";
import { check } from "../../src/semantics/check.js";

/** What parser and checks say about a text; checks need a text that parses. */
export function checkText(text: string): {
  readonly models: readonly Model[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const parsed = parse({ name: "test.gen", text });
  return parsed.diagnostics.length > 0 ? { models: [], diagnostics: parsed.diagnostics } : check(parsed.program);
}

/** The only model of a text without errors. */
export function modelOf(text: string): Model {
  const { models, diagnostics } = checkText(text);
  if (models.length !== 1) throw new Error(diagnostics.map((each) => `${each.code} ${each.message}`).join("\n"));
  return models[0];
}

export function codesOf(text: string): readonly string[] {
  return checkText(text).diagnostics.map((each) => each.code);
}
