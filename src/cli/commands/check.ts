import { checkSource } from "../../compile/check-source.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { loadSource } from "../load-source.js";
import { renderDiagnostics, type ReportFormat } from "../render-diagnostics.js";
import type { Terminal } from "../terminal.js";

/** `genc check`: the diagnostics of all files, on standard output; status 1 if one of them is an error. */
export async function check(terminal: Terminal, files: readonly string[], format: ReportFormat): Promise<ExitCode> {
  const reports = files.map((file) => checkSource(loadSource(file)));
  terminal.out(await renderDiagnostics(reports, format, terminal.color));
  const failed = reports.some(({ diagnostics }) => diagnostics.some(({ severity }) => severity === "error"));
  return failed ? exitCode.diagnostics : exitCode.fine;
}
