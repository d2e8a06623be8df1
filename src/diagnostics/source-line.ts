/** One line of a source text as a terminal shows it, with the way from columns of the text to columns of the screen. */
export interface SourceLine {
  /** From 1. */
  readonly number: number;
  /** Tabs widened, what would disturb a terminal replaced. */
  readonly display: string;
  /** For each UTF-16 column of the text (from 0) and for the end of the line: the screen column, from 0. */
  readonly screenColumns: readonly number[];
  /** The offset in the text at which the line begins. */
  readonly start: number;
}

const TAB_WIDTH = 4;

/** East Asian wide characters and emoji, roughly: what terminals give two columns. */
function isWide(codePoint: number): boolean {
  return (
    (codePoint >= 0x1100 && codePoint <= 0x115f) ||
    (codePoint >= 0x2e80 && codePoint <= 0xa4cf) ||
    (codePoint >= 0xac00 && codePoint <= 0xd7a3) ||
    (codePoint >= 0xf900 && codePoint <= 0xfaff) ||
    (codePoint >= 0xfe30 && codePoint <= 0xfe6f) ||
    (codePoint >= 0xff00 && codePoint <= 0xff60) ||
    (codePoint >= 0x1f300 && codePoint <= 0x1faff) ||
    (codePoint >= 0x20000 && codePoint <= 0x3fffd)
  );
}

/** Lays out the line that begins at `start`; `end` is the offset of its line feed or the end of the text. */
export function layOutLine(text: string, number: number, start: number, end: number): SourceLine {
  const line = text.slice(start, end).replace(/\r$/, "");
  const screenColumns: number[] = [];
  let display = "";
  let column = 0;
  for (const character of line) {
    for (let i = 0; i < character.length; i++) screenColumns.push(column);
    if (character === "\t") {
      const width = TAB_WIDTH - (column % TAB_WIDTH);
      display += " ".repeat(width);
      column += width;
    } else if (/\p{Cc}|\p{Cf}|\p{Cs}|\u2028|\u2029/u.test(character)) {
      // Escape sequences and marks of writing direction must not reach the terminal.
      display += "\uFFFD";
      column += 1;
    } else {
      display += character;
      column += /\p{M}/u.test(character) ? 0 : isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
    }
  }
  screenColumns.push(column);
  return { number, display, screenColumns, start };
}
