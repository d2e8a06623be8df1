import {
  chooseEngine,
  compileSource,
  loadTrainer,
  ModelChoiceError,
  type Compilation,
  type Engine,
} from "../compile/index.js";
import type { Model } from "../ir/model.js";
import type { Program } from "../ir/program.js";
import type { SourceText } from "../diagnostics/span.js";
import { CommandFailure, unavailableFailure, usageFailure } from "./failure.js";
import { renderDiagnostics } from "./render-diagnostics.js";
import type { Terminal } from "./terminal.js";
import type { TrainerClass } from "./trainer.js";

export interface CompileOptions {
  readonly model?: string;
  readonly engine?: "auto" | Engine;
  readonly backend?: string;
  readonly quiet?: boolean;
}

/** A compilation that has its program. */
export type Compiled = Compilation & { readonly model: Model; readonly program: Program };

/** Compiles one model of a source; its errors end the command, its warnings go to standard error. */
export async function compileModel(terminal: Terminal, source: SourceText, options: CompileOptions): Promise<Compiled> {
  const compilation = compileOrUsageFailure(source, options.model);
  const { diagnostics, model, program } = compilation;
  if (model === undefined || program === undefined) throw new CommandFailure({ kind: "program", diagnostics, source });
  if (diagnostics.length > 0 && options.quiet !== true) {
    terminal.message(await renderDiagnostics([{ source, diagnostics }], "pretty", terminal.color));
  }
  return { ...compilation, model, program };
}

/** Compiles one model of a source; a choice of model that cannot be made is a usage error. */
export function compileOrUsageFailure(source: SourceText, model: string | undefined): Compilation {
  try {
    return compileSource(source, model === undefined ? {} : { model });
  } catch (error) {
    if (error instanceof ModelChoiceError) throw usageFailure(`${source.name}: ${error.message}.`);
    throw error;
  }
}

/** The trainer of a compiled model, in memory. */
export async function loadTrainerClass(compiled: Compiled, options: CompileOptions): Promise<TrainerClass> {
  const { engine } = await startBackend(compiled, options);
  return await loadTrainer(compiled, { engine });
}

/** The engine and, for `tfjs`, the backend that a command will run on. */
export async function startBackend(
  compiled: Compiled,
  { engine, backend }: CompileOptions,
): Promise<{ readonly engine: Engine; readonly backend: string }> {
  const chosen = chooseEngine(engine ?? "auto", compiled.program, backend).engine;
  if (chosen === "kernel") {
    if (backend === undefined) return { engine: chosen, backend: "cpu" };
    throw usageFailure(`--backend ${backend} is for --engine tfjs; the engine kernel runs on the CPU.`);
  }
  const { useBackend } = await import("../runtime/index.js");
  const wanted = backend ?? "wasm";
  try {
    await useBackend(wanted);
  } catch (error) {
    throw unavailableFailure(
      `--backend ${wanted} does not start: ${error instanceof Error ? error.message : String(error)}`,
      "`genc doctor` says which backends work here.",
    );
  }
  return { engine: chosen, backend: wanted };
}
