import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.js";
import { renderGithub } from "../../src/diagnostics/render-github.js";
import { jsonDiagnostic, renderJson, renderJsonOf } from "../../src/diagnostics/render-json.js";
import { renderSarif } from "../../src/diagnostics/render-sarif.js";
import { sortedDiagnostics } from "../../src/diagnostics/sorted.js";

const source = { name: "dir/a b.gen", text: "model M {\n  param x Real\n}\n" };
const diagnostic: Diagnostic = {
  code: "GEN1010",
  severity: "error",
  message: "expected `:`, found 100% of `Real`",
  span: { start: 20, end: 24 },
  label: "here",
  related: [{ span: { start: 0, end: 5 }, message: "in this model" }],
  hint: "write it\nlike this",
  fix: { span: { start: 19, end: 19 }, replacement: ":" },
};
const bare: Diagnostic = {
  code: "GEN2001",
  severity: "warning",
  message: "m",
  span: { start: 6, end: 7 },
  related: [],
};

describe("renderJson", () => {
  it("prints the document of `genc check`", () => {
    const at = (line: number, column: number): object => ({ line, column });
    expect(JSON.parse(renderJson([diagnostic, bare], source))).toEqual({
      schema: "genc.check/1",
      diagnostics: [
        {
          code: "GEN1010",
          severity: "error",
          message: diagnostic.message,
          file: "dir/a b.gen",
          start: at(2, 11),
          end: at(2, 15),
          related: [{ message: "in this model", start: at(1, 1), end: at(1, 6) }],
          hint: "write it\nlike this",
          fix: { start: at(2, 10), end: at(2, 10), replacement: ":" },
        },
        {
          code: "GEN2001",
          severity: "warning",
          message: "m",
          file: "dir/a b.gen",
          start: at(1, 7),
          end: at(1, 8),
          related: [],
        },
      ],
    });
  });

  it("joins files in one document", () => {
    const other = { name: "b.gen", text: "" };
    const none = { ...bare, span: { start: 0, end: 0 } };
    const document: unknown = JSON.parse(
      renderJsonOf([
        { source, diagnostics: [bare] },
        { source: other, diagnostics: [none] },
      ]),
    );
    expect(document).toEqual({
      schema: "genc.check/1",
      diagnostics: [jsonDiagnostic(bare, source), jsonDiagnostic(none, other)],
    });
  });
});

describe("renderGithub", () => {
  it("prints one escaped command a diagnostic", () => {
    expect(renderGithub([diagnostic, bare], { ...source, name: "a,b:c.gen" }).split("\n")).toEqual([
      "::error file=a%2Cb%3Ac.gen,line=2,endLine=2,col=11,endColumn=15,title=GEN1010::expected `:`, found 100%25 of `Real`%0Ahelp: write it%0Alike this",
      "::warning file=a%2Cb%3Ac.gen,line=1,endLine=1,col=7,endColumn=8,title=GEN2001::m",
    ]);
  });
});

describe("renderSarif", () => {
  it("prints a log with rules, places, related places and fixes", () => {
    const region = { startLine: 2, startColumn: 11, endLine: 2, endColumn: 15 };
    expect(JSON.parse(renderSarif([diagnostic], source))).toMatchObject({
      version: "2.1.0",
      runs: [
        {
          tool: { driver: { name: "genc", rules: [{ id: "GEN1010" }] } },
          columnKind: "utf16CodeUnits",
          results: [
            {
              ruleId: "GEN1010",
              level: "error",
              locations: [{ physicalLocation: { artifactLocation: { uri: "dir/a%20b.gen" }, region } }],
              relatedLocations: [{ message: { text: "in this model" } }],
              fixes: [{ artifactChanges: [{ replacements: [{ insertedContent: { text: ":" } }] }] }],
            },
          ],
        },
      ],
    });
  });
});

describe("sortedDiagnostics", () => {
  it("sorts by place, errors first, and says the same thing once", () => {
    const later: Diagnostic = { ...bare, span: { start: 9, end: 10 } };
    const error: Diagnostic = { ...bare, severity: "error", message: "e" };
    expect(sortedDiagnostics([later, bare, error, { ...bare }, later])).toEqual([error, bare, later]);
  });

  it("keeps the order of what stands at one place", () => {
    const first: Diagnostic = { ...bare, message: "first" };
    const second: Diagnostic = { ...bare, message: "second" };
    expect(sortedDiagnostics([second, first])).toEqual([second, first]);
  });
});
