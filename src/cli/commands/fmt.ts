import { writeFileSync } from "node:fs";
import { format } from "../../parser/format.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { loadSource } from "../load-source.js";
import { renderDiagnostics } from "../render-diagnostics.js";
import type { Terminal } from "../terminal.js";

/** `genc fmt`: rewrites files in place, or with `--check` names those that it would rewrite. */
export async function formatFiles(terminal: Terminal, files: readonly string[], check: boolean): Promise<ExitCode> {
  let code: ExitCode = exitCode.fine;
  for (const file of files) {
    const source = loadSource(file);
    const formatted = format(source);
    if (formatted.kind === "refused") {
      terminal.message(
        await renderDiagnostics([{ source, diagnostics: formatted.diagnostics }], "pretty", terminal.color),
      );
      code = exitCode.diagnostics;
    } else if (formatted.text !== source.text) {
      if (check) code = exitCode.diagnostics;
      else writeFileSync(file, formatted.text);
      terminal.message(`${file}: ${check ? "is not in the canonical layout" : "formatted"}\n`);
    }
  }
  return code;
}
