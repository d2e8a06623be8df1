import type { IToken } from "chevrotain";
import type { Span } from "../diagnostics/span.js";
import { spanOfToken } from "./tokens.js";

/** A `#` comment, or a `##` line; one of its own line may document the declaration that follows. */
export interface Comment {
  /** As written, from the first `#` on, without white space at the end. */
  readonly text: string;
  readonly span: Span;
  /** Code stands in front of it on its line. */
  readonly trailing: boolean;
  /** It is a `##` line that became the `documentation` of a declaration, and is printed with that. */
  readonly documents: boolean;
}

/** A comment and the declaration it may document. */
export interface ReadComment extends Omit<Comment, "documents"> {
  /** The offset of the first token of the declaration that it stands in front of. */
  readonly declaration?: number;
}

const isDocumentation = (image: string): boolean => image.startsWith("##");

/** The text of a `##` line without the marks and the one space after them. */
const textOfDocumentation = (image: string): string => image.slice(2).replace(/^ /, "").trimEnd();

/**
 * Finds which comments document what: the last run of `##` lines in front of a declaration's first token, each alone
 * on its line, the run not interrupted by a blank line or another comment.
 */
export function readComments(
  tokens: readonly IToken[],
  comments: readonly IToken[],
  opensDeclaration: (index: number) => boolean,
): readonly ReadComment[] {
  const read: ReadComment[] = [];
  let next = 0;
  for (let i = 0; i <= tokens.length && next < comments.length; i++) {
    const token = i < tokens.length ? tokens[i] : undefined;
    const previousLine = i === 0 ? 0 : (tokens[i - 1].endLine ?? 0);
    let runStart = read.length;
    while (next < comments.length && (token === undefined || comments[next].startOffset < token.startOffset)) {
      const comment = comments[next];
      const line = comment.startLine ?? 0;
      const trailing = line === previousLine;
      const continues = next > 0 && comments[next - 1].startLine === line - 1;
      if (!continues) runStart = read.length;
      read.push({ text: comment.image.trimEnd(), span: spanOfToken(comment), trailing });
      if (trailing || !isDocumentation(comment.image)) runStart = read.length;
      next++;
    }
    if (token === undefined || !opensDeclaration(i)) continue;
    for (let j = runStart; j < read.length; j++) read[j] = { ...read[j], declaration: token.startOffset };
  }
  return read;
}

/** By the offset of a declaration's first token: the text of the `##` lines in front of it. */
export function documentationOf(comments: readonly ReadComment[]): ReadonlyMap<number, string> {
  const documentation = new Map<number, string[]>();
  for (const { declaration, text } of comments) {
    if (declaration === undefined) continue;
    const lines = documentation.get(declaration) ?? [];
    lines.push(textOfDocumentation(text));
    documentation.set(declaration, lines);
  }
  return new Map([...documentation].map(([offset, lines]) => [offset, lines.join("\n")] as const));
}
