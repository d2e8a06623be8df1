import { format } from "../../parser/format.js";
import { parse } from "../../parser/parse.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { usageFailure } from "../failure.js";
import { loadSource } from "../load-source.js";
import { renderDiagnostics } from "../render-diagnostics.js";
import type { Terminal } from "../terminal.js";
import { writeFileOrFail } from "../write-result.js";

/** `genc fmt`: rewrites files in place, or with `--check` names those that it would rewrite. */
export async function formatFiles(terminal: Terminal, files: readonly string[], check: boolean): Promise<ExitCode> {
  let code: ExitCode = exitCode.fine;
  for (const file of files) {
    if (file.startsWith("std:") && !check) throw usageFailure(`${file} is part of genc; only --check is possible.`);
    const source = loadSource(file);
    const { diagnostics } = parse(source);
    if (diagnostics.some(({ severity }) => severity === "error")) {
      terminal.message(await renderDiagnostics([{ source, diagnostics }], "pretty", terminal.color));
      code = exitCode.diagnostics;
      continue;
    }
    const text = format(source);
    if (text === source.text) continue;
    if (check) code = exitCode.diagnostics;
    else writeFileOrFail(file, text);
    terminal.message(`${file}: ${check ? "is not in the canonical layout" : "formatted"}\n`);
  }
  return code;
}
