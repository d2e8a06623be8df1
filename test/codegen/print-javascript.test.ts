import { transform } from "esbuild";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileSource, emitJavaScriptModule, emitModule } from "../../src/compile/index.js";

const folder = join(import.meta.dirname, "../../stdlib/models/mixtures");

function compiled(name: string): Parameters<typeof emitModule>[0] {
  const source = { name: `${name}.gen`, text: readFileSync(join(folder, `${name}.gen`), "utf8") };
  const { program } = compileSource(source);
  if (program === undefined) throw new Error(`${name} does not compile`);
  return { source, program };
}

async function withoutTypes(text: string, loader: "ts" | "js"): Promise<string> {
  // Export lists and import names are put in one order and form.
  const { code } = await transform(text, { loader, format: "cjs", minifyWhitespace: true, target: "es2022" });
  return code;
}

describe("a module printed as JavaScript", () => {
  it.each(["gaussian-mixture", "poisson-mixture"])("is the TypeScript one without its types: %s", async (name) => {
    const emittable = compiled(name);
    const { typescript } = await emitModule(emittable);
    const javascript = emitJavaScriptModule(emittable);
    expect(await withoutTypes(javascript, "js")).toBe(await withoutTypes(typescript, "ts"));
    expect(javascript.split("\n").slice(0, 2)).toEqual(typescript.split("\n").slice(0, 2));
  });
});
