import { buildCommandLine } from "./command-line.js";
import type { ExitCode } from "./exit-code.js";
import { runCommandLine, runProcess } from "./run-command-line.js";
import type { Terminal } from "./terminal.js";

/** Runs `genc` with its arguments; never throws, never exits the process. */
export function main(arguments_: readonly string[], terminal: Terminal): Promise<ExitCode> {
  return runCommandLine(buildCommandLine, arguments_, terminal);
}

/** For `start.ts`. */
export function run(): Promise<void> {
  return runProcess(buildCommandLine);
}
