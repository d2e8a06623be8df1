import { renderDataDiagnostic } from "../diagnostics/render-data.js";
import { painter } from "./ansi.js";
import { exitCode, type ExitCode } from "./exit-code.js";
import type { Failure } from "./failure.js";
import { renderDiagnostics } from "./render-diagnostics.js";
import type { Terminal } from "./terminal.js";

/** Says on standard error why a command cannot go on, and with which status it ends. */
export async function reportFailure(terminal: Terminal, failure: Failure): Promise<ExitCode> {
  const paint = painter(terminal.color);
  const say = ({ message, hint }: { readonly message: string; readonly hint?: string }): void => {
    terminal.message(`${paint("red", "error")}: ${message}\n`);
    if (hint !== undefined) terminal.message(`  ${paint("cyan", "help")}: ${hint}\n`);
  };
  switch (failure.kind) {
    case "usage":
      say(failure);
      return exitCode.usage;
    case "program":
      terminal.message(await renderDiagnostics([failure], "pretty", terminal.color));
      return exitCode.diagnostics;
    case "data":
      for (const diagnostic of failure.diagnostics) {
        terminal.message(
          renderDataDiagnostic(diagnostic, (severity, text) => paint(severity === "error" ? "red" : "yellow", text)),
        );
      }
      return exitCode.data;
    case "unavailable":
      say(failure);
      return exitCode.unavailable;
    case "fit":
      say(failure);
      return exitCode.data;
    case "interrupted":
      terminal.message(`${failure.message}\n`);
      return exitCode.interrupted;
  }
}
