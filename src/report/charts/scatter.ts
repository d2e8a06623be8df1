import { extent } from "d3-array";
import { scaleLinear } from "d3-scale";
import { pixels } from "../markup.js";
import { chart, colourOf, frameOf } from "./frame.js";

/** Points of two columns; `groups`, where there are any, are told apart by colour. */
export function scatter(
  title: string,
  across: readonly number[],
  up: readonly number[],
  groups: ArrayLike<number> | undefined,
  size = 320,
): string {
  const frame = frameOf(size, Math.round(size * 0.8));
  const known = across.flatMap((value, i) => (Number.isFinite(value) && Number.isFinite(up[i]) ? [i] : []));
  const [left = 0, right = 1] = extent(known, (i) => across[i]);
  const [low = 0, high = 1] = extent(known, (i) => up[i]);
  const x = scaleLinear([left, left === right ? left + 1 : right], [frame.left, frame.right]).nice(5);
  const y = scaleLinear([low, low === high ? low + 1 : high], [frame.bottom, frame.top]).nice(4);
  return chart(
    frame,
    title,
    { x, y },
    known.map((i) => {
      const [cx, cy] = [pixels(x(across[i] ?? 0)), pixels(y(up[i] ?? 0))];
      return `<circle cx="${cx}" cy="${cy}" r="2.2" fill="${colourOf(groups?.[i] ?? 0)}" fill-opacity="0.6"/>`;
    }),
  );
}
