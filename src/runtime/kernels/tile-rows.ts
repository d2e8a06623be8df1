/**
 * Rows side by side: entry (row, field) of a row-major table goes to [group][field][lane], where a group is `lanes` rows.
 * Lanes without a row are 0.
 */
export function tileRows(
  from: Float64Array,
  rows: number,
  width: number,
  lanes: number,
  to: Float64Array,
  start: number,
): void {
  const groups = Math.ceil(rows / lanes);
  for (let group = 0; group < groups; group++) {
    const first = group * lanes;
    const count = Math.min(lanes, rows - first);
    const target = start + group * width * lanes;
    if (count < lanes) to.fill(0, target, target + width * lanes);
    else if (lanes === 8) {
      // Eight rows at once write side by side, which is several times as fast.
      const [a, b, c, d] = [first * width, (first + 1) * width, (first + 2) * width, (first + 3) * width];
      const half = 4 * width;
      for (let field = 0, at = target; field < width; field++, at += 8) {
        to[at] = from[a + field];
        to[at + 1] = from[b + field];
        to[at + 2] = from[c + field];
        to[at + 3] = from[d + field];
        to[at + 4] = from[a + half + field];
        to[at + 5] = from[b + half + field];
        to[at + 6] = from[c + half + field];
        to[at + 7] = from[d + half + field];
      }
      continue;
    }
    for (let lane = 0; lane < count; lane++) {
      const source = (first + lane) * width;
      for (let field = 0; field < width; field++) to[target + field * lanes + lane] = from[source + field];
    }
  }
}

/** The way back. */
export function untileRows(
  from: Float64Array,
  start: number,
  rows: number,
  width: number,
  lanes: number,
  to: Float64Array,
): void {
  for (let row = 0; row < rows; row++) {
    const lane = row % lanes;
    const source = start + (row - lane) * width + lane;
    for (let field = 0; field < width; field++) to[row * width + field] = from[source + field * lanes];
  }
}
