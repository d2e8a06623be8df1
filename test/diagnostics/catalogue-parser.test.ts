import { describe, expect, it } from "vitest";
import * as catalogue from "../../src/diagnostics/catalogue/parser.js";

describe("the catalogue of syntax errors", () => {
  const definitions = Object.values(catalogue).map((factory) => factory.definition);

  it("gives each entry a code of its own, in order, and a title", () => {
    const codes = definitions.map((definition) => definition.code).sort();
    expect(codes).toEqual(codes.map((_, i) => `GEN${1001 + i}`));
    expect(new Set(definitions.map((definition) => definition.title)).size).toBe(definitions.length);
  });
});
