import type { DataDiagnostic } from "../diagnostics/data-diagnostic.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { SourceText } from "../diagnostics/span.js";

/** Why a command cannot go on: thrown anywhere below a command, turned into a message and a status in `main`. */
export class CommandFailure extends Error {
  override readonly name: string = "CommandFailure";
  constructor(readonly failure: Failure) {
    super(failure.kind === "usage" || failure.kind === "unavailable" ? failure.message : failure.kind);
  }
}

export type Failure =
  /** The command line is wrong; `option` is what of it. */
  | { readonly kind: "usage"; readonly message: string; readonly hint?: string }
  | { readonly kind: "program"; readonly diagnostics: readonly Diagnostic[]; readonly source: SourceText }
  | { readonly kind: "data"; readonly diagnostics: readonly DataDiagnostic[] }
  | { readonly kind: "unavailable"; readonly message: string; readonly hint?: string }
  /** The model and the data do not go together; `message` says how, and what to try. */
  | { readonly kind: "fit"; readonly message: string }
  | { readonly kind: "interrupted"; readonly message: string };

export function usageFailure(message: string, hint?: string): CommandFailure {
  return new CommandFailure({ kind: "usage", message, ...(hint === undefined ? {} : { hint }) });
}

export function unavailableFailure(message: string, hint?: string): CommandFailure {
  return new CommandFailure({ kind: "unavailable", message, ...(hint === undefined ? {} : { hint }) });
}

export function dataFailure(...diagnostics: readonly DataDiagnostic[]): CommandFailure {
  return new CommandFailure({ kind: "data", diagnostics });
}
