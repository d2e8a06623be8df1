import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.js";
import { renderPretty } from "../../src/diagnostics/render-pretty.js";
import type { SourceText, Span } from "../../src/diagnostics/span.js";

const spanOf = (text: string, part: string, from = 0): Span => {
  const start = text.indexOf(part, from);
  return { start, end: start + part.length };
};

const plain = (diagnostic: Diagnostic, source: SourceText): string =>
  renderPretty([diagnostic], source, { color: false });

const base = { code: "GEN2104", severity: "error", related: [] } as const;

const mixture = `model M {
  size K = 3, D
  param weights: Simplex[K]
  param mean[K]: Vector[D]
  param covariance[K]: Cov[D]
  each n {
    latent  z: Category[K] ~ Categorical(weights)
    observe x: Vector[D] ~ Normal(mean[n], covariance[z])
  }
}
`;

describe("renderPretty", () => {
  it("prints the form of the design page", () => {
    const diagnostic: Diagnostic = {
      ...base,
      message: "`mean` is indexed by `K`, but `n` runs over the rows of the data",
      span: { start: mixture.indexOf("mean[n]") + 5, end: mixture.indexOf("mean[n]") + 6 },
      label: "expected a component, one of K",
      related: [{ span: spanOf(mixture, "mean[K]"), message: "declared over K here" }],
      hint: "did you mean `mean[z]`?",
    };
    expect(plain(diagnostic, { name: "gmm.gen", text: mixture })).toBe(
      `error[GEN2104]: \`mean\` is indexed by \`K\`, but \`n\` runs over the rows of the data
  --> gmm.gen:8:40
   |
 4 |   param mean[K]: Vector[D]
   |         ------- declared over K here
 8 |     observe x: Vector[D] ~ Normal(mean[n], covariance[z])
   |                                        ^ expected a component, one of K
   = help: did you mean \`mean[z]\`?`,
    );
  });

  it("marks several places of one line, one under the other", () => {
    const text = "let a = f(x";
    const diagnostic: Diagnostic = {
      ...base,
      message: "m",
      span: { start: 11, end: 11 },
      label: "expected `)`",
      related: [{ span: spanOf(text, "("), message: "opened here" }],
    };
    expect(plain(diagnostic, { name: "a.gen", text }).split("\n").slice(3)).toEqual([
      " 1 | let a = f(x",
      "   |          - opened here",
      "   |            ^ expected `)`",
    ]);
  });

  it("widens tabs, and counts columns of the text as characters", () => {
    const text = "\tparam\tx";
    const rows = plain({ ...base, message: "m", span: spanOf(text, "x") }, { name: "a.gen", text }).split("\n");
    expect(rows[1]).toBe("  --> a.gen:1:8");
    expect(rows[3].indexOf("x")).toBe(rows[4].indexOf("^"));
    expect(rows[3]).not.toContain("\t");
  });

  it("counts wide characters as two columns and accents as none", () => {
    const text = "# \u4E2D e\u0301 x";
    const rows = plain({ ...base, message: "m", span: spanOf(text, "x") }, { name: "a.gen", text }).split("\n");
    expect(rows[4]).toBe("   |        ^");
  });

  it("cuts long lines around the place", () => {
    const text = `${"a + ".repeat(200)}HERE${" + a".repeat(200)}`;
    const rows = plain({ ...base, message: "m", span: spanOf(text, "HERE") }, { name: "a.gen", text }).split("\n");
    expect(rows[3].length).toBeLessThan(130);
    expect(rows[3]).toMatch(/\u2026.*HERE.*\u2026/);
    expect(rows[4].indexOf("^")).toBe(rows[3].indexOf("HERE"));
  });

  it("underlines the first line of a place that spans several", () => {
    const text = "model M {\n  size K\n}";
    const rows = plain({ ...base, message: "m", span: { start: 6, end: text.length } }, { name: "a.gen", text }).split(
      "\n",
    );
    expect(rows.slice(3)).toEqual([" 1 | model M {", "   |       ^^^"]);
  });

  it("shows the end of an empty text", () => {
    expect(
      plain({ ...base, message: "m", span: { start: 0, end: 0 } }, { name: "a.gen", text: "" }).split("\n"),
    ).toEqual(["error[GEN2104]: m", "  --> a.gen:1:1", "   |", " 1 |", "   | ^"]);
  });

  it("colours by severity, and the text is the same without the colours", () => {
    const source = { name: "gmm.gen", text: mixture };
    const diagnostics: Diagnostic[] = [
      { ...base, message: "m", span: spanOf(mixture, "size"), hint: "h" },
      { ...base, severity: "warning", message: "w", span: spanOf(mixture, "each"), label: "l" },
    ];
    const coloured = renderPretty(diagnostics, source, { color: true });
    expect(coloured).toContain("\u001B[1;31merror[GEN2104]\u001B[0m");
    expect(coloured).toContain("\u001B[1;33mwarning[GEN2104]\u001B[0m");
    // eslint-disable-next-line no-control-regex
    expect(coloured.replace(/\u001B\[[0-9;]*m/g, "")).toBe(renderPretty(diagnostics, source, { color: false }));
  });

  it("is empty for no diagnostics", () => {
    expect(renderPretty([], { name: "a.gen", text: "" }, { color: true })).toBe("");
  });

  test.prop([fc.string({ unit: "binary", maxLength: 80 }), fc.nat(100), fc.nat(100), fc.string({ unit: "binary" })])(
    "neither throws nor lets control characters through, whatever the text and the place",
    (text, start, length, message) => {
      const span = { start, end: start + length };
      const rendered = plain(
        { ...base, message, span, related: [{ span: { start: length, end: start }, message }] },
        { name: message, text },
      );
      // eslint-disable-next-line no-control-regex
      expect(rendered).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
    },
  );
});
