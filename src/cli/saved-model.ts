import type { ColumnMapping, Label } from "../data/bindable.js";
import type { SourceText } from "../diagnostics/span.js";
import { notASavedModel } from "../diagnostics/catalogue/data.js";
import { decodeSafetensors, encodeSafetensors } from "../runtime/safetensors.js";
import { dataFailure } from "./failure.js";

/** What the command line adds to a trainer's file, so that queries work from the file alone. */
export interface SavedModel {
  readonly source: SourceText;
  /** Name of the model within the source. */
  readonly model: string;
  readonly mapping: ColumnMapping;
  /** How it was fitted: the document of `genc train --json` without the parameters. Absent in older files. */
  readonly fit?: Readonly<Record<string, unknown>>;
}

const metadataKey = "genc.command-line";

/** A trainer's saved bytes with the program and the columns in their metadata. */
export function attachProgram(bytes: Uint8Array, saved: SavedModel): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(bytes);
  return encodeSafetensors(Object.fromEntries(tensors), {
    ...Object.fromEntries(metadata),
    [metadataKey]: JSON.stringify(saved),
  });
}

/** What was attached to a saved model. Throws `ModelFileError` for a damaged file. */
export function readSavedModel(file: string, bytes: Uint8Array): SavedModel {
  const attached = decodeSafetensors(bytes).metadata.get(metadataKey);
  if (attached === undefined) {
    throw dataFailure(notASavedModel({ file }, { reason: "it holds parameters but no program" }));
  }
  const saved = parseSaved(attached);
  if (saved === undefined) throw dataFailure(notASavedModel({ file }, { reason: "the program in it is damaged" }));
  return saved;
}

function parseSaved(text: string): SavedModel | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(document) || !isRecord(document["source"]) || !isRecord(document["mapping"])) return undefined;
  const { name, text: program } = document["source"];
  const { model } = document;
  const columns = recordOf(document["mapping"]["columns"], listOf(isString));
  const labels = recordOf(document["mapping"]["labels"], listOf(isLabel));
  const levels = recordOf(document["mapping"]["levels"], isNumber);
  if (!isString(name) || !isString(program) || !isString(model)) return undefined;
  if (columns === undefined || labels === undefined || levels === undefined) return undefined;
  const { fit } = document;
  return {
    source: { name, text: program },
    model,
    mapping: { columns, labels, levels },
    ...(isRecord(fit) ? { fit } : {}),
  };
}

type Guard<T> = (value: unknown) => value is T;

const isString: Guard<string> = (value) => typeof value === "string";
const isNumber: Guard<number> = (value) => typeof value === "number";
const isLabel: Guard<Label> = (value): value is Label => isString(value) || isNumber(value);
const listOf =
  <T>(guard: Guard<T>): Guard<readonly T[]> =>
  (value): value is readonly T[] =>
    Array.isArray(value) && value.every(guard);

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function recordOf<T>(value: unknown, guard: Guard<T>): Readonly<Record<string, T>> | undefined {
  if (!isRecord(value)) return undefined;
  const entries: [string, T][] = [];
  for (const [key, entry] of Object.entries(value)) {
    if (!guard(entry)) return undefined;
    entries.push([key, entry]);
  }
  return Object.fromEntries(entries);
}
