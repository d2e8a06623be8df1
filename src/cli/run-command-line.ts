import { CommanderError, type Command } from "commander";
import { exitCode, type ExitCode } from "./exit-code.js";
import { CommandFailure } from "./failure.js";
import { reportFailure } from "./report-failure.js";
import { processTerminal, type Terminal } from "./terminal.js";

/** What a command line understands; `settle` receives the exit status of the command. */
export type BuildCommandLine = (terminal: Terminal, settle: (code: ExitCode) => void) => Command;

/** Runs a command line with its arguments; never throws, never exits the process. */
export async function runCommandLine(
  build: BuildCommandLine,
  arguments_: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  let code: ExitCode = exitCode.fine;
  try {
    const commandLine = build(terminal, (settled) => {
      code = settled;
    });
    if (arguments_.length === 0) {
      terminal.message(commandLine.helpInformation());
      return exitCode.usage;
    }
    await commandLine.parseAsync(arguments_, { from: "user" });
    return code;
  } catch (error) {
    // Commander has written its message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.fine : exitCode.usage;
    const failure = error instanceof CommandFailure ? error : await failureBehind(error);
    if (failure !== undefined) return reportFailure(terminal, failure.failure);
    return reportBug(terminal, error);
  }
}

/** What errors of the run time mean to the user of the command line; loaded only where something has gone wrong. */
async function failureBehind(error: unknown): Promise<CommandFailure | undefined> {
  const { failureFrom } = await import("./failure-from-error.js");
  return failureFrom(error);
}

async function reportBug(terminal: Terminal, error: unknown): Promise<ExitCode> {
  const { createHash } = await import("node:crypto");
  const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  const reference = createHash("sha256")
    .update(stack.replace(/\(?\S*[/\\]|:\d+/g, ""))
    .digest("hex")
    .slice(0, 8);
  terminal.message(`genc has failed; this is a bug of ours, not of your model or data (reference ${reference}).\n`);
  terminal.message(`  ${name}: ${message.split("\n")[0]}\n`);
  terminal.message(
    terminal.environment["GENC_DEBUG"] === "1"
      ? `${stack}\n`
      : "  GENC_DEBUG=1 shows where. Please report it with both.\n",
  );
  return exitCode.bug;
}

/** Runs a command line as this process. */
export async function runProcess(build: BuildCommandLine): Promise<void> {
  const arguments_ = process.argv.slice(2);
  // A reader that closes its end early (`genc … | head`) is not an error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCode.fine);
    throw error;
  });
  process.exitCode = await runCommandLine(build, arguments_, processTerminal(arguments_));
}
