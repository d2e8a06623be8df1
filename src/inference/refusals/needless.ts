import { needlessApproximation } from "../../diagnostics/catalogue/inference.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Model } from "../../ir/model.js";
import { askedApproximation } from "../classify.js";
import type { Verdict } from "../verdict.js";

/** An approximation where exact inference is derived. */
export function warnOfNeedlessApproximation(model: Model, verdict: Verdict): readonly Diagnostic[] {
  const asked = askedApproximation(model);
  if (asked === undefined || verdict.kind !== "exact") return [];
  const option = asked.kind === "vb" ? "vb" : asked.order === undefined ? "collapse" : `collapse(${asked.order})`;
  return [needlessApproximation(asked.span, { option, hasLatents: verdict.latents !== "none" })];
}
