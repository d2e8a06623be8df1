export type Style = "bold" | "dim" | "red" | "yellow" | "cyan";

const codes: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, yellow: 33, cyan: 36 };

/** Colours text for a terminal, or leaves it as it is. */
export function painter(color: boolean): (style: Style, text: string) => string {
  return (style, text) => (color ? `\u001b[${codes[style]}m${text}\u001b[0m` : text);
}
