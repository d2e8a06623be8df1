import {
  compileSource,
  type Engine,
  loadTrainer,
  type LoadedElboTrainer,
  type LoadedTrainerClass,
} from "../../src/compile/index.js";
import type { EmProgram } from "../../src/ir/program.js";

/** The program derived from a text, which must compile without any diagnostic. */
export function programOf(text: string, name = "model.gen"): EmProgram {
  const { program, diagnostics } = compileSource({ name, text });
  if (program?.algorithm !== "em" || diagnostics.length > 0) {
    throw new Error(`${name}: ${diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n")}\n${text}`);
  }
  return program;
}

/** The emitted class of a text's one model, as a user loads it. */
export function trainerOf(text: string, name = "model.gen"): Promise<LoadedTrainerClass> {
  return loadTrainer({ source: { name, text }, program: programOf(text, name) });
}

/** A trainer of a text's one model, which learns by a bound and compiles without any diagnostic. */
export async function boundTrainer(
  text: string,
  options: { readonly engine?: Engine } = {},
): Promise<LoadedElboTrainer> {
  const source = { name: "model.gen", text };
  const { program, diagnostics } = compileSource(source);
  if (program?.algorithm !== "elbo" || diagnostics.length > 0) {
    throw new Error(`${diagnostics.map(({ code, message }) => `${code} ${message}`).join("\n")}\n${text}`);
  }
  const Model = await loadTrainer({ source, program }, options);
  return new Model({}) as LoadedElboTrainer;
}
