import type { Severity } from "../../diagnostics/diagnostic.js";
import type { Model } from "../../ir/model.js";

/** Of a refusal that an opt-in resolves: an error only where the program asks for the method that is impossible. */
export function severityWithoutOptIn(model: Model): Severity {
  return model.learn === undefined ? "warning" : "error";
}
