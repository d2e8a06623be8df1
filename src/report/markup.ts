/** Text as it stands in HTML and SVG. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A coordinate, to a tenth of a pixel. */
export function pixels(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A number for reading: five significant digits. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  const magnitude = Math.abs(value);
  return magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e7)
    ? value.toExponential(3)
    : String(Number(value.toPrecision(5)));
}

/** An HTML table; cells are text. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = header.map((cell) => `<th>${escaped(cell)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`).join("\n");
  return `<table>${header.length === 0 ? "" : `<tr>${head}</tr>`}\n${body}</table>`;
}
