import { CommandFailure, usageFailure } from "./failure.js";

/**
 * What an error of the run time means to the user of the command line; undefined: a bug.
 *
 * By name and not by class: a trainer in memory brings its own copy of the run time.
 */
export function failureFrom(error: unknown): CommandFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  switch (error.name) {
    case "OptionError":
      return usageFailure(inCommandLineWords(error.message));
    case "DataError":
    case "CollapsedComponentError":
    case "NonFiniteError":
      return new CommandFailure({ kind: "fit", message: rowsFromOne(error, inCommandLineWords(error.message)) });
    case "AbortError":
      return new CommandFailure({ kind: "interrupted", message: "interrupted" });
    default:
      return undefined;
  }
}

/** Rows are counted from 1 on the command line, as in all that is said about files. */
function rowsFromOne(error: Error, message: string): string {
  const row = "row" in error ? error.row : undefined;
  return typeof row === "number" ? message.replace(`row ${row}`, `row ${row + 1}`) : message;
}

const options = ["maxIterations", "tolerance", "restarts", "ridge", "seed", "init", "fix", "holdout", "resume"];

/** `maxIterations` is `--max-iterations` here. */
export function inCommandLineWords(message: string): string {
  const flag = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return message
    .replace(/^sizes\.(?=\w)/, "size ")
    .replace(/^parameters\.(?=\w)/, "parameter ")
    .replace(/`(\w+)`/g, (quoted, name: string) => (options.includes(name) ? `\`${flag(name)}\`` : quoted))
    .replace(/^(?:options\.)?(\w+)(?=[.:])/, (argument) => (options.includes(argument) ? flag(argument) : argument));
}
