import { max, min } from "d3-array";
import { scaleLinear } from "d3-scale";
import { area, line } from "d3-shape";
import { escaped, pixels } from "../markup.js";
import { chart, colourOf, frameOf, ink } from "./frame.js";

interface Step {
  readonly value: number;
  readonly deviation: number;
  readonly i: number;
}

/** Values along time as points, or a mean with a band of two standard deviations. */
export function series(
  title: string,
  values: readonly number[],
  deviations: readonly number[] | undefined,
  width = 640,
): string {
  const frame = frameOf(width, 190);
  const steps: readonly Step[] = values
    .map((value, i) => ({ value, deviation: 2 * (deviations?.[i] ?? 0), i }))
    .filter(({ value, deviation }) => Number.isFinite(value) && Number.isFinite(deviation));
  const low = min(steps, ({ value, deviation }) => value - deviation) ?? 0;
  const high = max(steps, ({ value, deviation }) => value + deviation) ?? 1;
  const x = scaleLinear([1, Math.max(2, values.length)], [frame.left, frame.right]);
  const y = scaleLinear([low, low === high ? low + 1 : high], [frame.bottom, frame.top]).nice(4);
  const at = ({ i }: Step): number => pixels(x(i + 1));
  const band = area<Step>(
    at,
    ({ value, deviation }) => pixels(y(value - deviation)),
    ({ value, deviation }) => pixels(y(value + deviation)),
  );
  const path = line<Step>(at, ({ value }) => pixels(y(value)));
  return chart(
    frame,
    title,
    { x, y },
    deviations === undefined
      ? steps.map((step) => `<circle cx="${at(step)}" cy="${pixels(y(step.value))}" r="1.7" fill="${ink}"/>`)
      : [
          `<path d="${band(steps) ?? ""}" fill="${colourOf(0)}" fill-opacity="0.2"/>`,
          `<path d="${path(steps) ?? ""}" fill="none" stroke="${colourOf(0)}" stroke-width="1.4"/>`,
        ],
  );
}

/**
 * Probabilities of the values of a discrete latent along time, stacked to 1.
 *
 * @param probabilities [steps][values]
 */
export function stackedProbabilities(
  title: string,
  probabilities: readonly (readonly number[])[],
  labels: readonly string[],
  width = 640,
): string {
  const frame = frameOf(width, 130);
  const x = scaleLinear([1, Math.max(2, probabilities.length + 1)], [frame.left, frame.right]);
  const y = scaleLinear([0, 1], [frame.bottom, frame.top]);
  const below = probabilities.map((each) => each.map((_, k) => each.slice(0, k).reduce((sum, p) => sum + p, 0)));
  const layers = labels.map((label, k) => {
    const steps = probabilities.map((each, i) => {
      const base = below[i]?.[k] ?? 0;
      return { i, base, top: base + (each[k] ?? 0) };
    });
    const corners = (of: (step: (typeof steps)[number]) => number, list: typeof steps, first: number, second: number) =>
      list.map(
        (step) =>
          `${pixels(x(step.i + first))} ${pixels(y(of(step)))}L${pixels(x(step.i + second))} ${pixels(y(of(step)))}`,
      );
    const outline = [
      ...corners((step) => step.top, steps, 1, 2),
      ...corners((step) => step.base, [...steps].reverse(), 2, 1),
    ];
    return `<path d="M${outline.join("L")}Z" fill="${colourOf(k)}" fill-opacity="0.75"><title>${escaped(label)}</title></path>`;
  });
  return chart(frame, title, { x, y }, layers);
}
