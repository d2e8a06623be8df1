import type { CheckedSource } from "../diagnostics/render-json.js";

export type ReportFormat = "pretty" | "json" | "github" | "sarif";

/** Renders the diagnostics of some files as one text; each renderer is loaded when it is asked for. */
export async function renderDiagnostics(
  checked: readonly CheckedSource[],
  format: ReportFormat,
  color: boolean,
): Promise<string> {
  switch (format) {
    case "pretty": {
      const { renderPretty } = await import("../diagnostics/render-pretty.js");
      const each = checked.map(({ source, diagnostics }) => renderPretty(diagnostics, source, { color }));
      return each
        .filter((text) => text !== "")
        .map(ended)
        .join("\n");
    }
    case "json": {
      const { renderJsonOf } = await import("../diagnostics/render-json.js");
      return ended(renderJsonOf(checked));
    }
    case "github": {
      const { renderGithub } = await import("../diagnostics/render-github.js");
      const each = checked.map(({ source, diagnostics }) => renderGithub(diagnostics, source));
      return each
        .filter((text) => text !== "")
        .map(ended)
        .join("");
    }
    case "sarif": {
      const { renderSarifOf } = await import("../diagnostics/render-sarif.js");
      return ended(renderSarifOf(checked));
    }
  }
}

function ended(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
