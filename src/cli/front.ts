import type { Command } from "commander";
import * as check from "./commands/check.js";
import * as format from "./commands/fmt.js";
import type { ExitCode } from "./exit-code.js";
import { addCheck, addFormat, createProgram } from "./front-commands.js";
import { runProcess } from "./run-command-line.js";
import type { Terminal } from "./terminal.js";

/**
 * The commands that need the front end of the compiler and nothing else, for `start.ts`: a bundle of their own, all of
 * it loaded at once, starts in half the time.
 */
function buildFrontCommandLine(terminal: Terminal, settle: (code: ExitCode) => void): Command {
  const program = createProgram(terminal);
  addCheck(program, terminal, settle, () => Promise.resolve(check));
  addFormat(program, terminal, settle, () => Promise.resolve(format));
  return program;
}

export function run(): Promise<void> {
  return runProcess(buildFrontCommandLine);
}
