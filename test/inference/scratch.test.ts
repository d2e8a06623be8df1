import { test } from "vitest";
import { readFileSync, readdirSync } from "node:fs";
import { checkSource } from "../../src/compile/index.js";
import { describeVerdict } from "../../src/inference/verdict.js";
import { positionAt } from "../../src/diagnostics/span.js";
test("x", () => {
  for (const f of process.env["FILES"]!.split(",")) {
    const text = readFileSync(f, "utf8");
    let c;
    try {
      c = checkSource({ name: f, text });
    } catch (e) {
      console.log("THROW", f, e);
      continue;
    }
    const out = [`=== ${f}`];
    for (const m of [...c.models].reverse())
      out.push(
        m.model.name.padEnd(26) +
          " " +
          describeVerdict(m.verdict) +
          (m.verdict.kind === "exact"
            ? "   " +
              JSON.stringify(
                m.verdict.tables.map((t: any) =>
                  t.latents.map((l: any) => l.name + (l.lag ? "-" + l.lag : "")).join(","),
                ),
              ) +
              m.verdict.stacked
            : ""),
      );
    for (const d of c.diagnostics) {
      const p = positionAt(text, d.span.start);
      out.push(
        `${d.severity} ${d.code} ${p.line}:${p.column} \`${text.slice(d.span.start, d.span.end).slice(0, 60)}\` ${d.message}\n    label: ${d.label}\n    hint: ${d.hint}${d.related.map((r) => `\n    rel ${positionAt(text, r.span.start).line}: ${r.message}`).join("")}`,
      );
    }
    console.log(out.join("\n"));
  }
});
