import { existsSync, watch as watchFolder } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { exitCode, type ExitCode } from "../exit-code.js";
import { CommandFailure, usageFailure } from "../failure.js";
import { reportFailure } from "../report-failure.js";
import type { Terminal } from "../terminal.js";
import { compile, type EmitOptions } from "./compile.js";

/** Editors write a file in several steps. */
const quietMilliseconds = 80;

/** `genc watch`: compiles programs, and again whenever they change, until it is interrupted. */
export async function watch(terminal: Terminal, files: readonly string[], options: EmitOptions): Promise<ExitCode> {
  for (const file of files) {
    if (!existsSync(file)) throw usageFailure(`${file} cannot be watched: there is no such file.`);
  }
  for (const file of files) await compileOrReport(terminal, file, options);
  terminal.message(`watching ${files.join(", ")}; Ctrl-C ends it\n`);
  const changes = observe(files, terminal.signal);
  for await (const file of changes) await compileOrReport(terminal, file, options);
  return exitCode.interrupted;
}

/** What is wrong with a program ends its compilation, not the watch. */
async function compileOrReport(terminal: Terminal, file: string, options: EmitOptions): Promise<void> {
  try {
    await compile(terminal, file, options);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    await reportFailure(terminal, error.failure);
  }
}

/** Files that changed, each once for a burst of changes. Folders are watched: editors put new files in place of old ones. */
async function* observe(files: readonly string[], signal: AbortSignal): AsyncGenerator<string> {
  const pending = new Set<string>();
  let wake = (): void => undefined;
  const timers = new Map<string, NodeJS.Timeout>();
  const changed = (file: string): void => {
    clearTimeout(timers.get(file));
    timers.set(
      file,
      setTimeout(() => {
        pending.add(file);
        wake();
      }, quietMilliseconds),
    );
  };
  const folders = new Set(files.map((file) => dirname(resolve(file))));
  const watchers = [...folders].map((folder) =>
    watchFolder(folder, (_event, name) => {
      for (const file of files) {
        if (dirname(resolve(file)) === folder && (name === null || basename(file) === name)) changed(file);
      }
    }),
  );
  const stop = (): void => wake();
  signal.addEventListener("abort", stop);
  try {
    while (!signal.aborted) {
      for (const file of pending) {
        pending.delete(file);
        if (existsSync(file)) yield file;
      }
      if (pending.size === 0 && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener("abort", stop);
    timers.forEach((timer) => clearTimeout(timer));
    watchers.forEach((watcher) => watcher.close());
  }
}
