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
