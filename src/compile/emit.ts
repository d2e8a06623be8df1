import { createHash } from "node:crypto";
import type { SourceIdentity } from "../codegen/typescript/describe.js";
import { buildAdversarialModule } from "../codegen/typescript/build-adversarial-module.js";
import { buildChainElboModule } from "../codegen/typescript/build-chain-elbo-module.js";
import { buildElboModule } from "../codegen/typescript/build-elbo-module.js";
import { buildEmModule } from "../codegen/typescript/build-em-module.js";
import { printKernels } from "../codegen/kernels/emit-kernel.js";
import { printFunctionBody, printJavaScript } from "../codegen/typescript/print-javascript.js";
import type { SourceText } from "../diagnostics/span.js";
import type { EmProgram, Program } from "../ir/program.js";
import type { EmittedModule } from "../codegen/typescript/module-tree.js";
import { chooseEngine, type Engine } from "./choose-engine.js";
import { type AnyLoadedTrainer, loadEmitted, type LoadedTrainerClass } from "./load-emitted.js";
import { compilerVersion } from "./version.js";

/** What is compiled: a text and the program derived for one of its models. */
export interface Emittable<P extends Program = Program> {
  readonly source: SourceText;
  readonly program: P;
}

export interface EmitOptions {
  /** [auto] */
  readonly engine?: "auto" | Engine;
  /** For pages: a smaller module, whose queries of rows with missing entries run as loops [false]. */
  readonly compact?: boolean;
}

/** The emitted module as TypeScript. ts-morph is loaded here and nowhere else. */
export async function emitModule(
  { source, program }: Emittable,
  options: EmitOptions = {},
): Promise<{ readonly typescript: string }> {
  const { printTypeScript } = await import("../codegen/typescript/print-typescript.js");
  return { typescript: printTypeScript(moduleOf(program, source, options)) };
}

/** The emitted module as JavaScript: the same declarations and bodies without their types. */
export function emitJavaScriptModule({ source, program }: Emittable, options: EmitOptions = {}): string {
  return printJavaScript(moduleOf(program, source, options));
}

/** The kernels of a program as WebAssembly text, with what stays a loop and why. */
export function printProgramKernels({ source, program }: Emittable): string {
  return printKernels(moduleOf(program, source, { engine: "kernel" }).kernels);
}

/** The declarations and bodies of `emitModule` without their types, for `loadEmitted`. */
export function emitJavaScript({ source, program }: Emittable, options: EmitOptions = {}): string {
  return printFunctionBody(moduleOf(program, source, options));
}

/** The emitted class, in memory. */
export async function loadTrainer(emittable: Emittable<EmProgram>, options?: EmitOptions): Promise<LoadedTrainerClass>;
export async function loadTrainer(
  emittable: Emittable,
  options?: EmitOptions,
): Promise<LoadedTrainerClass<AnyLoadedTrainer>>;
export async function loadTrainer(
  compiled: Emittable,
  options: EmitOptions = {},
): Promise<LoadedTrainerClass<AnyLoadedTrainer>> {
  return await loadEmitted(emitJavaScript(compiled, options));
}

function moduleOf(program: Program, source: SourceText, options: EmitOptions): EmittedModule {
  const engine = engineOf(program, options);
  switch (program.algorithm) {
    case "em":
      return buildEmModule(program, identify(source), engine, options);
    case "elbo":
      return buildElboModule(program, identify(source), engine);
    case "chainElbo":
      return buildChainElboModule(program, identify(source), engine);
    case "adversarial":
      return buildAdversarialModule(program, identify(source), engine);
  }
}

function engineOf(program: Program, options: EmitOptions): Engine {
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
