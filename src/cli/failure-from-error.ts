import { CollapsedComponentError, DataError, NonFiniteError, OptionError } from "../runtime/errors.js";
import { CommandFailure, usageFailure } from "./failure.js";

/** What an error of the run time means to the user of the command line; undefined: a bug. */
export function failureFrom(error: unknown): CommandFailure | undefined {
  if (error instanceof OptionError)
    return usageFailure(`${optionName(error.argument)}: expected ${error.expected}, found ${error.found}.`);
  if (error instanceof DataError || error instanceof CollapsedComponentError || error instanceof NonFiniteError) {
    return new CommandFailure({ kind: "fit", message: inCommandLineWords(error.message) });
  }
  if (error instanceof Error && error.name === "AbortError") {
    return new CommandFailure({ kind: "interrupted", message: "interrupted" });
  }
  return undefined;
}

/** `maxIterations` is `--max-iterations` here. */
function optionName(argument: string): string {
  const name = argument.replace(/^options\./, "");
  return /^[a-zA-Z]+$/.test(name) ? `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}` : name;
}

function inCommandLineWords(message: string): string {
  return message.replace(
    /`(ridge|seed|init|tolerance|restarts|maxIterations)`/g,
    (_, name: string) => `\`${optionName(name)}\``,
  );
}
