import { readFileSync } from "node:fs";
import type { ColumnMapping } from "../data/bindable.js";
import { readFailure } from "../data/read-failure.js";
import type { SourceText } from "../diagnostics/span.js";
import { notASavedModel, unreadableFile } from "../diagnostics/catalogue/data.js";
import type { ModelDescription } from "../runtime/description.js";
import { CommandFailure, dataFailure, usageFailure } from "./failure.js";
import { completeSizes, knownSizes, type KnownSizes } from "./known-sizes.js";
import type { CompileOptions } from "./load-model.js";
import { loadSource } from "./load-source.js";
import { prepareTrainer } from "./prepare-trainer.js";
import { readParameters } from "./read-parameters.js";
import { readSavedModel } from "./saved-model.js";
import type { Terminal } from "./terminal.js";
import type { Trainer } from "./trainer.js";

export interface ModelOptions extends CompileOptions {
  readonly parameters?: string;
  readonly dim: Readonly<Record<string, number>>;
}

/** A model at known parameters. */
export interface OpenModel {
  readonly description: ModelDescription;
  readonly sizes: KnownSizes;
  /** How it read the data it was trained on. */
  readonly trained?: ColumnMapping;
  readonly source: SourceText;
  /** Name of the model within the source. */
  readonly model: string;
  /** How it was fitted, where the file of a saved model says so. */
  readonly fit?: Readonly<Record<string, unknown>>;
  /** Its trainer, at the sizes that parameters and data settle together. */
  trainer(sizes: Readonly<Record<string, number>>): Trainer;
}

/** Opens MODEL: what `train --save` wrote, or a program with `--parameters`. */
export async function openModel(terminal: Terminal, file: string, options: ModelOptions): Promise<OpenModel> {
  return file.endsWith(".gen") || file.startsWith("std:")
    ? await openProgram(terminal, file, options)
    : await openSaved(terminal, file, options);
}

async function openSaved(terminal: Terminal, file: string, options: ModelOptions): Promise<OpenModel> {
  if (options.parameters !== undefined)
    throw usageFailure(`${file} holds its parameters; --parameters is for a .gen file.`);
  const bytes = readBytes(file);
  try {
    const saved = readSavedModel(file, bytes);
    const prepare = { ...options, quiet: true, model: saved.model };
    const { Trainer: Model } = await prepareTrainer(terminal, saved.source, prepare);
    const trainer = new Model({});
    trainer.restore(bytes);
    const settled = Object.entries(trainer.sizes).map(
      ([name, value]) => [name, { value, by: "the saved model" }] as const,
    );
    return {
      description: trainer.description,
      sizes: { settled: new Map(settled), defaults: {} },
      trained: saved.mapping,
      source: saved.source,
      model: saved.model,
      ...(saved.fit === undefined ? {} : { fit: saved.fit }),
      trainer: () => trainer,
    };
  } catch (error) {
    // By name: a trainer in memory brings its own copy of the run time.
    if (error instanceof Error && error.name === "ModelFileError")
      throw dataFailure(notASavedModel({ file }, { reason: clause(error.message) }));
    throw error;
  }
}

async function openProgram(terminal: Terminal, file: string, options: ModelOptions): Promise<OpenModel> {
  const { parameters } = options;
  const source = loadSource(file);
  if (parameters === undefined) {
    throw usageFailure(
      `${file} is a program without parameters.`,
      "Give them (--parameters FILE.json), or name a model that `genc train --save FILE.safetensors` wrote.",
    );
  }
  const { Trainer: Model, model } = await prepareTrainer(terminal, source, options);
  const { description } = new Model({});
  const known = knownSizes(description.sizes, options.dim);
  const text = new TextDecoder().decode(readBytes(parameters));
  const read = readParameters(parameters, text, description.parameters, known.settled, false);
  if (read.kind === "refused") throw new CommandFailure({ kind: "data", diagnostics: read.diagnostics });
  return {
    description,
    sizes: { settled: read.value.sizes, defaults: known.defaults },
    source,
    model,
    trainer(sizes) {
      const trainer = new Model(completeSizes(description.sizes, sizes));
      trainer.setParameters(read.value.values);
      return trainer;
    },
  };
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const reason = readFailure(error);
    if (reason === undefined) throw error;
    throw dataFailure(unreadableFile({ file }, { reason }));
  }
}

/** A sentence as a part of another. */
function clause(sentence: string): string {
  return sentence.replace(/\.$/, "");
}
