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
  const short = onOneLine(value, longestLine - indent.length);
  if (short !== undefined) return short;
  const inner = `${indent}  `;
  if (isList(value)) return `[\n${value.map((item) => `${inner}${printLiteral(item, inner)},\n`).join("")}${indent}]`;
  const lines = entriesOf(value).map(([key, item]) => `${inner}${propertyName(key)}: ${printLiteral(item, inner)},\n`);
  return `{\n${lines.join("")}${indent}}`;
}

/** The literal on one line, where it has so many characters at most; what is longer is not printed to find that out. */
function onOneLine(value: Literal, room: number): string | undefined {
  if (room < 0) return undefined;
  if (typeof value === "string" && value.length > room) return undefined;
  if (typeof value !== "object" || value instanceof Code) {
    const text = printLiteral(value);
    return text.length <= room && !text.includes("\n") ? text : undefined;
  }
  const items = isList(value)
    ? value.map((item) => ["", item] as const)
    : entriesOf(value).map(([key, item]) => [`${propertyName(key)}: `, item] as const);
  const [open, close] = isList(value) ? ["[", "]"] : items.length === 0 ? ["{", "}"] : ["{ ", " }"];
  const parts: string[] = [];
  let left = room - open.length - close.length + 2;
  for (const [name, item] of items) {
    left -= name.length + 2;
    const text = onOneLine(item, left);
    if (text === undefined) return undefined;
    left -= text.length;
    parts.push(`${name}${text}`);
  }
  return `${open}${parts.join(", ")}${close}`;
}

function entriesOf(value: { readonly [key: string]: Literal }): readonly (readonly [string, Literal])[] {
  return Object.entries(value).filter(([, item]) => item !== undefined);
}

export function propertyName(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : JSON.stringify(name);
}

function isList(value: readonly Literal[] | { readonly [key: string]: Literal }): value is readonly Literal[] {
  return Array.isArray(value);
}
