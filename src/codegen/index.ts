import type { EmProgram } from "../ir/program.js";
import { buildModule } from "./typescript/build-module.js";
import type { SourceIdentity } from "./typescript/describe.js";
import { printFunctionBody, printJavaScript } from "./typescript/print-javascript.js";

export type { SourceIdentity } from "./typescript/describe.js";
export { describe } from "./typescript/describe.js";

/** The module of a program as TypeScript. ts-morph is loaded only here, since it takes a third of a second. */
export async function emitTypeScript(program: EmProgram, source: SourceIdentity): Promise<string> {
  const { printTypeScript } = await import("./typescript/print-typescript.js");
  return printTypeScript(buildModule(program, source));
}

/** The same module as JavaScript: types left out, code the same. */
export function emitJavaScript(program: EmProgram, source: SourceIdentity): string {
  return printJavaScript(buildModule(program, source));
}

/**
 * Runs the module in memory.
 *
 * @param runtime what `genc/runtime` exports; passed in, so that errors are instances of the caller's own classes
 * @returns its exports: the trainer's class, by the model's name
 */
export function loadEmitted(program: EmProgram, source: SourceIdentity, runtime: object): Readonly<Record<string, unknown>> {
  const body = printFunctionBody(buildModule(program, source));
  const evaluate = new Function("runtime", `${body}\n//# sourceURL=${encodeURI(source.fileName)}.js`) as (
    runtime: object,
  ) => Readonly<Record<string, unknown>>;
  return evaluate(runtime);
}
