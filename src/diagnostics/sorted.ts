import type { Diagnostic } from "./diagnostic.js";

const keyOf = (diagnostic: Diagnostic): string =>
  `${diagnostic.span.start}:${diagnostic.span.end}:${diagnostic.code}:${diagnostic.message}`;

/** By place, errors before warnings at one place, otherwise in the order of coming; the same thing said once. */
export function sortedDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  const unique = diagnostics.filter((diagnostic) => {
    const key = keyOf(diagnostic);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
  const rank = (diagnostic: Diagnostic): number => (diagnostic.severity === "error" ? 0 : 1);
  return unique.sort((a, b) => a.span.start - b.span.start || rank(a) - rank(b) || a.span.end - b.span.end);
}
