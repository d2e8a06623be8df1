import { printProgramKernels } from "../compile/index.js";
import { printModel } from "../ir/print-model.js";
import { printProgram } from "../ir/print-plan.js";
import type { SourceText } from "../diagnostics/span.js";
import { parse } from "../parser/parse.js";
import { CommandFailure } from "./failure.js";
import { compileModel, compileOrUsageFailure, type CompileOptions } from "./load-model.js";
import type { Terminal } from "./terminal.js";

/** The print of one phase, for `genc compile --dump`. */
export async function dump(
  terminal: Terminal,
  source: SourceText,
  phase: "ast" | "model" | "plan" | "kernels",
  options: CompileOptions,
): Promise<string> {
  switch (phase) {
    case "ast": {
      const { program, diagnostics } = parse(source);
      if (diagnostics.length > 0) throw new CommandFailure({ kind: "program", diagnostics, source });
      return `${JSON.stringify(program, null, 2)}\n`;
    }
    case "model": {
      const { model, diagnostics } = compileOrUsageFailure(source, options.model);
      if (model === undefined) throw new CommandFailure({ kind: "program", diagnostics, source });
      return printModel(model);
    }
    case "plan":
      return printProgram((await compileModel(terminal, source, options)).program);
    case "kernels":
      return printProgramKernels(await compileModel(terminal, source, options));
  }
}
