import { scaleLinear } from "d3-scale";
import { escaped, figure } from "../markup.js";

/** A matrix with its numbers on coloured ground: blue for positive entries, orange for negative ones. */
export function heatMap(
  matrix: readonly (readonly number[])[],
  rowNames: readonly string[],
  columnNames: readonly string[],
): string {
  const most = matrix.flat().reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const colour = scaleLinear<string>([-(most || 1), 0, most || 1], ["#f4a259", "#ffffff", "#74b3e8"]).clamp(true);
  const head = ["", ...columnNames].map((name) => `<th>${escaped(name)}</th>`).join("");
  const body = matrix.map(
    (row, i) =>
      `<tr><th>${escaped(rowNames[i] ?? "")}</th>${row.map((value) => `<td style="background:${Number.isFinite(value) ? colour(value) : "#fff"}">${escaped(figure(value))}</td>`).join("")}</tr>`,
  );
  return `<table class="heat"><tr>${head}</tr>${body.join("")}</table>`;
}
