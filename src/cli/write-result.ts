import { closeSync, existsSync, openSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { usageFailure } from "./failure.js";
import { readFailure } from "../data/read-failure.js";
import type { Terminal } from "./terminal.js";

/** Writes a result to `--out`, or to standard output. */
export function writeResult(terminal: Terminal, out: string | undefined, text: string): void {
  if (out === undefined) terminal.out(text);
  else writeFileOrFail(out, text);
}

/** A result that is written part by part. */
export interface ResultWriter {
  write(text: string): void;
  end(): void;
}

export function openResult(terminal: Terminal, out: string | undefined): ResultWriter {
  if (out === undefined) return { write: (text) => terminal.out(text), end: () => undefined };
  const file = orUsageFailure(out, () => openSync(out, "w"));
  return {
    write: (text) => orUsageFailure(out, () => writeSync(file, text)),
    end: () => closeSync(file),
  };
}

/** Writes pieces of text one after the other to `--out`, or to standard output: never all of them at once. */
export function writePieces(terminal: Terminal, out: string | undefined, pieces: Iterable<string>): void {
  const result = openResult(terminal, out);
  for (const piece of pieces) result.write(piece);
  result.end();
}

/** Writes a file that the user named; a failure is a usage error. */
export function writeFileOrFail(file: string, content: string | Uint8Array): void {
  orUsageFailure(file, () => writeFileSync(file, content));
}

function orUsageFailure<T>(file: string, write: () => T): T {
  try {
    return write();
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
