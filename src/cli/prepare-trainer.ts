import { basename, join } from "node:path";
import type { Engine } from "../compile/index.js";
import { loadEmitted } from "../compile/load-emitted.js";
import { compilerBuild } from "../compile/version.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { SourceText } from "../diagnostics/span.js";
import type { Program } from "../ir/program.js";
import { cacheKey, openCache, type CacheEntries } from "./cache-entries.js";
import { cacheFolder } from "./cache-folder.js";
import { unavailableFailure, usageFailure } from "./failure.js";
import type { CompileOptions } from "./load-model.js";
import { reportWarnings } from "./report-warnings.js";
import type { Terminal } from "./terminal.js";
import type { TrainerClass } from "./trainer.js";

/** A trainer as it is kept from one process to the next: all that the commands need of a compilation. */
interface KeptTrainer {
  readonly model: string;
  /** Whether the program declares a weight of rows. */
  readonly weighted: boolean;
  readonly algorithm: Program["algorithm"];
  readonly engine: Engine;
  /** Why it is not the one that was asked for. */
  readonly instead?: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly javascript: string;
}

export interface PreparedTrainer {
  readonly source: SourceText;
  /** Name of the model within the source. */
  readonly model: string;
  readonly weighted: boolean;
  readonly algorithm: Program["algorithm"];
  readonly engine: Engine;
  /** Why it is not the one that was asked for. */
  readonly instead?: string;
  readonly backend: string;
  readonly Trainer: TrainerClass;
}

/**
 * The trainer of one model of a source, compiled or, where the same text was compiled before, from the cache; the
 * program's errors end the command, its warnings go to standard error.
 */
export async function prepareTrainer(
  terminal: Terminal,
  source: SourceText,
  options: CompileOptions,
): Promise<PreparedTrainer> {
  const kept = await keptTrainer(terminal, source, options);
  const { model, weighted, algorithm, engine, instead, diagnostics } = kept;
  if (options.quiet !== true) await reportWarnings(terminal, source, diagnostics);
  if (instead !== undefined && options.quiet !== true)
    terminal.message(`${instead}: it runs on the engine kernel, on the CPU\n`);
  const backend = await startBackend(engine, instead === undefined ? options.backend : undefined);
  const trainer = { source, model, weighted, algorithm, engine, backend, Trainer: await loadEmitted(kept.javascript) };
  return instead === undefined ? trainer : { ...trainer, instead };
}

/** Where trainers are kept; undefined: nowhere. */
export function trainerFolder(terminal: Terminal): string | undefined {
  const folder = cacheFolder(terminal.environment);
  return folder === undefined ? undefined : join(folder, "trainers");
}

async function keptTrainer(terminal: Terminal, source: SourceText, options: CompileOptions): Promise<KeptTrainer> {
  const { model, engine = "auto", backend } = options;
  const folder = trainerFolder(terminal);
  // Unbuilt, the compiler may change from one run to the next.
  if (folder === undefined || compilerBuild === undefined) return await compileTrainer(source, options);
  const cache = openCache(folder);
  const key = cacheKey(compilerBuild, basename(source.name), source.text, model, engine, backend);
  const found = readKept(cache, key);
  if (found !== undefined) return found;
  const compiled = await compileTrainer(source, options);
  cache.write(key, JSON.stringify(compiled));
  return compiled;
}

function readKept(cache: CacheEntries, key: string): KeptTrainer | undefined {
  const text = cache.read(key);
  // Whole, and under the hash of this compiler: written by the lines above.
  return text === undefined ? undefined : (JSON.parse(text) as KeptTrainer);
}

/** The compiler is loaded here, and only here. */
async function compileTrainer(source: SourceText, options: CompileOptions): Promise<KeptTrainer> {
  const [{ chooseEngine, emitJavaScript }, { compileOrFailure }] = await Promise.all([
    import("../compile/index.js"),
    import("./load-model.js"),
  ]);
  const { model, program, diagnostics } = compileOrFailure(source, options.model);
  const { engine, instead } = chooseEngine(options.engine ?? "auto", program, options.backend);
  return {
    ...(instead === undefined ? {} : { instead }),
    model: model.name,
    weighted: model.axes.some((axis) => axis.weight !== undefined),
    algorithm: program.algorithm,
    engine,
    diagnostics,
    javascript: emitJavaScript({ source, program }, { engine }),
  };
}

/** Starts what an engine runs on. */
async function startBackend(engine: Engine, backend: string | undefined): Promise<string> {
  if (engine === "kernel") {
    if (backend === undefined) return "cpu";
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
  return wanted;
}
