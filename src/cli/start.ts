import { existsSync, readFileSync } from "node:fs";
import nodeModule from "node:module";
import { join } from "node:path";
import { Script, type ScriptOptions } from "node:vm";
import { cacheFolder } from "./cache-folder.js";

/**
 * Starts `genc`: what a process runs first, as little as can be.
 *
 * The build runs a command of each bundle once and keeps what V8 compiled for it; that saves half the time from the start
 * to the first diagnostic. Where the compiled code is for another V8, the text is compiled as
 * ever (and by Node 22 and later kept in the user's cache folder).
 */
export function start(arguments_: readonly string[]): Promise<void> {
  const bundle = bundleOf(arguments_[0] ?? "");
  const code = join(__dirname, codeFileName(bundle));
  if (!existsSync(code)) {
    const folder = cacheFolder(process.env);
    // The types are those of Node 20.
    const { enableCompileCache } = nodeModule as { readonly enableCompileCache?: (folder: string) => unknown };
    if (folder !== undefined) enableCompileCache?.(join(folder, "node"));
    return (require(join(__dirname, bundle)) as Bundle).run();
  }
  return loadBundle(bundle, readFileSync(code)).run();
}

interface Bundle {
  readonly run: () => Promise<void>;
}

/** The bundle that holds a command. */
export function bundleOf(command: string): string {
  return command === "check" || command === "fmt" ? "front.cjs" : "main.cjs";
}

/** Beside the bundle: what one V8 compiled of it in one run. Another V8 does not even look at it. */
export function codeFileName(bundle: string): string {
  return `${bundle}-${process.versions.v8}-${process.arch}.code`;
}

/** A bundle with the compiled code of an earlier run; `keep` receives what V8 has compiled so far. */
export function loadBundle(file: string, code: Buffer | undefined): Bundle & { readonly keep: () => Buffer } {
  const filename = join(__dirname, file);
  // esbuild writes ASCII, and this reads it fastest.
  const text = readFileSync(filename, "latin1");
  const options: ScriptOptions = { filename };
  if (code !== undefined) options.cachedData = code;
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${text}\n})`, options);
  const loaded: { exports: Partial<Bundle> } = { exports: {} };
  script.runInThisContext()(loaded.exports, require, loaded, filename, __dirname);
  const { run } = loaded.exports;
  if (run === undefined) throw new Error(`start: ${file} exports no run`);
  return { run, keep: () => script.createCachedData() };
}
