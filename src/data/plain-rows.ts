import type { ColumnBuilder } from "./column-builder.js";
import { decimalEnd, parseDecimal } from "./parse-decimal.js";

/** What `readPlainRows` makes of lines, in order. */
export interface PlainRowHandlers {
  /** A row of as many fields as there are columns, which get them next. */
  row(line: number): void;
  /** A row of another number of fields. */
  ragged(found: number, line: number): void;
  blank(line: number): void;
}

/** How far the plain rows went. */
export interface PlainRows {
  /** The first byte that was not read: the end, or the beginning of a line that takes a real parser. */
  readonly end: number;
  readonly line: number;
  readonly isUsual: boolean;
}

const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const TAB = 9;

/**
 * Reads lines of delimited fields straight from their bytes, as `parseCsv` would: numbers without a text in between, other
 * cells as text. It stops at a line with a quote or a lone carriage return.
 *
 * @param from where a line begins
 * @param to after the end of a line
 */
export function readPlainRows(
  bytes: Uint8Array,
  from: number,
  to: number,
  delimiter: number,
  columns: readonly ColumnBuilder[],
  firstLine: number,
  handlers: PlainRowHandlers,
): PlainRows {
  const width = columns.length;
  const values = new Float64Array(width);
  const texts: (string | undefined)[] = Array.from({ length: width });
  let at = from;
  let line = firstLine;
  while (at < to) {
    const begin = at;
    let fields = 0;
    let hasText = false;
    let isBlank = true;
    let isLast = false;
    while (!isLast) {
      let start = at;
      while (isGap(bytes[start], delimiter)) start++;
      let value = NaN;
      let after = start;
      if (!endsField(bytes, start, delimiter)) {
        isBlank = false;
        value = parseDecimal(bytes, start, to);
        after = decimalEnd();
        while (isGap(bytes[after], delimiter)) after++;
        if (after === start || value !== value || !endsField(bytes, after, delimiter)) {
          after = fieldEnd(bytes, at, delimiter);
          if (after === -1) return { end: begin, line, isUsual: false };
          value = NaN;
          if (fields < width) {
            hasText = true;
            texts[fields] = textOf(bytes, at, after);
            isBlank = fields === 0 && texts[0]?.trim() === "";
          }
        }
      }
      if (fields < width) values[fields] = value;
      fields++;
      isLast = bytes[after] !== delimiter;
      at = after + 1;
      if (isLast && bytes[after] === RETURN) at++;
    }
    if (isBlank && fields === 1) handlers.blank(line);
    else if (fields !== width) handlers.ragged(fields, line);
    else {
      handlers.row(line);
      for (let j = 0; j < width; j++) {
        const text = hasText ? texts[j] : undefined;
        if (text === undefined) columns[j].addNumber(values[j]);
        else columns[j].addText(text);
      }
    }
    if (hasText) texts.fill(undefined);
    line++;
  }
  return { end: at, line, isUsual: true };
}

function isGap(byte: number, delimiter: number): boolean {
  return byte === SPACE || (byte === TAB && delimiter !== TAB);
}

function endsField(bytes: Uint8Array, at: number, delimiter: number): boolean {
  const byte = bytes[at];
  return byte === delimiter || byte === NEWLINE || (byte === RETURN && bytes[at + 1] === NEWLINE);
}

/** The delimiter or line end after a field; -1 where a quote or a lone carriage return comes before. */
function fieldEnd(bytes: Uint8Array, from: number, delimiter: number): number {
  for (let at = from; ; at++) {
    if (endsField(bytes, at, delimiter)) return at;
    if (bytes[at] === QUOTE || bytes[at] === RETURN) return -1;
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return decoder.decode(bytes.subarray(from, to));
}
