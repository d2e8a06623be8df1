import type { Sequences } from "../../data/sequences.js";

/**
 * Steps of several sequences, all first steps before all second ones and so on. At each step the sequences that have it
 * are the first ones, as longer sequences come first: the steps before and after of consecutive rows are consecutive.
 */
export interface PackedSequences {
  /** The sequences, the longest first. */
  readonly lanes: Uint32Array;
  /** Where the rows of each step begin, and last where the last ones end. */
  readonly starts: Int32Array;
  /** Row of the data. */
  readonly sources: Uint32Array;
  /** The row a step before; -1 for a first one. */
  readonly before: Int32Array;
  /** The row a step after; -1 for a last one. */
  readonly after: Int32Array;
}

export function packSequences({ order, starts }: Sequences, chosen: Uint32Array): PackedSequences {
  const length = (sequence: number): number => starts[sequence + 1] - starts[sequence];
  const lanes = Uint32Array.from(chosen).sort((a, b) => length(b) - length(a) || a - b);
  const steps = lanes.length === 0 ? 0 : length(lanes[0]);
  const active = Int32Array.from({ length: steps }, () => 0);
  for (const lane of lanes) for (let t = 0; t < length(lane); t++) active[t]++;
  const begins = new Int32Array(steps + 1);
  for (let t = 0; t < steps; t++) begins[t + 1] = begins[t] + active[t];
  const rows = begins[steps];
  const sources = new Uint32Array(rows);
  const before = new Int32Array(rows).fill(-1);
  const after = new Int32Array(rows).fill(-1);
  for (let t = 0; t < steps; t++) {
    for (let lane = 0; lane < active[t]; lane++) {
      const row = begins[t] + lane;
      sources[row] = order[starts[lanes[lane]] + t];
      if (t > 0) before[row] = begins[t - 1] + lane;
      if (t + 1 < steps && lane < active[t + 1]) after[row] = begins[t + 1] + lane;
    }
  }
  return { lanes, starts: begins, sources, before, after };
}
