import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { didYouMean } from "../../diagnostics/did-you-mean.js";
import { explain as explainProgram, explainVerdict } from "../../inference/explain/explain.js";
import type { ExplanationFormat } from "../../inference/explain/document.js";
import { chooseEngine } from "../../compile/choose-engine.js";
import { exitCode, type ExitCode } from "../exit-code.js";
import { CommandFailure, usageFailure } from "../failure.js";
import { compileOrUsageFailure } from "../load-model.js";
import { loadSource } from "../load-source.js";
import { packageFolder } from "../package-folder.js";
import type { Terminal } from "../terminal.js";

/** `genc explain`: the derivation of a model, or the page of a diagnostic. */
export async function explain(
  terminal: Terminal,
  subject: string,
  options: { readonly model?: string; readonly format: ExplanationFormat },
): Promise<ExitCode> {
  if (/^gen\d+$/i.test(subject) && !existsSync(subject)) {
    terminal.out(diagnosticPage(subject.toUpperCase()));
    return exitCode.fine;
  }
  const source = loadSource(subject);
  const { diagnostics, model, verdict, program } = compileOrUsageFailure(source, options.model);
  if (program !== undefined) {
    terminal.out(explainProgram(program, source, options.format, chooseEngine("auto", program).reason));
    return exitCode.fine;
  }
  if (model === undefined || verdict === undefined) throw new CommandFailure({ kind: "program", diagnostics, source });
  // A refusal has a derivation too: how far it came, and what stands in the way.
  terminal.out(explainVerdict(model, verdict, diagnostics, source, options.format));
  return exitCode.diagnostics;
}

function diagnosticPage(code: string): string {
  const folder = join(packageFolder, "docs", "diagnostics");
  const file = join(folder, `${code}.md`);
  if (existsSync(file)) return readFileSync(file, "utf8");
  const known = existsSync(folder) ? readdirSync(folder).map((name) => name.replace(/\.md$/, "")) : [];
  const suggestion = didYouMean(code, known);
  throw usageFailure(
    `There is no diagnostic ${code}.`,
    suggestion === undefined ? undefined : `Did you mean ${suggestion}?`,
  );
}
