/** JSON as it may be in a file header: unlike `JSON.parse`, refuses repeated keys and deep nesting. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export type JsonObject = ReadonlyMap<string, JsonValue>;

export class JsonSyntaxError extends Error {
  override readonly name: string = "JsonSyntaxError";
  constructor(
    readonly kind: "syntax" | "duplicate-key" | "depth",
    message: string,
  ) {
    super(message);
  }
}

const MAXIMUM_DEPTH = 64;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;

/** Parses a whole text. Throws `JsonSyntaxError`. Objects become maps, so that no key is special. */
export function parseStrictJson(text: string): JsonValue {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

class Reader {
  private position = 0;
  constructor(private readonly text: string) {}

  value(depth: number): JsonValue {
    if (depth > MAXIMUM_DEPTH) throw new JsonSyntaxError("depth", `nested more than ${MAXIMUM_DEPTH} deep`);
    this.match(SPACE);
    const first = this.text[this.position];
    let value: JsonValue;
    if (first === "{") value = this.object(depth);
    else if (first === "[") value = this.array(depth);
    else if (first === '"') value = this.string();
    else if (this.word("true")) value = true;
    else if (this.word("false")) value = false;
    else if (this.word("null")) value = null;
    else {
      const digits = this.match(NUMBER);
      if (digits === undefined || digits === "") throw this.unexpected();
      value = Number(digits);
    }
    this.match(SPACE);
    return value;
  }

  end(): void {
    if (this.position !== this.text.length) throw this.unexpected();
  }

  private object(depth: number): JsonObject {
    const entries = new Map<string, JsonValue>();
    this.position++;
    this.match(SPACE);
    if (this.word("}")) return entries;
    for (;;) {
      this.match(SPACE);
      const key = this.string();
      if (entries.has(key)) throw new JsonSyntaxError("duplicate-key", `the key ${JSON.stringify(key)} is there twice`);
      this.match(SPACE);
      if (!this.word(":")) throw this.unexpected();
      entries.set(key, this.value(depth + 1));
      if (this.word("}")) return entries;
      if (!this.word(",")) throw this.unexpected();
    }
  }

  private array(depth: number): readonly JsonValue[] {
    const items: JsonValue[] = [];
    this.position++;
    this.match(SPACE);
    if (this.word("]")) return items;
    for (;;) {
      items.push(this.value(depth + 1));
      if (this.word("]")) return items;
      if (!this.word(",")) throw this.unexpected();
    }
  }

  private string(): string {
    const begin = this.position;
    if (this.text[begin] !== '"') throw this.unexpected();
    // By hand: a regular expression may run out of stack on a hostile string of many megabytes.
    let end = begin + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === "\\" ? 2 : 1;
    try {
      const decoded: unknown = JSON.parse(this.text.slice(begin, end + 1));
      if (typeof decoded !== "string") throw this.unexpected();
      this.position = end + 1;
      return decoded;
    } catch {
      throw new JsonSyntaxError("syntax", `the string at character ${begin} is not valid`);
    }
  }

  private word(expected: string): boolean {
    if (!this.text.startsWith(expected, this.position)) return false;
    this.position += expected.length;
    return true;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0];
    this.position += found?.length ?? 0;
    return found;
  }

  private unexpected(): JsonSyntaxError {
    const found = this.position < this.text.length ? JSON.stringify(this.text[this.position]) : "the end";
    return new JsonSyntaxError("syntax", `unexpected ${found} at character ${this.position}`);
  }
}
