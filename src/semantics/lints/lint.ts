import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Span } from "../../diagnostics/span.js";
import type { Expression, Factor, Model } from "../../ir/model.js";
import type { LetDefinition } from "../symbols.js";

/** A check of a model that is right by the letter: what its author may not have meant. */
export type Lint = (subject: LintSubject) => readonly Diagnostic[];

export interface LintSubject {
  readonly model: Model;
  /** Where the model's name stands. */
  readonly name: Span;
  readonly lets: readonly LetDefinition[];
  /** Arguments of distributions that were written without a name, in whose front one can be put. */
  readonly positionalArguments: ReadonlySet<Expression>;
}

/** The expressions of a factor. */
export function valuesOf(factor: Factor): readonly Expression[] {
  return factor.kind === "implicit" ? [factor.value] : Object.values(factor.arguments);
}

/** Every expression by which the model, its guide and its critic are computed; priors aside. */
export function usedExpressions(model: Model): readonly Expression[] {
  return [
    ...model.factors.flatMap(valuesOf),
    ...(model.guide?.sites ?? []).flatMap(valuesOf),
    ...(model.critic?.arguments ?? []),
  ];
}
