export type Literal =
  | string
  | number
  | boolean
  | undefined
  /** An expression as it is. */
  | Code
  | readonly Literal[]
  | { readonly [key: string]: Literal };

export class Code {
  constructor(readonly text: string) {}
}

export function code(text: string): Code {
  return new Code(text);
}

/** Longest literal that stays on one line. */
const longestLine = 100;

/** An object literal as lines of source text, properties that are undefined left out. */
export function printLiteral(value: Literal, indent = ""): string {
  if (value instanceof Code) return value.text;
  if (value === undefined) return "undefined";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  const inner = `${indent}  `;
  if (isList(value)) {
    const oneLine = `[${value.map((item) => printLiteral(item)).join(", ")}]`;
    if (oneLine.length + indent.length <= longestLine && !oneLine.includes("\n")) return oneLine;
    return `[\n${value.map((item) => `${inner}${printLiteral(item, inner)},\n`).join("")}${indent}]`;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.length === 0) return "{}";
  const oneLine = `{ ${entries.map(([key, item]) => `${propertyName(key)}: ${printLiteral(item)}`).join(", ")} }`;
  if (oneLine.length + indent.length <= longestLine && !oneLine.includes("\n")) return oneLine;
  return `{\n${entries.map(([key, item]) => `${inner}${propertyName(key)}: ${printLiteral(item, inner)},\n`).join("")}${indent}}`;
}

export function propertyName(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : JSON.stringify(name);
}

function isList(value: readonly Literal[] | { readonly [key: string]: Literal }): value is readonly Literal[] {
  return Array.isArray(value);
}
