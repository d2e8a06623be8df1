import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { SourceText } from "../diagnostics/span.js";

export type ReportFormat = "pretty" | "json" | "github" | "sarif";

/** The diagnostics of one source text. */
export interface Report {
  readonly source: SourceText;
  readonly diagnostics: readonly Diagnostic[];
}

/** Renders the diagnostics of some files as one text. */
export async function renderDiagnostics(
  reports: readonly Report[],
  format: ReportFormat,
  color: boolean,
): Promise<string> {
  throw new Error("TODO");
}
