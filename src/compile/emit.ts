import { createHash } from "node:crypto";
import type { SourceIdentity } from "../codegen/typescript/describe.js";
import { buildAdversarialModule } from "../codegen/typescript/build-adversarial-module.js";
import { buildElboModule } from "../codegen/typescript/build-elbo-module.js";
import { buildModule } from "../codegen/typescript/build-module.js";
import { printKernels } from "../codegen/kernels/emit-kernel.js";
import { printFunctionBody } from "../codegen/typescript/print-javascript.js";
import type { SourceText } from "../diagnostics/span.js";
import type { EmProgram, Program } from "../ir/program.js";
import type { BatchSource } from "../runtime/data/collect-columns.js";
import type { AdversarialTrainer } from "../runtime/adversarial-trainer.js";
import type { ElboTrainer } from "../runtime/elbo-trainer.js";
import type { EmTrainer } from "../runtime/em-trainer.js";
import type { EmittedModule } from "../codegen/typescript/module-tree.js";
import type { NamedTensor } from "../runtime/named-tensor.js";
import { chooseEngine, type Engine } from "./choose-engine.js";
import { compilerVersion } from "./version.js";

/** What is compiled: a text and the program derived for one of its models. */
export interface Emittable<P extends Program = Program> {
  readonly source: SourceText;
  readonly program: P;
}

export interface EmitOptions {
  /** [auto] */
  readonly engine?: "auto" | Engine;
}

/** An emitted trainer of which nothing is known at compile time: any sizes, parameters and variables. */
export type LoadedTrainer = EmTrainer<
  Readonly<Record<string, number>>,
  Readonly<Record<string, NamedTensor>>,
  BatchSource,
  { readonly probability: Readonly<Record<string, NamedTensor>> }
>;

export type LoadedTrainerClass<T = LoadedTrainer> = new (sizes: Readonly<Record<string, number>>) => T;

/** The same of a generator with its critic. */
export type LoadedAdversarialTrainer = AdversarialTrainer<
  Readonly<Record<string, number>>,
  Readonly<Record<string, NamedTensor>>,
  BatchSource
>;

/** A trainer, whatever it learns by. */
export type AnyLoadedTrainer = LoadedTrainer | LoadedElboTrainer | LoadedAdversarialTrainer;

/** The same of a model that learns by a bound. */
export type LoadedElboTrainer = ElboTrainer<
  Readonly<Record<string, number>>,
  Readonly<Record<string, NamedTensor>>,
  BatchSource,
  Readonly<Record<string, unknown>> & { readonly probability: Readonly<Record<string, NamedTensor>> }
>;

/** The emitted module as TypeScript. ts-morph is loaded here and nowhere else. */
export async function emitModule(
  { source, program }: Emittable,
  options: EmitOptions = {},
): Promise<{ readonly typescript: string }> {
  const { printTypeScript } = await import("../codegen/typescript/print-typescript.js");
  return { typescript: printTypeScript(moduleOf(program, source, engineOf(program, options))) };
}

/** The kernels of a program as WebAssembly text, with what stays a loop and why. */
export function printProgramKernels({ source, program }: Emittable): string {
  return printKernels(moduleOf(program, source, "kernel").kernels);
}

/** The emitted class, in memory: the declarations and bodies of `emitModule`, printed without their types. */
export async function loadTrainer(emittable: Emittable<EmProgram>, options?: EmitOptions): Promise<LoadedTrainerClass>;
export async function loadTrainer(
  emittable: Emittable,
  options?: EmitOptions,
): Promise<LoadedTrainerClass<AnyLoadedTrainer>>;
export async function loadTrainer(
  { source, program }: Emittable,
  options: EmitOptions = {},
): Promise<LoadedTrainerClass<AnyLoadedTrainer>> {
  const runtime: unknown = await import("../runtime/index.js");
  const body = printFunctionBody(moduleOf(program, source, engineOf(program, options)));
  // The text comes from our own printer, not from the user: names are checked identifiers, numbers are printed.
  const exported: unknown = new Function("runtime", body)(runtime);
  const found = Object.values(exported as Readonly<Record<string, LoadedTrainerClass>>)[0];
  if (found === undefined) throw new Error("compile: the emitted module exports no class");
  return found;
}

function moduleOf(program: Program, source: SourceText, engine: Engine): EmittedModule {
  switch (program.algorithm) {
    case "em":
      return buildModule(program, identify(source), engine);
    case "elbo":
      return buildElboModule(program, identify(source), engine);
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
