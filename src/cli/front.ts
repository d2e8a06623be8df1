import { buildFrontCommandLine } from "./front-commands.js";
import { runProcess } from "./run-command-line.js";

/** The commands of `front-commands.ts`, for `start.ts`. */
export function run(): Promise<void> {
  return runProcess(buildFrontCommandLine);
}
