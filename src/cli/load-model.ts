import { compileSource, ModelChoiceError, type Compilation, type Engine } from "../compile/index.js";
import type { Model } from "../ir/model.js";
import type { Program } from "../ir/program.js";
import type { SourceText } from "../diagnostics/span.js";
import { CommandFailure, usageFailure } from "./failure.js";
import { reportWarnings } from "./report-warnings.js";
import type { Terminal } from "./terminal.js";

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
  const compiled = compileOrFailure(source, options.model);
  if (options.quiet !== true) await reportWarnings(terminal, source, compiled.diagnostics);
  return compiled;
}

/** Compiles one model of a source; its errors end the command. */
export function compileOrFailure(source: SourceText, name: string | undefined): Compiled {
  const compilation = compileOrUsageFailure(source, name);
  const { diagnostics, model, program } = compilation;
  if (model === undefined || program === undefined) throw new CommandFailure({ kind: "program", diagnostics, source });
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
