/** A stretch of a sequence that a lane goes through. */
export interface ScanWindow {
  /** Rows from `first` to `end` - 1, of which those from `from` to `to` - 1 count. */
  readonly first: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
  /** Is it followed by the next window of the same sequence? */
  readonly isFollowed: boolean;
}

/** Windows side by side: `lanes` of them are a shard, whose steps are groups. */
export interface ScanLayout {
  readonly lanes: number;
  readonly windows: readonly ScanWindow[];
  /** Window number of each shard and lane, or -1. */
  readonly places: Int32Array;
  /** First step of each shard, and last the end of all. */
  readonly begins: Int32Array;
  /** [step, lane]: number of the row, or -1. */
  readonly rows: Int32Array;
  /** Is any sequence cut? */
  readonly isCut: boolean;
}

/** Steps before and after a window in which what is far away is to be forgotten, in the order in which they are tried. */
export const overlaps = [32, 96, 256, 1024] as const;

/** Counted rows of a window at least, and at most where more are not needed for the overlap. */
const fewestRows = 512;
const mostRows = 2048;
/** Windows that occupy all lanes of two shards. */
const enoughWindows = 16;
/** Shorter sequences are cut only where there are not enough of them. */
const longSequence = 4096;

/**
 * Cuts long sequences into windows that overlap. It depends on the lengths alone, so that results have the same bits for
 * any number of threads.
 *
 * @param overlap steps on either side of a window; 0: nothing is cut
 */
export function layOutSequences(starts: Int32Array, lanes: number, overlap: number): ScanLayout {
  const windows: ScanWindow[] = [];
  const sequences = starts.length - 1;
  const rows = starts[sequences] - starts[0];
  const wanted = Math.min(mostRows, Math.max(fewestRows, Math.ceil(rows / enoughWindows)));
  const countedRows = Math.max(wanted, 2 * overlap);
  for (let sequence = 0; sequence < sequences; sequence++) {
    const [begin, end] = [starts[sequence], starts[sequence + 1]];
    const isLong = end - begin > longSequence || sequences < enoughWindows;
    const count = overlap > 0 && isLong ? Math.max(1, Math.floor((end - begin) / countedRows)) : 1;
    const bound = (window: number): number => begin + Math.floor((window * (end - begin)) / count);
    for (let window = 0; window < count && end > begin; window++) {
      const [from, to] = [bound(window), bound(window + 1)];
      windows.push({
        first: Math.max(begin, from - overlap),
        end: Math.min(end, to + overlap),
        from,
        to,
        isFollowed: window + 1 < count,
      });
    }
  }
  // Windows of about the same length belong together; neighbours stay side by side.
  const lengthClass = ({ first, end }: ScanWindow): number => Math.ceil(Math.log2(end - first) * 4);
  const order = windows.map((_, i) => i).sort((a, b) => lengthClass(windows[b]) - lengthClass(windows[a]) || a - b);
  const shards = Math.max(1, Math.ceil(order.length / lanes));
  const places = new Int32Array(shards * lanes).fill(-1);
  order.forEach((window, place) => (places[place] = window));
  const begins = new Int32Array(shards + 1);
  for (let shard = 0; shard < shards; shard++) {
    let steps = 1;
    for (const window of places.subarray(shard * lanes, (shard + 1) * lanes)) {
      if (window >= 0) steps = Math.max(steps, windows[window].end - windows[window].first);
    }
    begins[shard + 1] = begins[shard] + steps;
  }
  const rowOf = new Int32Array(begins[shards] * lanes).fill(-1);
  for (let place = 0; place < places.length; place++) {
    const window = places[place];
    if (window < 0) continue;
    const { first, end } = windows[window];
    const step = begins[Math.floor(place / lanes)];
    for (let row = first; row < end; row++) rowOf[(step + row - first) * lanes + (place % lanes)] = row;
  }
  return { lanes, windows, places, begins, rows: rowOf, isCut: windows.some(({ isFollowed }) => isFollowed) };
}

/** Marks of each step and lane, as 64 bits that are all set or not: is there a row, does it count, is it the last? */
export function writeMarks(layout: ScanLayout, integers: Int32Array, at: number): void {
  const { lanes, windows, places, begins, rows } = layout;
  const shards = begins.length - 1;
  for (let shard = 0; shard < shards; shard++) {
    for (let step = begins[shard]; step < begins[shard + 1]; step++) {
      for (let lane = 0; lane < lanes; lane++) {
        const row = rows[step * lanes + lane];
        const window = windows[places[shard * lanes + lane]];
        const marks =
          row < 0 ? [false, false, false] : [true, row >= window.from && row < window.to, row === window.end - 1];
        marks.forEach((isSet, mark) => {
          const word = at + 2 * ((step * marks.length + mark) * lanes + lane);
          integers.fill(isSet ? -1 : 0, word, word + 2);
        });
      }
    }
  }
}

/** Entry (row, field) of a row-major table goes to [step][field][lane]; 0 where there is no row. */
export function layOutRows(layout: ScanLayout, from: Float64Array, width: number, to: Float64Array, at: number): void {
  const { lanes, rows } = layout;
  for (let place = 0; place < rows.length; place++) {
    const target = at + (place - (place % lanes)) * width + (place % lanes);
    const source = rows[place] * width;
    for (let field = 0; field < width; field++) to[target + field * lanes] = source < 0 ? 0 : from[source + field];
  }
}

/** The way back, of the rows of one shard that count; its first step is at `at`. */
export function takeRows(
  { lanes, windows, places, begins }: ScanLayout,
  shard: number,
  from: Float64Array,
  at: number,
  width: number,
  to: Float64Array,
): void {
  // Of each lane, the row of the first step, and the rows that count.
  const ofLanes = Array.from(
    places.subarray(shard * lanes, (shard + 1) * lanes),
    (place) => windows[place] ?? noWindow,
  );
  const first = Int32Array.from(ofLanes, (window) => window.first);
  const begin = Int32Array.from(ofLanes, (window) => window.from);
  const end = Int32Array.from(ofLanes, (window) => window.to);
  // Step by step: what lies together is read together.
  const steps = begins[shard + 1] - begins[shard];
  for (let step = 0; step < steps; step++) {
    for (let lane = 0; lane < lanes; lane++) {
      const row = first[lane] + step;
      if (row < begin[lane] || row >= end[lane]) continue;
      const source = at + step * width * lanes + lane;
      const target = row * width;
      for (let field = 0; field < width; field++) to[target + field] = from[source + field * lanes];
    }
  }
}

/** A lane without rows. */
const noWindow: ScanWindow = { first: 0, end: 0, from: 0, to: 0, isFollowed: false };
