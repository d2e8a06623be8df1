import type { Span } from "./span.js";

export type Severity = "error" | "warning";

/** Another place that explains the problem, for example where a name was declared. */
export interface RelatedPlace {
  readonly span: Span;
  readonly message: string;
}

/** An edit that, once applied, removes the problem. */
export interface Fix {
  readonly span: Span;
  readonly replacement: string;
}

/** One thing to tell the author of a program: what, where, why, and a way out. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, in the user's words; one sentence. */
  readonly message: string;
  readonly span: Span;
  /** What is written beside the underlined place. */
  readonly label?: string;
  readonly related: readonly RelatedPlace[];
  /** The way out; only where it is right. */
  readonly hint?: string;
  readonly fix?: Fix;
}

/** An entry of the catalogue: wording as functions of typed parameters. */
export interface DiagnosticDefinition<P> {
  readonly code: `GEN${number}`;
  readonly severity: Severity;
  /** A few words that name the problem, for lists and for the documentation page. */
  readonly title: string;
  readonly message: (parameters: P) => string;
  readonly label?: (parameters: P) => string | undefined;
  readonly hint?: (parameters: P) => string | undefined;
}

/** What a use of a definition may add to the wording. */
export interface DiagnosticDetails {
  readonly related?: readonly RelatedPlace[];
  readonly fix?: Fix;
  /** Overrides the definition's severity, for a refusal that nobody asked to be carried out. */
  readonly severity?: Severity;
}

/** A callable catalogue entry: `unknownName(span, { name: "centre" })` makes the diagnostic. */
export interface DiagnosticFactory<P> {
  (span: Span, parameters: P, details?: DiagnosticDetails): Diagnostic;
  readonly definition: DiagnosticDefinition<P>;
}

/** Makes a catalogue entry; a missing wording parameter does not compile. */
export function defineDiagnostic<P>(definition: DiagnosticDefinition<P>): DiagnosticFactory<P> {
  const make = (span: Span, parameters: P, details: DiagnosticDetails = {}): Diagnostic => {
    const label = definition.label?.(parameters);
    const hint = definition.hint?.(parameters);
    return {
      code: definition.code,
      severity: details.severity ?? definition.severity,
      message: definition.message(parameters),
      span,
      related: details.related ?? [],
      ...(label === undefined ? {} : { label }),
      ...(hint === undefined ? {} : { hint }),
      ...(details.fix === undefined ? {} : { fix: details.fix }),
    };
  };
  return Object.assign(make, { definition });
}
