import type { ModelDescription } from "../description.js";
import { DataError } from "../errors.js";
import type { RawColumn } from "./raw-column.js";

/** Which rows form which sequence, in order. */
export interface Sequences {
  /** Rows, sequence by sequence. */
  readonly order: Uint32Array;
  /** Where in `order` each sequence begins, and last where the last one ends. */
  readonly starts: Int32Array;
}

/**
 * Sequences of the data of a model with a chain: rows with the same value in the column of the sequences' plate; else
 * the batches. Undefined for a model without chains.
 */
export function readSequences(
  description: ModelDescription,
  rows: number,
  identifiers: RawColumn | undefined,
  batchRows: readonly number[],
): Sequences | undefined {
  const { sequences } = description;
  if (sequences === undefined) return undefined;
  const whole = Uint32Array.from({ length: rows }, (_, row) => row);
  if (identifiers !== undefined) return grouped(identifiers, rows, sequences.plate ?? "");
  if (batchRows.length <= 1 || batchRows.every((count) => count === 0)) {
    return { order: whole, starts: rows === 0 ? Int32Array.of(0) : Int32Array.of(0, rows) };
  }
  // Flat columns count entries, not rows; all batches do so alike.
  const counted = batchRows.reduce((a, b) => a + b, 0);
  const starts = [0];
  for (const count of batchRows) {
    const length = counted === 0 ? 0 : (count * rows) / counted;
    if (length > 0) starts.push(starts[starts.length - 1] + length);
  }
  return { order: whole, starts: Int32Array.from(starts) };
}

function grouped(identifiers: RawColumn, rows: number, plate: string): Sequences {
  const { values, labels } = identifiers;
  if (values.length !== rows) {
    throw new DataError("rows", `\`${plate}\` names the sequence of ${values.length} rows, but there are ${rows}.`, {
      variable: plate,
    });
  }
  const groups = new Map<unknown, number[]>();
  for (let row = 0; row < rows; row++) {
    const key = labels === undefined ? values[row] : (labels[row] ?? NaN);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  const starts = [0];
  for (const group of groups.values()) starts.push(starts[starts.length - 1] + group.length);
  return { order: Uint32Array.from([...groups.values()].flat()), starts: Int32Array.from(starts) };
}

/** Number of sequences. */
export function sequenceCount({ starts }: Sequences): number {
  return starts.length - 1;
}

/** A column with one entry per sequence, repeated along each of them; one with an entry per row as it is. */
export function alongSequences(column: RawColumn, sequences: Sequences): RawColumn {
  const { order, starts } = sequences;
  const rows = order.length;
  const count = sequenceCount(sequences);
  if (column.shape[0] !== count || count === rows) return column;
  const width = column.values.length / Math.max(1, count);
  const values = new Float64Array(rows * width);
  const labels: (string | number | undefined)[] = [];
  for (let sequence = 0; sequence < count; sequence++) {
    for (let at = starts[sequence]; at < starts[sequence + 1]; at++) {
      for (let i = 0; i < width; i++) {
        values[order[at] * width + i] = column.values[sequence * width + i];
        if (column.labels !== undefined) labels[order[at] * width + i] = column.labels[sequence * width + i];
      }
    }
  }
  return { shape: [rows, ...column.shape.slice(1)], values, ...(column.labels === undefined ? {} : { labels }) };
}

/** @throws DataError where something that a sequence has once changes along it */
export function checkConstant(name: string, values: Float64Array, { order, starts }: Sequences): void {
  const width = order.length === 0 ? 0 : values.length / order.length;
  for (let sequence = 0; sequence + 1 < starts.length; sequence++) {
    const first = order[starts[sequence]];
    for (let at = starts[sequence] + 1; at < starts[sequence + 1]; at++) {
      const row = order[at];
      for (let i = 0; i < width; i++) {
        if (Object.is(values[row * width + i], values[first * width + i])) continue;
        throw new DataError(
          "shape",
          `\`${name}\` has one value for each sequence, but rows ${first} and ${row} of one sequence differ.`,
          { variable: name, row },
        );
      }
    }
  }
}

/** The sequences of which all rows are kept, with rows numbered anew. */
export function keptSequences({ order, starts }: Sequences, numbers: ReadonlyMap<number, number>): Sequences {
  const kept: number[] = [];
  const begins = [0];
  for (let sequence = 0; sequence + 1 < starts.length; sequence++) {
    const rows = [...order.subarray(starts[sequence], starts[sequence + 1])].map((row) => numbers.get(row));
    if (rows.every((row) => row !== undefined)) {
      kept.push(...rows);
      begins.push(kept.length);
    }
  }
  return { order: Uint32Array.from(kept), starts: Int32Array.from(begins) };
}
