import { bin, extent, max } from "d3-array";
import { scaleLinear } from "d3-scale";
import { escaped, pixels } from "../markup.js";
import { chart, colourOf, frameOf, ink } from "./frame.js";

export interface Sample {
  readonly label: string;
  readonly values: readonly number[];
}

/**
 * Samples over one another, each as densities of the same bins: bars for the first, steps for the others.
 *
 * Values that are all integers get a bin each, where there are few.
 */
export function histogram(title: string, samples: readonly Sample[], width = 320): string {
  const frame = frameOf(width, 200);
  const finite = samples.map(({ label, values }) => ({
    label,
    values: values.filter((value) => Number.isFinite(value)),
  }));
  const all = finite.flatMap(({ values }) => values);
  const [low = 0, high = 1] = extent(all);
  const isCount = all.every((value) => Number.isInteger(value)) && high - low < 40;
  const x = scaleLinear(isCount ? [low - 0.5, high + 0.5] : low === high ? [low - 0.5, high + 0.5] : [low, high], [
    frame.left,
    frame.right,
  ]);
  const [from = 0, to = 1] = x.domain();
  const bins = isCount ? high - low + 1 : 30;
  const edges = Array.from({ length: bins - 1 }, (_, i) => from + ((i + 1) * (to - from)) / bins);
  const group = bin<number, number>().domain([from, to]).thresholds(edges);
  const densities = finite.map(({ label, values }) => ({
    label,
    bars: group(values).map((each) => ({
      from: each.x0 ?? from,
      to: each.x1 ?? to,
      share: values.length === 0 ? 0 : each.length / values.length,
    })),
  }));
  const most = max(densities, ({ bars }) => max(bars, ({ share }) => share) ?? 0) ?? 1;
  const y = scaleLinear([0, most === 0 ? 1 : most], [frame.bottom, frame.top + (samples.length > 1 ? 14 : 0)]);
  const drawn = densities.flatMap(({ bars }, i) =>
    i === 0
      ? bars.map((bar) => {
          const at = pixels(x(bar.from));
          return `<rect x="${at}" y="${pixels(y(bar.share))}" width="${Math.max(0, pixels(x(bar.to)) - at - 0.5)}" height="${pixels(frame.bottom - y(bar.share))}" fill="${colourOf(0)}" fill-opacity="0.45"/>`;
        })
      : [
          `<path d="M${pixels(frame.left)} ${frame.bottom}${bars.map((bar) => `L${pixels(x(bar.from))} ${pixels(y(bar.share))}H${pixels(x(bar.to))}`).join("")}V${frame.bottom}" fill="none" stroke="${colourOf(5)}" stroke-width="1.6"/>`,
        ],
  );
  return chart(frame, title, { x, y }, [...drawn, ...legend(samples, frame.right, frame.top)]);
}

function legend(samples: readonly Sample[], right: number, top: number): readonly string[] {
  if (samples.length < 2) return [];
  return samples.map(({ label }, i) => {
    const at = right - 62 * (samples.length - i);
    return `<rect x="${at}" y="${top}" width="9" height="9" fill="${colourOf(i === 0 ? 0 : 5)}" fill-opacity="${i === 0 ? 0.45 : 1}"/><text x="${at + 13}" y="${top + 9}" fill="${ink}">${escaped(label)}</text>`;
  });
}
