import type { ColumnMetaData, Compressors, SchemaTree } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { decompressPage } from "hyparquet/src/datapage.js";

/** Encodings that `readNumbers` knows. */
const ENCODINGS: ReadonlySet<string> = new Set(["PLAIN", "RLE", "RLE_DICTIONARY", "PLAIN_DICTIONARY", "BIT_PACKED"]);

/** A column of plain numbers, all of which may be missing: what hyparquet would take apart value by value. */
export function isPlainNumbers({ element, children }: SchemaTree, { type, encodings }: ColumnMetaData): boolean {
  if (children.length > 0 || element.repetition_type === "REPEATED") return false;
  const { converted_type: converted, logical_type: logical } = element;
  const isNumber = type === "DOUBLE" || type === "FLOAT" || type === "INT32" || type === "INT64";
  const isAsStored =
    (converted === undefined || converted.startsWith("INT_")) &&
    (logical === undefined || (logical.type === "INTEGER" && logical.isSigned));
  return isNumber && isAsStored && encodings.every((encoding) => ENCODINGS.has(encoding));
}

/**
 * The numbers of a column chunk, NaN where missing.
 *
 * @param bytes the whole chunk, its dictionary first where it has one
 * @source Apache Parquet format, data pages and encodings (PLAIN = 0, RLE/bit-packing hybrid = 3, RLE_DICTIONARY = 8)
 */
export function readNumbers(
  bytes: Uint8Array,
  { type, codec }: ColumnMetaData,
  rows: number,
  isOptional: boolean,
  compressors: Compressors,
): Float64Array {
  const values = new Float64Array(rows);
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  let dictionary = new Float64Array(0);
  let at = 0;
  while (at < rows && reader.offset < bytes.byteLength) {
    const header = parquetHeader(reader);
    const packed = bytes.subarray(reader.offset, reader.offset + header.compressed_page_size);
    if (packed.length < header.compressed_page_size) throw new Error("it ends within a page");
    reader.offset += packed.length;
    const { data_page_header: first, data_page_header_v2: second } = header;
    if (header.type === "DICTIONARY_PAGE") {
      const page = decompressPage(packed, header.uncompressed_page_size, codec, compressors);
      dictionary = new Float64Array(header.dictionary_page_header?.num_values ?? 0);
      readPlain(page, 0, type, dictionary, 0, dictionary.length);
      continue;
    }
    let page: Uint8Array;
    let levels: Uint8Array | undefined;
    let begin = 0;
    const count = first?.num_values ?? second?.num_values;
    const encoding = first?.encoding ?? second?.encoding;
    if (count === undefined || at + count > rows) throw new Error("a page has more values than there are rows");
    if (second !== undefined) {
      const before = second.repetition_levels_byte_length + second.definition_levels_byte_length;
      if (isOptional) levels = readLevels(packed, second.repetition_levels_byte_length, before, count);
      const size = header.uncompressed_page_size - before;
      const body = packed.subarray(before);
      page = second.is_compressed === false ? body : decompressPage(body, size, codec, compressors);
    } else {
      page = decompressPage(packed, header.uncompressed_page_size, codec, compressors);
      if (isOptional) {
        const length = new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(0, true);
        begin = 4 + length;
        levels = readLevels(page, 4, begin, count);
      }
    }
    const present = levels === undefined ? count : levels.reduce((total, level) => total + level, 0);
    // What is there comes first, and is then moved to its rows, the last first.
    if (encoding === "PLAIN") readPlain(page, begin, type, values, at, present);
    else readIndices(page, begin + 1, page[begin], present, (i, index) => (values[at + i] = dictionary[index]));
    if (levels !== undefined && present < count) spread(values, at, levels, present);
    at += count;
  }
  if (at < rows) throw new Error(`a column has ${at} values for ${rows} rows`);
  return values;
}

/** 1 where a value is there; undefined where all are. */
function readLevels(bytes: Uint8Array, from: number, to: number, count: number): Uint8Array | undefined {
  const levels = new Uint8Array(count);
  let missing = 0;
  readIndices(bytes.subarray(0, to), from, 1, count, (i, level) => {
    levels[i] = level;
    if (level === 0) missing++;
  });
  return missing === 0 ? undefined : levels;
}

function spread(values: Float64Array, at: number, levels: Uint8Array, present: number): void {
  let from = present;
  for (let i = levels.length - 1; i >= 0; i--) values[at + i] = levels[i] === 1 ? values[at + --from] : NaN;
}

function readPlain(
  page: Uint8Array,
  from: number,
  type: ColumnMetaData["type"],
  into: Float64Array,
  at: number,
  count: number,
): void {
  const width = type === "DOUBLE" || type === "INT64" ? 8 : 4;
  if (from + width * count > page.length) throw new Error("it ends within a page");
  // Typed arrays begin at multiples of their element.
  const { buffer } = page.slice(from, from + width * count);
  if (type === "DOUBLE") into.set(new Float64Array(buffer), at);
  else if (type === "FLOAT") into.set(new Float32Array(buffer), at);
  else if (type === "INT32") into.set(new Int32Array(buffer), at);
  else new BigInt64Array(buffer).forEach((value, i) => (into[at + i] = Number(value)));
}

/** Runs of equal numbers, and numbers of so many bits side by side. */
function readIndices(
  bytes: Uint8Array,
  from: number,
  bitWidth: number,
  count: number,
  put: (i: number, index: number) => void,
): void {
  let at = from;
  let done = 0;
  const mask = 2 ** bitWidth - 1;
  // More would not fit into one word at every position.
  if (bitWidth > 24) throw new Error("a dictionary has too many entries");
  while (done < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= bytes.length) throw new Error("it ends within a page");
      const byte = bytes[at++];
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if ((header & 1) === 0) {
      const run = Math.min(header >>> 1, count - done);
      let value = 0;
      for (let i = 0; 8 * i < bitWidth; i++) value |= bytes[at++] << (8 * i);
      for (let i = 0; i < run; i++) put(done++, value);
      continue;
    }
    const groups = header >>> 1;
    const run = Math.min(8 * groups, count - done);
    for (let i = 0, bit = 8 * at; i < run; i++, bit += bitWidth) {
      const byte = bit >>> 3;
      const word = bytes[byte] | (bytes[byte + 1] << 8) | (bytes[byte + 2] << 16) | (bytes[byte + 3] << 24);
      put(done++, (word >>> (bit & 7)) & mask);
    }
    at += groups * bitWidth;
  }
}
