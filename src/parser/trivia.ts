import type { Span } from "../diagnostics/span.js";
import type { Comment } from "./comments.js";

/** Comment lines to print in front of something, and whether the source left a blank line before them. */
export interface Leading {
  readonly lines: readonly string[];
  readonly blankBefore: boolean;
}

/** What a syntax tree does not hold and a formatter must keep: comments and blank lines. */
export interface Trivia {
  /** The comment behind the `{` of a block whose first item begins at `firstItem`. */
  behindHead(block: Span, firstItem: number): string | undefined;
  /** The comment at the end of the line on which something ends. */
  behind(end: number, until: number): string | undefined;
  /** What stands between `from` and an item and, of an item that is one line, inside it. */
  before(item: Span, from: number, shape: { readonly isLine: boolean; readonly documentable: boolean }): Leading;
  /** The comments between the last item of a block and its end. */
  rest(from: number, until: number): Leading;
}

/** A tree that comes from no text. */
export const NO_TRIVIA: Trivia = {
  behindHead: () => undefined,
  behind: () => undefined,
  before: () => ({ lines: [], blankBefore: false }),
  rest: () => ({ lines: [], blankBefore: false }),
};

const BLANK_LINE = /(?:\r\n|\n|\r(?!\n))[ \t]*(?:\r\n|\n|\r(?!\n))/;

/** Hands out the comments of a text, each exactly once. */
export class SourceTrivia implements Trivia {
  readonly #text: string;
  readonly #comments: readonly Comment[];
  readonly #used = new Set<Comment>();

  constructor(text: string, comments: readonly Comment[]) {
    this.#text = text;
    this.#comments = comments;
  }

  behindHead(block: Span, firstItem: number): string | undefined {
    return this.#use(this.#unused(block.start, firstItem).find((comment) => comment.trailing));
  }

  behind(end: number, until: number): string | undefined {
    const next = this.#unused(end, until).at(0);
    const sameLine = next !== undefined && next.trailing && !/[\n\r]/.test(this.#text.slice(end, next.span.start));
    return sameLine ? this.#use(next) : undefined;
  }

  before(item: Span, from: number, { isLine, documentable }: { isLine: boolean; documentable: boolean }): Leading {
    const outside = this.#unused(from, item.start);
    const start = outside.length > 0 ? outside[0].span.start : item.start;
    const plain = outside.filter((comment) => !comment.documents);
    const inside = isLine ? this.#unused(item.start, item.end) : [];
    const lines = [...this.#lines(plain)];
    const last = plain.at(-1);
    const next = outside.find((comment) => comment.documents)?.span.start ?? item.start;
    if (last !== undefined && this.#blankBetween(last.span.end, next)) lines.push("");
    lines.push(...this.#lines(inside));
    for (const comment of [...outside, ...inside]) this.#used.add(comment);
    // A `##` line that documented nothing must not begin to do so because it moved.
    const isDocumented = outside.some((comment) => comment.documents);
    let i = lines.length - 1;
    if (!isDocumented && i >= 0 && lines[i] === "") i--;
    for (; documentable && i >= 0 && lines[i].startsWith("##"); i--) lines[i] = lines[i].replace(/^#+/, "#");
    return { lines, blankBefore: this.#blankBetween(from, start) };
  }

  rest(from: number, until: number): Leading {
    const comments = this.#unused(from, until);
    for (const comment of comments) this.#used.add(comment);
    const blankBefore = comments.length > 0 && this.#blankBetween(from, comments[0].span.start);
    return { lines: this.#lines(comments), blankBefore };
  }

  #use(comment: Comment | undefined): string | undefined {
    if (comment !== undefined) this.#used.add(comment);
    return comment?.text;
  }

  #unused(from: number, until: number): readonly Comment[] {
    let low = 0;
    let high = this.#comments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#comments[middle].span.start < from) low = middle + 1;
      else high = middle;
    }
    const found: Comment[] = [];
    for (let i = low; i < this.#comments.length && this.#comments[i].span.start < until; i++) {
      if (!this.#used.has(this.#comments[i])) found.push(this.#comments[i]);
    }
    return found;
  }

  #blankBetween(from: number, to: number): boolean {
    return BLANK_LINE.test(this.#text.slice(from, to));
  }

  /** Comments on lines of their own, at most one blank line between them kept. */
  #lines(comments: readonly Comment[]): readonly string[] {
    return comments.flatMap((comment, i) => {
      const blank = i > 0 && this.#blankBetween(comments[i - 1].span.end, comment.span.start);
      return blank ? ["", comment.text] : [comment.text];
    });
  }
}
