import type { Diagnostic } from "./diagnostic.js";
import type { CheckedSource } from "./render-json.js";
import { positionAt, type SourceText, type Span } from "./span.js";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

const uriOf = (name: string): string => encodeURI(name.replaceAll("\\", "/"));

function regionOf(text: string, span: Span): Record<string, number> {
  const start = positionAt(text, span.start);
  const end = positionAt(text, span.end);
  return { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column };
}

const locationOf = (source: SourceText, span: Span): object => ({
  artifactLocation: { uri: uriOf(source.name) },
  region: regionOf(source.text, span),
});

function resultOf(diagnostic: Diagnostic, source: SourceText): object {
  const { code, severity, message, span, related, hint, fix } = diagnostic;
  const replacement = (text: string, place: Span): object => ({
    deletedRegion: regionOf(source.text, place),
    insertedContent: { text },
  });
  return {
    ruleId: code,
    level: severity,
    message: { text: hint === undefined ? message : `${message}. Help: ${hint}` },
    locations: [{ physicalLocation: locationOf(source, span) }],
    ...(related.length === 0
      ? {}
      : {
          relatedLocations: related.map((place) => ({
            physicalLocation: locationOf(source, place.span),
            message: { text: place.message },
          })),
        }),
    ...(fix === undefined
      ? {}
      : {
          fixes: [
            {
              artifactChanges: [
                {
                  artifactLocation: { uri: uriOf(source.name) },
                  replacements: [replacement(fix.replacement, fix.span)],
                },
              ],
            },
          ],
        }),
  };
}

/** A SARIF 2.1.0 log for several files, for code-scanning services. @source OASIS SARIF 2.1.0 */
export function renderSarifOf(checked: readonly CheckedSource[]): string {
  const codes = [
    ...new Set(checked.flatMap(({ diagnostics }) => diagnostics.map((diagnostic) => diagnostic.code))),
  ].sort();
  const results = checked.flatMap(({ source, diagnostics }) =>
    diagnostics.map((diagnostic) => resultOf(diagnostic, source)),
  );
  const run = {
    tool: { driver: { name: "genc", rules: codes.map((id) => ({ id })) } },
    columnKind: "utf16CodeUnits",
    results,
  };
  return JSON.stringify({ $schema: SCHEMA, version: "2.1.0", runs: [run] }, undefined, 2);
}

/** A SARIF 2.1.0 log for one file. */
export function renderSarif(diagnostics: readonly Diagnostic[], source: SourceText): string {
  return renderSarifOf([{ source, diagnostics }]);
}
