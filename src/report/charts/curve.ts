import { extent } from "d3-array";
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { pixels } from "../markup.js";
import { chart, colourOf, frameOf } from "./frame.js";

/** A series of values, first to last. */
export function curve(title: string, values: readonly number[], width = 640): string {
  const frame = frameOf(width, 220);
  const known = values.map((value, i) => ({ value, i })).filter(({ value }) => Number.isFinite(value));
  const [low = 0, high = 1] = extent(known, ({ value }) => value);
  const x = scaleLinear([0, Math.max(1, values.length - 1)], [frame.left, frame.right]);
  const y = scaleLinear([low, high === low ? low + 1 : high], [frame.bottom, frame.top]).nice(4);
  const path = line<{ readonly value: number; readonly i: number }>(
    ({ i }) => pixels(x(i)),
    ({ value }) => pixels(y(value)),
  )(known);
  return chart(frame, title, { x, y }, [
    `<path d="${path ?? ""}" fill="none" stroke="${colourOf(0)}" stroke-width="1.6"/>`,
    ...(known.length > 60
      ? []
      : known.map(
          ({ value, i }) => `<circle cx="${pixels(x(i))}" cy="${pixels(y(value))}" r="2" fill="${colourOf(0)}"/>`,
        )),
  ]);
}
