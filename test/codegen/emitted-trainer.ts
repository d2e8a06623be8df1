import { buildEmModule } from "../../src/codegen/typescript/build-em-module.js";
import type { Engine } from "../../src/codegen/typescript/loop-functions.js";
import { printFunctionBody } from "../../src/codegen/typescript/print-javascript.js";
import type { EmProgram } from "../../src/ir/program.js";
import * as runtime from "../../src/runtime/index.js";
import type { EmTrainer } from "../../src/runtime/index.js";

export type Trainer = EmTrainer<
  Readonly<Record<string, number>>,
  Readonly<Record<string, runtime.NamedTensor>>,
  unknown
>;

export const identity = { fileName: "model.gen", text: "", hash: "0123456789abcdef", compilerVersion: "0.0.0" };

/** An emitted trainer, run from its JavaScript. */
export function emittedTrainer(
  program: EmProgram,
  sizes: Readonly<Record<string, number>>,
  engine: Engine = "kernel",
  text = "",
): Trainer {
  const body = printFunctionBody(buildEmModule(program, { ...identity, text }, engine));
  const exported = new Function("runtime", body)(runtime) as Record<string, new (sizes: object) => Trainer>;
  return new exported[program.model.name](sizes);
}
