import { createHash } from "node:crypto";
import type { SourceIdentity } from "../codegen/typescript/describe.js";
import { buildModule } from "../codegen/typescript/build-module.js";
import { printKernels } from "../codegen/kernels/emit-kernel.js";
import { printFunctionBody } from "../codegen/typescript/print-javascript.js";
import type { SourceText } from "../diagnostics/span.js";
import type { EmProgram } from "../ir/program.js";
import type { BatchSource } from "../runtime/data/collect-columns.js";
import type { EmTrainer } from "../runtime/em-trainer.js";
import type { NamedTensor } from "../runtime/named-tensor.js";
import { chooseEngine, type Engine } from "./choose-engine.js";
import { compilerVersion } from "./version.js";

/** What is compiled: a text and the program derived for one of its models. */
export interface Emittable {
  readonly source: SourceText;
  readonly program: EmProgram;
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
  Readonly<Record<string, unknown>> & {
    readonly probability: Readonly<Record<string, NamedTensor>>;
    /** Of Gaussian latents, whose means are under their names. */
    readonly covariance?: Readonly<Record<string, NamedTensor>>;
  }
>;

export type LoadedTrainerClass = new (sizes: Readonly<Record<string, number>>) => LoadedTrainer;

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

/** The emitted class, in memory: the declarations and bodies of `emitModule`, printed without their types. */
export async function loadTrainer(
  { source, program }: Emittable,
  options: EmitOptions = {},
): Promise<LoadedTrainerClass> {
  const runtime: unknown = await import("../runtime/index.js");
  const body = printFunctionBody(buildModule(program, identify(source), engineOf(program, options)));
  // The text comes from our own printer, not from the user: names are checked identifiers, numbers are printed.
  const exported: unknown = new Function("runtime", body)(runtime);
  const found = Object.values(exported as Readonly<Record<string, LoadedTrainerClass>>)[0];
  if (found === undefined) throw new Error("compile: the emitted module exports no class");
  return found;
}

function engineOf(program: EmProgram, options: EmitOptions): Engine {
  return chooseEngine(options.engine ?? "auto", program).engine;
}

function identify(source: SourceText): SourceIdentity {
  return {
    fileName: source.name.split(/[/\\]/).at(-1) ?? source.name,
    text: source.text,
    hash: createHash("sha256").update(source.text).digest("hex").slice(0, 16),
    compilerVersion,
  };
}
