import { duplicateName } from "../diagnostics/catalogue/semantics.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Model } from "../ir/model.js";
import type { Program } from "../parser/ast.js";
import { checkModel } from "./check-model.js";

/** The models of a program that are free of errors, and everything there is to say about all of them. */
export function check(program: Program): {
  readonly models: readonly Model[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const models: Model[] = [];
  const diagnostics: Diagnostic[] = [];
  const names = new Map<string, Program["models"][number]>();
  for (const declaration of program.models) {
    const { name } = declaration;
    const first = names.get(name.text);
    if (first === undefined) names.set(name.text, declaration);
    else {
      const related = [{ span: first.name.span, message: "declared here" }];
      diagnostics.push(duplicateName(name.span, { name: name.text, inner: false }, { related }));
    }
    const checked = checkModel(declaration);
    diagnostics.push(...checked.diagnostics);
    if (checked.model !== undefined && first === undefined) models.push(checked.model);
  }
  return { models, diagnostics: diagnostics.sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end) };
}
