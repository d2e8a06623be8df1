/** Rows that belong to sequences: where each begins, and last where the last one ends. Absent: all are one sequence. */
export interface SequencedRows {
  readonly rows: number;
  readonly starts?: Int32Array;
}

/** First row of every sequence, then the end of the last. */
export function sequenceStarts({ rows, starts }: SequencedRows): Int32Array {
  return starts ?? Int32Array.of(0, rows);
}

/** Number of rows at positions `from` to `to` - 1 of their sequence, with `last` only those that end one. */
export function sweptRows(block: SequencedRows, from: number, to = Infinity, last = false): number {
  const starts = sequenceStarts(block);
  let rows = 0;
  for (let sequence = 0; sequence + 1 < starts.length; sequence++) {
    const length = starts[sequence + 1] - starts[sequence];
    const first = last ? Math.max(from, length - 1) : from;
    rows += Math.max(0, Math.min(to, length) - first);
  }
  return rows;
}
