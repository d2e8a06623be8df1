import type { Diagnostic, Severity } from "./diagnostic.js";
import { positionAt, type Position, type SourceText, type Span } from "./span.js";

/** A source text and what is to be said about it. */
export interface CheckedSource {
  readonly source: SourceText;
  readonly diagnostics: readonly Diagnostic[];
}

/** A diagnostic as `genc check --format json` prints it; `end` is the place behind the last character. */
export interface JsonDiagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
  readonly related: readonly { readonly message: string; readonly start: Position; readonly end: Position }[];
  readonly hint?: string;
  readonly fix?: { readonly start: Position; readonly end: Position; readonly replacement: string };
}

const placesOf = (text: string, span: Span): { start: Position; end: Position } => ({
  start: positionAt(text, span.start),
  end: positionAt(text, span.end),
});

export function jsonDiagnostic(diagnostic: Diagnostic, { name, text }: SourceText): JsonDiagnostic {
  const { code, severity, message, span, related, hint, fix } = diagnostic;
  return {
    code,
    severity,
    message,
    file: name,
    ...placesOf(text, span),
    related: related.map((place) => ({ message: place.message, ...placesOf(text, place.span) })),
    ...(hint === undefined ? {} : { hint }),
    ...(fix === undefined ? {} : { fix: { ...placesOf(text, fix.span), replacement: fix.replacement } }),
  };
}

/** The document of `genc check --format json` for several files. */
export function renderJsonOf(checked: readonly CheckedSource[]): string {
  const items = checked.flatMap(({ source, diagnostics }) =>
    diagnostics.map((diagnostic) => jsonDiagnostic(diagnostic, source)),
  );
  return JSON.stringify({ schema: "genc.check/1", diagnostics: items }, undefined, 2);
}

/** The document of `genc check --format json` for one file. */
export function renderJson(diagnostics: readonly Diagnostic[], source: SourceText): string {
  return renderJsonOf([{ source, diagnostics }]);
}
