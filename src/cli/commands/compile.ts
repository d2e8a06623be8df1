import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { chooseEngine, emitJavaScriptModule, emitModule, type Engine } from "../../compile/index.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { usageFailure } from "../failure.js";
import { compileModel, type CompileOptions } from "../load-model.js";
import { loadSource } from "../load-source.js";
import type { Terminal } from "../terminal.js";
import { writeFileOrFail } from "../write-result.js";

export interface EmitOptions extends CompileOptions {
  readonly output?: string;
  readonly standalone?: boolean;
  readonly check?: boolean;
  readonly dump?: "ast" | "model" | "plan" | "kernels";
}

/** Where these are asked for, types would be in the way. */
const javaScriptName = /\.m?js$/;

/** `genc compile`: writes `FILE.ts` beside the source, or to `-o`; with `--check` compares instead. */
export async function compile(terminal: Terminal, file: string, options: EmitOptions): Promise<ExitCode> {
  const source = loadSource(file);
  if (options.dump !== undefined) {
    const { dump } = await import("../dump.js");
    terminal.out(await dump(terminal, source, options.dump, options));
    return exitCode.fine;
  }
  const compiled = await compileModel(terminal, source, options);
  const output = options.output ?? outputBeside(file);
  const emission = { ...options, compact: options.standalone === true };
  const emitted = javaScriptName.test(output)
    ? emitJavaScriptModule(compiled, emission)
    : (await emitModule(compiled, emission)).typescript;
  const text =
    options.standalone === true
      ? await inlined(emitted, chooseEngine(options.engine ?? "auto", compiled.program).engine)
      : emitted;
  if (options.check === true) {
    if (existsSync(output) && readFileSync(output, "utf8") === text) return exitCode.fine;
    terminal.message(`${output} is not what ${file} compiles to; run genc compile ${file}\n`);
    return exitCode.diagnostics;
  }
  if (output === "-") terminal.out(text);
  else {
    writeFileOrFail(output, text);
    terminal.message(`${output}\n`);
  }
  return exitCode.fine;
}

function outputBeside(file: string): string {
  if (file.startsWith("std:")) return `${basename(file)}.gen.ts`;
  if (file.endsWith(".gen")) return `${file}.ts`;
  throw usageFailure(`${file} does not end in .gen: say where to write with -o.`);
}

async function inlined(module: string, engine: Engine): Promise<string> {
  const { standalone } = await import("../standalone.js");
  return standalone(module, engine);
}
