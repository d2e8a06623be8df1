import type { ModelDescription, Sizes, Tensors } from "./description.js";
import type { LabelDictionary } from "./data/labels.js";
import { ModelFileError, OptionError } from "./errors.js";
import { boundShape } from "./extents.js";
import { domainViolation } from "./parameter-space.js";
import { parametersAsWritten } from "./parameter-values.js";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.js";
import type { JsonValue } from "./strict-json.js";
import { isJsonObject, parseStrictJson } from "./strict-json.js";
import { checkSizes } from "./sizes.js";

/** Version of what the metadata holds; files of a later one are refused. */
export const DESCRIPTION_VERSION = 1;

/** Which columns of a table feed each variable, as the command line was told. */
export type ColumnMapping = Readonly<Record<string, readonly string[]>>;

/** All that a saved model holds besides its code. */
export interface SavedModel {
  readonly sizes: Sizes;
  readonly parameters: Tensors;
  readonly labels: Readonly<Record<string, LabelDictionary>>;
  readonly columns: ColumnMapping;
}

/** A safetensors file: one float64 tensor per parameter, everything else in the metadata. */
export function encodeModel(description: ModelDescription, model: SavedModel): Uint8Array {
  const tensors = Object.fromEntries(
    description.parameters.map(({ name, shape }) => [
      name,
      { shape: boundShape(shape, model.sizes), data: model.parameters[name] },
    ]),
  );
  return encodeSafetensors(tensors, {
    format: "genc",
    descriptionVersion: String(DESCRIPTION_VERSION),
    model: description.name,
    source: description.source,
    sourceHash: description.sourceHash,
    compilerVersion: description.compilerVersion,
    sizes: JSON.stringify(model.sizes),
    labels: JSON.stringify(model.labels),
    columns: JSON.stringify(model.columns),
  });
}

/** What a saved file says of itself, before anything is known of its model; for finding the trainer that it needs. */
export function describeModelFile(bytes: Uint8Array): {
  readonly model: string;
  readonly source: string;
  readonly sourceHash: string;
} {
  const { metadata } = decodeSafetensors(bytes);
  checkFormat(metadata);
  return {
    model: metadata.get("model") ?? "",
    source: metadata.get("source") ?? "",
    sourceHash: metadata.get("sourceHash") ?? "",
  };
}

/**
 * Reads a file that may be damaged or hostile. Throws `ModelFileError` with the reason.
 *
 * A file of an earlier text of the same model is read if its parameters still have the same shapes.
 */
export function decodeModel(description: ModelDescription, bytes: Uint8Array): SavedModel {
  const { tensors, metadata } = decodeSafetensors(bytes);
  checkFormat(metadata);
  if (metadata.get("model") !== description.name) {
    throw new ModelFileError(
      "model",
      `The file holds a model ${JSON.stringify(metadata.get("model") ?? "")}, not ${description.name}.`,
    );
  }
  const sizes = readSizes(description, metadata);
  const parameters: Record<string, Float64Array> = {};
  const asWritten = parametersAsWritten(description, sizes);
  for (const parameter of description.parameters) {
    const tensor = tensors.get(parameter.name);
    const known = asWritten[parameter.name];
    // A file of an earlier version has the weights of the network as it is written.
    if (tensor === undefined && known !== undefined) {
      parameters[parameter.name] = known;
      continue;
    }
    if (tensor === undefined) throw new ModelFileError("parameters", `The parameter \`${parameter.name}\` is missing.`);
    const shape = boundShape(parameter.shape, sizes);
    if (shape.length !== tensor.shape.length || shape.some((extent, i) => extent !== tensor.shape[i])) {
      throw new ModelFileError(
        "sizes",
        `Parameter \`${parameter.name}\` has shape [${tensor.shape.join(", ")}]; by the sizes it should be [${shape.join(", ")}].`,
      );
    }
    const violation = domainViolation(parameter, sizes, tensor.data);
    if (violation !== undefined)
      throw new ModelFileError("parameters", `Parameter \`${parameter.name}\` ${violation}.`);
    parameters[parameter.name] = tensor.data;
  }
  for (const name of tensors.keys()) {
    if (!Object.hasOwn(parameters, name)) {
      throw new ModelFileError("parameters", `${description.name} has no parameter ${JSON.stringify(name)}.`);
    }
  }
  return { sizes, parameters, labels: readLabels(description, metadata), columns: readColumns(metadata) };
}

function checkFormat(metadata: ReadonlyMap<string, string>): void {
  if (metadata.get("format") !== "genc") {
    throw new ModelFileError("not-a-genc-file", "A safetensors file, but not one that genc has written.");
  }
  const version = metadata.get("descriptionVersion");
  if (version !== String(DESCRIPTION_VERSION)) {
    throw new ModelFileError(
      "version",
      `The file has version ${version ?? "none"}; this program reads version ${DESCRIPTION_VERSION}.`,
    );
  }
}

function readSizes(description: ModelDescription, metadata: ReadonlyMap<string, string>): Sizes {
  const stored = readMetadata(metadata, "sizes", "sizes");
  let sizes: Record<string, number>;
  try {
    sizes = checkSizes(description, Object.fromEntries(stored));
  } catch (error) {
    if (error instanceof OptionError) throw new ModelFileError("sizes", error.message);
    throw error;
  }
  const absent = description.sizes.find(({ name }) => !Object.hasOwn(sizes, name));
  if (absent !== undefined) throw new ModelFileError("sizes", `The size ${absent.name} is missing.`);
  return sizes;
}

function readLabels(
  description: ModelDescription,
  metadata: ReadonlyMap<string, string>,
): Readonly<Record<string, LabelDictionary>> {
  const labels: Record<string, LabelDictionary> = {};
  const categories = description.variables.filter(({ domain }) => domain === "category");
  for (const [variable, stored] of readMetadata(metadata, "labels", "labels")) {
    if (!categories.some(({ name }) => name === variable)) {
      throw new ModelFileError("labels", `${description.name} has no category ${JSON.stringify(variable)}.`);
    }
    const list = listOf(stored, isLabel);
    if (list === undefined || new Set(list).size !== list.length) {
      throw new ModelFileError("labels", `The labels of \`${variable}\` are not distinct strings or numbers.`);
    }
    labels[variable] = list;
  }
  return labels;
}

function readColumns(metadata: ReadonlyMap<string, string>): ColumnMapping {
  const columns: [string, readonly string[]][] = [];
  for (const [variable, stored] of readMetadata(metadata, "columns", "header")) {
    const list = listOf(stored, isText);
    if (list === undefined)
      throw new ModelFileError("header", `The columns of ${JSON.stringify(variable)} are not strings.`);
    columns.push([variable, list]);
  }
  return Object.fromEntries(columns);
}

/** A list whose items are all accepted; undefined for anything else. */
function listOf<T extends JsonValue>(value: JsonValue, isItem: (item: JsonValue) => item is T): T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items: readonly JsonValue[] = value;
  const found = items.filter(isItem);
  return found.length === items.length ? found : undefined;
}

function isText(item: JsonValue): item is string {
  return typeof item === "string";
}

function isLabel(item: JsonValue): item is string | number {
  return typeof item === "string" || typeof item === "number";
}

function readMetadata(
  metadata: ReadonlyMap<string, string>,
  key: string,
  reason: "sizes" | "labels" | "header",
): ReadonlyMap<string, JsonValue> {
  const text = metadata.get(key);
  if (text === undefined) throw new ModelFileError(reason, `The metadata has no \`${key}\`.`);
  let value: JsonValue;
  try {
    value = parseStrictJson(text);
  } catch {
    throw new ModelFileError(reason, `The metadata \`${key}\` is not valid JSON.`);
  }
  if (!isJsonObject(value)) throw new ModelFileError(reason, `The metadata \`${key}\` is not an object.`);
  return value;
}
