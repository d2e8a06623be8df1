import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Model } from "../ir/model.js";
import { refuseAdversarial, refuseMissingDensity } from "./refusals/adversarial.js";
import { refuseBound } from "./refusals/bound.js";
import { refuseDegenerate } from "./refusals/degenerate.js";
import { refuseGuide } from "./refusals/guide.js";
import { refuseMissingConditions } from "./refusals/missing-values.js";
import { warnOfNeedlessApproximation } from "./refusals/needless.js";
import { refuseTables } from "./refusals/tables.js";
import type { Verdict } from "./verdict.js";

/**
 * What stands in the way of learning this model, with what to write instead.
 *
 * An error where the program asks for a method that cannot be derived, or where no method can learn it; a warning where
 * no `learn` is written and the program merely has to ask for an approximation or a bound.
 */
export function refusals(model: Model, verdict: Verdict): readonly Diagnostic[] {
  return [
    ...refuseMissingDensity(model, verdict),
    ...refuseAdversarial(model, verdict),
    ...refuseBound(model, verdict),
    ...refuseGuide(model, verdict),
    ...refuseTables(model, verdict),
    ...warnOfNeedlessApproximation(model, verdict),
    ...refuseMissingConditions(model),
    ...refuseDegenerate(model, verdict),
  ];
}

/** Codes of refusals that one line in the program resolves: `learn em { approx: … }`, a guide, a smaller size. */
const optIn: ReadonlySet<string> = new Set(["GEN3201", "GEN3202", "GEN3203", "GEN3204", "GEN3220", "GEN3231"]);

/** The same diagnostics for a command that needs a trainer: what merely wanted an opt-in is now an error. */
export function requireDerivable(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.map((diagnostic) =>
    optIn.has(diagnostic.code) ? { ...diagnostic, severity: "error" } : diagnostic,
  );
}
