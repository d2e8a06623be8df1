import type { Diagnostic } from "./diagnostic.js";
import { positionAt, type SourceText } from "./span.js";

const escapeData = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const escapeProperty = (text: string): string => escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

/**
 * Workflow commands that GitHub shows as annotations, one line each.
 *
 * @source GitHub Actions, "Workflow commands", `::error file=…,line=…::message`
 */
export function renderGithub(diagnostics: readonly Diagnostic[], source: SourceText): string {
  return diagnostics
    .map((diagnostic) => {
      const start = positionAt(source.text, diagnostic.span.start);
      const end = positionAt(source.text, diagnostic.span.end);
      // Columns are only understood within one line.
      const columns = start.line === end.line ? `,col=${start.column},endColumn=${end.column}` : "";
      const place = `file=${escapeProperty(source.name)},line=${start.line},endLine=${end.line}${columns}`;
      const text =
        diagnostic.hint === undefined ? diagnostic.message : `${diagnostic.message}\nhelp: ${diagnostic.hint}`;
      return `::${diagnostic.severity} ${place},title=${escapeProperty(diagnostic.code)}::${escapeData(text)}`;
    })
    .join("\n");
}
