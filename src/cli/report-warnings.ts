import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { SourceText } from "../diagnostics/span.js";
import { renderDiagnostics } from "./render-diagnostics.js";
import type { Terminal } from "./terminal.js";

/** What a program that compiles is warned of, on standard error. */
export async function reportWarnings(
  terminal: Terminal,
  source: SourceText,
  diagnostics: readonly Diagnostic[],
): Promise<void> {
  if (diagnostics.length === 0) return;
  terminal.message(await renderDiagnostics([{ source, diagnostics }], "pretty", terminal.color));
}
