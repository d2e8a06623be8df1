import { existsSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { usageFailure } from "./failure.js";
import { readFailure } from "../data/read-failure.js";
import type { Terminal } from "./terminal.js";

/** Writes a result to `--out`, or to standard output. */
export function writeResult(terminal: Terminal, out: string | undefined, text: string): void {
  if (out === undefined) terminal.out(text);
  else writeFileOrFail(out, text);
}

/** Writes a file that the user named; a failure is a usage error. */
export function writeFileOrFail(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    const reason = readFailure(error);
    if (reason === undefined) throw error;
    throw usageFailure(
      `${file} cannot be written: ${reason === "there is no such file" ? "there is no such folder" : reason}.`,
    );
  }
}

/** Refuses before the work, not after it, if the result would have no folder to go to. */
export function requireFolderOf(file: string | undefined): void {
  if (file !== undefined && !existsSync(dirname(file))) {
    throw usageFailure(`${file} cannot be written: there is no such folder.`);
  }
}
