import type { Severity } from "./diagnostic.js";

/** Where in the user's data: rows count from 1 without the header, lines from 1 with it. */
export interface DataPlace {
  readonly file: string;
  readonly row?: number;
  readonly line?: number;
  readonly column?: string;
}

/** One thing to tell the owner of a data file (or of saved parameters): what, where, and a way out. */
export interface DataDiagnostic extends DataPlace {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly hint?: string;
}

/** An entry of the data catalogue: wording as functions of typed parameters. */
export interface DataDiagnosticDefinition<P> {
  readonly code: `GEN4${number}`;
  readonly severity: Severity;
  readonly title: string;
  readonly message: (parameters: P) => string;
  readonly hint?: (parameters: P) => string | undefined;
}

export interface DataDiagnosticFactory<P> {
  (place: DataPlace, parameters: P): DataDiagnostic;
  readonly definition: DataDiagnosticDefinition<P>;
}

/** What reads or binds data returns: the value, or everything that stands in the way. */
export type DataOutcome<T> =
  | { readonly kind: "ready"; readonly value: T }
  | { readonly kind: "refused"; readonly diagnostics: readonly DataDiagnostic[] };

export function refused(...diagnostics: readonly DataDiagnostic[]): DataOutcome<never> {
  return { kind: "refused", diagnostics };
}

/** Makes a catalogue entry; a missing wording parameter does not compile. */
export function defineDataDiagnostic<P>(definition: DataDiagnosticDefinition<P>): DataDiagnosticFactory<P> {
  const make = (place: DataPlace, parameters: P): DataDiagnostic => {
    const hint = definition.hint?.(parameters);
    return {
      code: definition.code,
      severity: definition.severity,
      message: definition.message(parameters),
      ...place,
      ...(hint === undefined ? {} : { hint }),
    };
  };
  return Object.assign(make, { definition });
}
