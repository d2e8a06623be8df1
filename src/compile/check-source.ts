import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { sortedDiagnostics } from "../diagnostics/sorted.js";
import type { SourceText } from "../diagnostics/span.js";
import { classify } from "../inference/classify.js";
import { refusals } from "../inference/refusals.js";
import type { Verdict } from "../inference/verdict.js";
import type { Model } from "../ir/model.js";
import { parse } from "../parser/parse.js";
import { check } from "../semantics/check.js";

/** What the phases found out about a source text. */
export interface Checked {
  readonly source: SourceText;
  readonly models: readonly { readonly model: Model; readonly verdict: Verdict }[];
  /** Of all phases, sorted by place; refusals are warnings where the program did not ask for what is refused. */
  readonly diagnostics: readonly Diagnostic[];
}

/** parse → check → classify: everything that can be said without deriving. */
export function checkSource(source: SourceText): Checked {
  const parsed = parse(source);
  const hasSyntaxErrors = parsed.diagnostics.some((diagnostic) => diagnostic.severity === "error");
  const checked = hasSyntaxErrors ? { models: [], diagnostics: [] } : check(parsed.program);
  const models = checked.models.map((model) => ({ model, verdict: classify(model) }));
  return {
    source,
    models,
    diagnostics: sortedDiagnostics([
      ...parsed.diagnostics,
      ...checked.diagnostics,
      ...models.flatMap(({ model, verdict }) => refusals(model, verdict)),
    ]),
  };
}
