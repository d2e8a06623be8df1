import { test } from "vitest";
import { readFileSync } from "node:fs";
import { compileSource } from "../../src/compile/index.js";
import { explain, explainVerdict } from "../../src/inference/explain/explain.js";
test("x", () => {
  for (const f of process.env["FILES"]!.split(",")) {
    const text = readFileSync(f, "utf8");
    const source = { name: f, text };
    try { const c = compileSource(source); 
    if (c.program) console.log(explain(c.program, source, (process.env["FMT"] ?? "text") as any));
    else if (c.model) console.log(explainVerdict(c.model, c.verdict!, c.diagnostics, source, (process.env["FMT"] ?? "text") as any));
    else console.log(f, JSON.stringify(c.diagnostics)); } catch (e) { console.log("THROW", f, e); }
  }
});
