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
  end(): void;
}

const delimiters = [",", ";", "\t"] as const;

/**
 * A streaming reader of delimited text (RFC 4180): quoted fields with doubled quotes and line breaks, any line ends, a
 * byte order mark. The delimiter is whichever of comma, semicolon and tab the first line has most of.
 *
 * Written here rather than taken from a package because messages need the line of every row, and one-column files
 * need the difference between an empty line and an empty quoted field.
 */
export function parseCsv(handlers: CsvHandlers): CsvParser {
  let buffer = "";
  let line = 0;
  let delimiter: string | undefined;
  let fields: string[] = [];
  let firstLine = 0;
  // Contents of the quoted field that is open across a line end.
  let open: string | undefined;

  /** Reads fields from `at`; false where the line ends inside a quoted field. */
  const scan = (text: string, separator: string): boolean => {
    let at = 0;
    for (;;) {
      if (open === undefined && text[at] === '"') {
        open = "";
        at++;
      }
      let end: number;
      if (open === undefined) {
        end = fieldEnd(text, separator, at);
        fields.push(text.slice(at, end));
      } else {
        let quote = text.indexOf('"', at);
        while (quote !== -1 && text[quote + 1] === '"') {
          open += text.slice(at, quote + 1);
          at = quote + 2;
          quote = text.indexOf('"', at);
        }
        if (quote === -1) {
          open += text.slice(at) + "\n";
          return false;
        }
        end = fieldEnd(text, separator, quote + 1);
        fields.push(open + text.slice(at, quote) + text.slice(quote + 1, end));
        open = undefined;
      }
      if (end === text.length) return true;
      at = end + 1;
    }
  };

  const take = (text: string): void => {
    line++;
    if (open === undefined) {
      if (text.trim() === "" && !(delimiter === "\t" && text.includes("\t"))) return handlers.blank(line);
      delimiter ??= mostFrequentDelimiter(text);
      if (!text.includes('"')) return handlers.row(text.split(delimiter), line);
      fields = [];
      firstLine = line;
    }
    if (scan(text, delimiter ?? ",")) handlers.row(fields, firstLine);
  };

  return {
    push(chunk) {
      buffer = (line === 0 && buffer === "" ? chunk.replace(/^\uFEFF/, "") : buffer + chunk).replace(/\r\n/g, "\n");
      let from = 0;
      for (let end = buffer.indexOf("\n"); end !== -1; end = buffer.indexOf("\n", from)) {
        takeWithLoneReturns(buffer.slice(from, end), take);
        from = end + 1;
      }
      buffer = buffer.slice(from);
    },
    end() {
      if (buffer !== "") takeWithLoneReturns(buffer.replace(/\r$/, ""), take);
      if (open !== undefined) handlers.unclosedQuote(firstLine);
    },
  };
}

/** Old files end lines with a lone carriage return. */
function takeWithLoneReturns(text: string, take: (line: string) => void): void {
  if (text.includes("\r")) text.split("\r").forEach(take);
  else take(text);
}

function fieldEnd(text: string, separator: string, from: number): number {
  const end = text.indexOf(separator, from);
  return end === -1 ? text.length : end;
}

function mostFrequentDelimiter(header: string): string {
  const unquoted = header.replace(/"[^"]*"/g, "");
  const count = (delimiter: string): number => unquoted.split(delimiter).length;
  return delimiters.reduce((best, each) => (count(each) > count(best) ? each : best));
}
