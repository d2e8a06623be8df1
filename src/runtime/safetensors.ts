import { ModelFileError } from "./errors.js";
import type { JsonObject, JsonValue } from "./strict-json.js";
import { isJsonObject, JsonSyntaxError, parseStrictJson } from "./strict-json.js";

/**
 * The safetensors format: 8 bytes length (little endian), a JSON header, then the tensors' bytes without gaps.
 * Only float64 tensors ("F64") are written and read.
 *
 * @source https://huggingface.co/docs/safetensors (format of the header; limits)
 */
export interface StoredTensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float64Array;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

const MAXIMUM_HEADER_BYTES = 100_000_000;
const MAXIMUM_RANK = 32;
const BYTES_PER_VALUE = 8;

/** Same tensors and metadata give the same bytes, whatever their order. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const names = Object.keys(tensors).sort();
  const sortedMetadata = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
  const header: [string, unknown][] = [["__metadata__", sortedMetadata]];
  let end = 0;
  for (const name of names) {
    const { shape, data } = tensors[name];
    const begin = end;
    end += data.length * BYTES_PER_VALUE;
    header.push([name, { dtype: "F64", shape, data_offsets: [begin, end] }]);
  }
  // Entries, not assignments: a tensor may be called `__proto__`.
  const unpadded = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Spaces align the data to 8 bytes, as the format allows.
  const headerLength = Math.ceil(unpadded.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + end).fill(0x20, 8 + unpadded.length, 8 + headerLength);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(headerLength), true);
  bytes.set(unpadded, 8);
  let position = 8 + headerLength;
  for (const name of names) {
    for (const value of tensors[name].data) {
      view.setFloat64(position, value, true);
      position += BYTES_PER_VALUE;
    }
  }
  return bytes;
}

/**
 * Reads a file that may be hostile: every length, offset and shape is checked against the bytes that are there before
 * anything is allocated. Throws `ModelFileError`, and nothing else.
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const header = readHeader(bytes);
  const dataStart = header.end;
  const dataLength = bytes.length - dataStart;
  const tensors = new Map<string, StoredTensor>();
  let metadata: ReadonlyMap<string, string> = new Map();
  const ranges: { begin: number; end: number; name: string }[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [name, entry] of header.entries) {
    if (name === "__metadata__") {
      metadata = readMetadata(entry);
      continue;
    }
    const { shape, begin, end } = readEntry(name, entry, dataLength);
    ranges.push({ begin, end, name });
    const data = new Float64Array((end - begin) / BYTES_PER_VALUE);
    for (let i = 0; i < data.length; i++) data[i] = view.getFloat64(dataStart + begin + i * BYTES_PER_VALUE, true);
    tensors.set(name, { shape, data });
  }
  checkCoverage(ranges, dataLength);
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array): { entries: JsonObject; end: number } {
  if (bytes.length < 8) {
    throw new ModelFileError("truncated", `The file has ${bytes.length} bytes; a safetensors file has at least 8.`);
  }
  const declared = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true);
  if (declared > BigInt(MAXIMUM_HEADER_BYTES)) {
    throw new ModelFileError(
      "header",
      `The header claims ${declared} bytes; at most ${MAXIMUM_HEADER_BYTES} are allowed. Is this a safetensors file?`,
    );
  }
  const length = Number(declared);
  if (8 + length > bytes.length) {
    throw new ModelFileError(
      "truncated",
      `The header claims ${length} bytes, but only ${bytes.length - 8} follow. The file is damaged or incomplete.`,
    );
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, 8 + length));
  } catch {
    throw new ModelFileError("header", "The header is not valid UTF-8.");
  }
  let parsed: JsonValue;
  try {
    parsed = parseStrictJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const reason = error.kind === "duplicate-key" ? "duplicate-key" : "header";
    throw new ModelFileError(reason, `The header is not valid JSON: ${error.message}.`);
  }
  if (!isJsonObject(parsed)) throw new ModelFileError("header", "The header is not a JSON object.");
  return { entries: parsed, end: 8 + length };
}

function readMetadata(entry: JsonValue): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  if (!isJsonObject(entry)) throw new ModelFileError("header", "`__metadata__` is not a JSON object.");
  for (const [key, value] of entry) {
    if (typeof value !== "string") throw new ModelFileError("header", `Metadata ${quoted(key)} is not a string.`);
    metadata.set(key, value);
  }
  return metadata;
}

function readEntry(
  name: string,
  entry: JsonValue,
  dataLength: number,
): { shape: number[]; begin: number; end: number } {
  const tensor = `Tensor ${quoted(name)}`;
  if (!isJsonObject(entry)) throw new ModelFileError("header", `${tensor} is not described by a JSON object.`);
  for (const key of entry.keys()) {
    if (key !== "dtype" && key !== "shape" && key !== "data_offsets") {
      throw new ModelFileError("header", `${tensor} has an unknown field ${quoted(key)}.`);
    }
  }
  const dtype = entry.get("dtype");
  if (dtype !== "F64") {
    const found = typeof dtype === "string" ? quoted(dtype) : "none";
    throw new ModelFileError("dtype", `${tensor}: expected dtype "F64", found ${found}.`);
  }
  const shape = integers(entry.get("shape"));
  if (shape === undefined || shape.length > MAXIMUM_RANK) {
    throw new ModelFileError(
      "shape",
      `${tensor}: the shape is not a list of at most ${MAXIMUM_RANK} non-negative integers.`,
    );
  }
  const offsets = integers(entry.get("data_offsets"));
  if (offsets === undefined || offsets.length !== 2) {
    throw new ModelFileError("offsets", `${tensor}: data_offsets are not two non-negative integers.`);
  }
  const [begin, end] = offsets;
  if (begin > end || end > dataLength) {
    throw new ModelFileError(
      "offsets",
      `${tensor}: bytes ${begin} to ${end} are not within the ${dataLength} bytes of data.`,
    );
  }
  // A product of non-negative safe integers: once above what the file can hold it can only be refused (or be zero).
  let count = shape.includes(0) ? 0 : 1;
  for (const extent of shape) if (count <= dataLength) count *= extent;
  if (count * BYTES_PER_VALUE !== end - begin) {
    throw new ModelFileError(
      "shape",
      `${tensor}: shape [${shape.join(", ")}] of float64 does not fill its ${end - begin} bytes.`,
    );
  }
  return { shape, begin, end };
}

function integers(value: JsonValue | undefined): number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const found: number[] = [];
  for (const item of value as readonly JsonValue[]) {
    if (typeof item !== "number" || !Number.isSafeInteger(item) || item < 0 || Object.is(item, -0)) return undefined;
    found.push(item);
  }
  return found;
}

function checkCoverage(ranges: { begin: number; end: number; name: string }[], dataLength: number): void {
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { begin, end, name } of ranges) {
    if (begin < covered) {
      throw new ModelFileError(
        "offsets",
        `Tensor ${quoted(name)} overlaps another: it begins at ${begin}, before ${covered}.`,
      );
    }
    if (begin > covered) throw new ModelFileError("offsets", `Bytes ${covered} to ${begin} belong to no tensor.`);
    covered = end;
  }
  if (covered !== dataLength) {
    throw new ModelFileError("offsets", `Bytes ${covered} to ${dataLength} belong to no tensor.`);
  }
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
