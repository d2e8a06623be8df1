import { createHash } from "node:crypto";
import type { SourceIdentity } from "../codegen/typescript/describe.js";
import { buildModule } from "../codegen/typescript/build-module.js";
import { printKernels } from "../codegen/kernels/emit-kernel.js";
import { printFunctionBody } from "../codegen/typescript/print-javascript.js";
import type { SourceText } from "../diagnostics/span.js";
import type { EmProgram } from "../ir/program.js";
import { chooseEngine, type Engine } from "./choose-engine.js";
import { loadEmitted, type LoadedTrainerClass } from "./load-emitted.js";
import { compilerVersion } from "./version.js";

/** What is compiled: a text and the program derived for one of its models. */
export interface Emittable {
  readonly source: SourceText;
  readonly program: EmProgram;
}

export interface EmitOptions {
  /** [auto] */
  readonly engine?: "auto" | Engine;
  /** Starts as kernels too: quicker on very many rows, and a larger module [false]. */
  readonly startKernels?: boolean;
}

/** The emitted module as TypeScript. ts-morph is loaded here and nowhere else. */
export async function emitModule(
  { source, program }: Emittable,
  options: EmitOptions = {},
): Promise<{ readonly typescript: string }> {
  const { printTypeScript } = await import("../codegen/typescript/print-typescript.js");
  return { typescript: printTypeScript(buildModule(program, identify(source), engineOf(program, options))) };
}

/** The kernels of a program as WebAssembly text, with what stays a loop and why. */
export function printProgramKernels({ source, program }: Emittable): string {
  return printKernels(buildModule(program, identify(source), "kernel").kernels);
}

/** The declarations and bodies of `emitModule` without their types, for `loadEmitted`. */
export function emitJavaScript({ source, program }: Emittable, options: EmitOptions = {}): string {
  return printFunctionBody(buildModule(program, identify(source), engineOf(program, options), options));
}

/** The emitted class, in memory. */
export function loadTrainer(compiled: Emittable, options: EmitOptions = {}): Promise<LoadedTrainerClass> {
  return loadEmitted(emitJavaScript(compiled, options));
}

function engineOf(program: EmProgram, options: EmitOptions): Engine {
  return chooseEngine(options.engine ?? "auto", program).engine;
}

function identify(source: SourceText): SourceIdentity {
  // `std:family/model` names the file of that model.
  const baseName = source.name.split(/[/\\]/).at(-1) ?? source.name;
  return {
    fileName: baseName.includes(".") ? baseName : `${baseName}.gen`,
    text: source.text,
    hash: createHash("sha256").update(source.text).digest("hex").slice(0, 16),
    compilerVersion,
  };
}
