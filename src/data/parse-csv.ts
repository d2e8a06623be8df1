import Papa from "papaparse";

/** What `parseCsv` makes of a text, in order. Lines count from 1; a row that spans several has the first one's. */
export interface CsvHandlers {
  row(fields: readonly string[], line: number): void;
  /** An empty line; `""` is a row with one empty field, not an empty line. */
  blank(line: number): void;
  /** The text ended inside a quoted field that began on this line. */
  unclosedQuote(line: number): void;
}

export interface CsvParser {
  push(chunk: string): void;
  /** Reads what is complete at once. */
  flush(): void;
  end(): void;
  /** Where it is: the line that comes next, and whether part of a row is kept back. */
  state(): { readonly line: number; readonly delimiter: string | undefined; readonly isBetweenRows: boolean };
}

/** In the middle of a file. */
export interface CsvPosition {
  readonly line: number;
  readonly delimiter: string;
}

const delimiters = [",", ";", "\t"] as const;

/** Rows are handed to the parser in pieces of about this many characters. */
const pieceLength = 1 << 16;

/**
 * A streaming reader of delimited text (RFC 4180): papaparse, fed piece by piece, with what messages need besides: the
 * line on which every row begins, and the difference between an empty line and an empty quoted field. The delimiter is
 * whichever of comma, semicolon and tab the first line has most of; any line ends and a byte order mark are fine.
 */
export function parseCsv(handlers: CsvHandlers, position?: CsvPosition): CsvParser {
  let buffer = "";
  let started = position !== undefined;
  let line = position?.line ?? 1;
  let delimiter = position?.delimiter;

  /** Reads the rows that are complete (or, at the end, all) and keeps the rest. */
  const read = (isEnd: boolean): void => {
    delimiter ??= delimiterOf(buffer, isEnd);
    if (delimiter === undefined) return;
    let from = 0;
    const parser = new Papa.Parser({
      delimiter,
      newline: "\n",
      step: ({ data, errors, meta }: Papa.ParseStepResult<string[] | string[][]>) => {
        const raw = buffer.slice(from, meta.cursor);
        from = meta.cursor;
        const [row] = data;
        if (errors.some(({ code }) => code === "MissingQuotes")) handlers.unclosedQuote(line);
        else if (raw.trim() === "" && !(delimiter === "\t" && raw.includes("\t"))) {
          // What follows the last line end is no line.
          if (raw !== "") handlers.blank(line);
        } else if (Array.isArray(row)) handlers.row(row, line);
        line += lineEnds(raw);
      },
    });
    parser.parse(buffer, 0, !isEnd);
    buffer = buffer.slice(from);
  };

  return {
    push(chunk) {
      const text = started ? chunk : chunk.replace(/^\uFEFF/, "");
      started ||= text !== "";
      // A carriage return at the end may be half of a line end.
      buffer = (buffer + text).replace(/\r\n/g, "\n").replace(/\r(?!$)/g, "\n");
      if (buffer.length >= pieceLength) read(false);
    },
    flush: () => read(false),
    state: () => ({ line, delimiter, isBetweenRows: buffer === "" }),
    end() {
      buffer = buffer.replace(/\r$/, "\n");
      if (buffer !== "") read(true);
    },
  };
}

function lineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/** Undefined while the first line with anything on it is not complete. */
function delimiterOf(text: string, isEnd: boolean): string | undefined {
  const first = text.split("\n").find((each, i, lines) => each.trim() !== "" && (isEnd || i < lines.length - 1));
  if (first === undefined) return isEnd ? "," : undefined;
  const unquoted = first.replace(/"[^"]*"/g, "");
  const count = (delimiter: string): number => unquoted.split(delimiter).length;
  return delimiters.reduce((best, each) => (count(each) > count(best) ? each : best));
}
