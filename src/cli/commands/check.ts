import { exitCode, type ExitCode } from "../exit-code.js";
import { loadSource } from "../load-source.js";
import type { Terminal } from "../terminal.js";
import { checkSource } from "../../compile/index.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { SourceText } from "../../diagnostics/span.js";

export type ReportFormat = "pretty" | "json" | "github" | "sarif";

/** `genc check`: the diagnostics of all files, on standard output; status 1 if one of them is an error. */
export async function check(terminal: Terminal, files: readonly string[], format: ReportFormat): Promise<ExitCode> {
  const reports = files.map((file) => {
    const source = loadSource(file);
    return { source, diagnostics: checkSource(source).diagnostics };
  });
  terminal.out(await render(reports, format, terminal.color));
  const failed = reports.some(({ diagnostics }) => diagnostics.some(({ severity }) => severity === "error"));
  return failed ? exitCode.diagnostics : exitCode.fine;
}
