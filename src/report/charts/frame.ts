import type { ScaleLinear } from "d3-scale";
import { escaped, pixels } from "../markup.js";

export type LinearScale = ScaleLinear<number, number>;

export const ink = "#343a40";
export const faint = "#dee2e6";
/** Okabe and Ito's colours, which people with any kind of sight tell apart. */
const palette = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999", "#f0e442", "#000000"];

export function colourOf(index: number): string {
  return palette[index % palette.length] ?? ink;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Room for the tick labels of the y axis on the left, and for a title above. */
export function frameOf(width: number, height: number): Frame {
  return { width, height, left: 60, right: width - 16, top: 26, bottom: height - 24 };
}

/** A chart: its title, axes with ticks, and what is drawn in it. */
export function chart(
  { width, height, left, right, bottom }: Frame,
  title: string,
  scales: { readonly x: LinearScale; readonly y?: LinearScale },
  content: readonly string[],
): string {
  const { x, y } = scales;
  const format = x.tickFormat(5);
  const across = x.ticks(5).map((tick) => {
    const at = pixels(x(tick));
    return `<line x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 4}" stroke="${ink}"/><text x="${at}" y="${bottom + 16}" text-anchor="middle">${escaped(format(tick))}</text>`;
  });
  const up = (y?.ticks(4) ?? []).map((tick) => {
    const at = pixels(y?.(tick) ?? 0);
    return `<line x1="${left}" x2="${right}" y1="${at}" y2="${at}" stroke="${faint}"/><text x="${left - 5}" y="${at}" dy="0.32em" text-anchor="end">${escaped(y?.tickFormat(4)(tick) ?? "")}</text>`;
  });
  return [
    `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<text x="${left}" y="14" class="title">${escaped(title)}</text>`,
    ...up,
    ...content,
    `<line x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="${ink}"/>`,
    ...across,
    "</svg>",
  ].join("");
}
