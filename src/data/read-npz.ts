import { inflateRawSync } from "node:zlib";
import type { DataOutcome } from "../diagnostics/data-diagnostic.js";
import { refused } from "../diagnostics/data-diagnostic.js";
import { invalidArrayFile } from "../diagnostics/catalogue/data.js";
import { readNpy } from "./read-npy.js";
import type { Column, Table } from "./table.js";

/**
 * Reads the arrays of a NumPy archive, which is a ZIP file; all must have the same number of rows.
 *
 * @source PKWARE APPNOTE 6.3: end of central directory (4.3.16), central directory header (4.3.12)
 */
export function readNpz(file: string, bytes: Uint8Array): DataOutcome<Table> {
  const bad = (reason: string): DataOutcome<never> => refused(invalidArrayFile({ file }, { reason }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) return bad("it is not a ZIP archive");

  const columns: Column[] = [];
  let rows: number | undefined;
  let at = view.getUint32(end + 16, true);
  for (let entry = 0; entry < view.getUint16(end + 10, true); entry++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) return bad("its directory is broken");
    const method = view.getUint16(at + 10, true);
    const packed = view.getUint32(at + 20, true);
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength)).replace(/\.npy$/, "");
    const local = view.getUint32(at + 42, true);
    if (packed === 0xffffffff || local === 0xffffffff) return bad("it is larger than 4 GB");
    if (method !== 0 && method !== 8) return bad(`\`${name}\` is compressed by method ${method}`);
    const content = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const raw = bytes.subarray(content, content + packed);
    const array = readNpy(file, method === 0 ? raw : inflateRawSync(raw), name);
    if (array.kind === "refused") return array;
    rows ??= array.value.rows;
    if (array.value.rows !== rows) return bad(`\`${name}\` has ${array.value.rows} rows, another array has ${rows}`);
    columns.push(...array.value.columns);
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return { kind: "ready", value: { columns, rows: rows ?? 0, sources: [{ file, firstRow: 0, rows: rows ?? 0 }] } };
}
