import type { Math } from "./math.js";

export type ExplanationFormat = "text" | "latex" | "markdown" | "html";

/** An explanation: what people read, before any format. */
export interface Explanation {
  readonly title: string;
  readonly summary?: string;
  readonly sections: readonly Section[];
}

export type Section =
  | { readonly kind: "paragraph"; readonly label?: string; readonly text: string }
  | { readonly kind: "equations"; readonly label: string; readonly rows: readonly EquationRow[] }
  | { readonly kind: "list"; readonly label: string; readonly items: readonly string[] };

/** One formula, and the lines of the source that it comes from. */
export interface EquationRow {
  readonly math: Math;
  readonly note?: string;
  readonly lines: readonly number[];
}

/** `line 3`, `lines 7, 8`, or nothing. */
export function describeLines(lines: readonly number[]): string {
  if (lines.length === 0) return "";
  return `${lines.length === 1 ? "line" : "lines"} ${lines.join(", ")}`;
}
