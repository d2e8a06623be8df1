export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** Names for a sentence; a long list is cut. */
export function names(list: readonly string[]): string {
  if (list.length === 0) return "none";
  const shown = list.slice(0, 12).map((name) => `\`${name}\``);
  return list.length > 12 ? `${shown.join(", ")} and ${list.length - 12} more` : shown.join(", ");
}

export function andMore(rows: number): string {
  return rows === 0 ? "" : ` (and so in ${count(rows, "further row")})`;
}

export function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
