import type { DataDiagnostic } from "./data-diagnostic.js";
import { harmlessText } from "./harmless-text.js";

/**
 * ```
 * error[GEN4204]: `count` is a Count, and -3 is negative.
 *   --> data.csv, row 12 (line 13), column `count`
 *    = help: …
 * ```
 *
 * @param emphasise paints the head of the message
 */
export function renderDataDiagnostic(
  diagnostic: DataDiagnostic,
  emphasise: (severity: DataDiagnostic["severity"], text: string) => string = (_, text) => text,
): string {
  const { severity, code, message, hint } = diagnostic;
  const help = hint === undefined ? "" : `   = help: ${harmlessText(hint)}\n`;
  return `${emphasise(severity, `${severity}[${code}]`)}: ${harmlessText(message)}\n  --> ${harmlessText(placeText(diagnostic))}\n${help}`;
}

function placeText({ file, row, line, column }: DataDiagnostic): string {
  const parts = [file];
  if (row !== undefined) parts.push(line === undefined ? `row ${row}` : `row ${row} (line ${line})`);
  else if (line !== undefined) parts.push(`line ${line}`);
  if (column !== undefined) parts.push(`column \`${column}\``);
  return parts.join(", ");
}
