import type { ScanLayout } from "./scan-layout.js";

/** Relative difference up to which what two windows know of the same row is the same. */
const tolerance = 1e-12;

/** A kept array that is compared: its cells in a step. */
export interface ComparedArray {
  readonly width: number;
  /** Index of the first step's first cell in the memory of the shard in a slot. */
  readonly at: (shard: number) => number;
}

/**
 * What windows know of the last row before one of them begins: the earlier window at the end of the rows that count, the
 * later one at the end of its overlap. If they agree, both windows know as much as if the sequence had not been cut.
 */
export class ScanBoundaries {
  private readonly known = new Map<string, readonly Float64Array[]>();

  constructor(private readonly layout: ScanLayout) {}

  /** @returns whether nothing speaks against the windows of a shard that has just been gone through */
  agree(shard: number, arrays: readonly ComparedArray[], memory: Float64Array): boolean {
    const { lanes, windows, places } = this.layout;
    let isSame = true;
    for (let lane = 0; lane < lanes; lane++) {
      const window = places[shard * lanes + lane];
      if (window < 0) continue;
      const { first, from, to, isFollowed } = windows[window];
      const read = (row: number): readonly Float64Array[] =>
        arrays.map(({ width, at }) => {
          const start = at(shard) + (row - first) * width * lanes + lane;
          return Float64Array.from({ length: width }, (_, cell) => memory[start + cell * lanes]);
        });
      if (from > first) isSame = this.matches(`${window - 1}`, read(from - 1)) && isSame;
      if (isFollowed) isSame = this.matches(`${window}`, read(to - 1)) && isSame;
    }
    return isSame;
  }

  private matches(boundary: string, found: readonly Float64Array[]): boolean {
    const other = this.known.get(boundary);
    if (other === undefined) {
      this.known.set(boundary, found);
      return true;
    }
    this.known.delete(boundary);
    return found.every((values, array) => isClose(values, other[array]));
  }
}

function isClose(values: Float64Array, others: Float64Array): boolean {
  let [scale, difference] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    scale = Math.max(scale, Math.abs(values[i]), Math.abs(others[i]));
    difference = Math.max(difference, Math.abs(values[i] - others[i]));
  }
  // NaN is never close.
  return difference <= tolerance * scale;
}
