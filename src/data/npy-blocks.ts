import { open } from "node:fs/promises";
import type { DataOutcome } from "../diagnostics/data-diagnostic.js";
import { refused } from "../diagnostics/data-diagnostic.js";
import { invalidArrayFile } from "../diagnostics/catalogue/data.js";
import { npyLayout, readNpyRows } from "./read-npy.js";
import type { Table } from "./table.js";

/** The longest header that is looked for. */
const HEADER_BYTES = 1 << 16;

/** Reads a NumPy array in tables of at most so many values; arrays in Fortran order one stretch of each column at a time. */
export async function* npyBlocks(
  file: string,
  name: string,
  valuesInBlock: number,
): AsyncGenerator<DataOutcome<Table>> {
  const handle = await open(file);
  const bytesAt = async (position: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await handle.read(bytes, 0, length, position);
    return bytes.subarray(0, bytesRead);
  };
  try {
    const { size } = await handle.stat();
    const layout = npyLayout(file, await bytesAt(0, Math.min(size, HEADER_BYTES)), size);
    if (layout.kind === "refused") return yield layout;
    const { start, rows, width, element, fortran } = layout.value;
    const step = Math.max(1, Math.floor(valuesInBlock / Math.max(1, width)));
    // Without rows there still are columns.
    for (let from = 0; from < Math.max(rows, 1); from += step) {
      const count = Math.min(step, rows - from);
      const parts: Uint8Array[] = [];
      if (fortran) {
        for (let j = 0; j < width; j++) {
          parts.push(await bytesAt(start + (j * rows + from) * element.bytes, count * element.bytes));
        }
      } else parts.push(await bytesAt(start + from * width * element.bytes, count * width * element.bytes));
      const expected = count * width * element.bytes;
      if (parts.reduce((total, part) => total + part.length, 0) < expected) {
        return yield refused(invalidArrayFile({ file }, { reason: "it ends within its data" }));
      }
      const columns = readNpyRows(layout.value, name, parts, count);
      yield {
        kind: "ready",
        value: { columns, rows: count, sources: [{ file, firstRow: 0, rows: count, rowsBefore: from }] },
      };
    }
  } finally {
    await handle.close();
  }
}
