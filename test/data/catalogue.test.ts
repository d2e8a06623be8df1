import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as catalogue from "../../src/diagnostics/catalogue/data.js";

const definitions = Object.values(catalogue).map((factory) => factory.definition);

describe("every data diagnostic", () => {
  it("has a code of its own", () => {
    const codes = definitions.map((definition) => definition.code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.each(definitions.map(({ code, title }) => [code, title]))("%s has a page under its title: %s", (code, title) => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/diagnostics", `${code}.md`), "utf8");
    expect(page.split("\n")[0]).toBe(`# ${code}: ${title}`);
  });
});
