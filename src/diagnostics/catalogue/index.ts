import type { DiagnosticDefinition } from "../diagnostic.js";
import * as data from "./data.js";
import * as inference from "./inference.js";
import * as parser from "./parser.js";
import * as semantics from "./semantics.js";

/** A definition whatever the parameters of its wording. */
export type AnyDiagnosticDefinition = DiagnosticDefinition<never>;

/** The rooms of the catalogue; a new one is a line here. */
const rooms: readonly Readonly<Record<string, unknown>>[] = [parser, semantics, inference, data];

/** Every diagnostic there is, by code. */
export const catalogue: readonly AnyDiagnosticDefinition[] = rooms
  .flatMap((room) => Object.values(room))
  .flatMap((entry) => (isFactory(entry) ? [entry.definition] : []))
  .sort((a, b) => (a.code < b.code ? -1 : 1));

function isFactory(entry: unknown): entry is { readonly definition: AnyDiagnosticDefinition } {
  return typeof entry === "function" && "definition" in entry;
}
