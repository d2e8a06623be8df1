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

export interface CommentTable {
  readonly comments: readonly Comment[];
  /** By the offset of a declaration's first token: the text of the `##` lines in front of it. */
  readonly documentation: ReadonlyMap<number, string>;
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
): CommentTable {
  const documentation = new Map<number, string>();
  const documenting = new Set<IToken>();
  const trailing = new Set<IToken>();
  let next = 0;
  for (let i = 0; i <= tokens.length && next < comments.length; i++) {
    const token = i < tokens.length ? tokens[i] : undefined;
    const previousLine = i === 0 ? 0 : (tokens[i - 1].endLine ?? 0);
    let run: IToken[] = [];
    while (next < comments.length && (token === undefined || comments[next].startOffset < token.startOffset)) {
      const comment = comments[next++];
      const line = comment.startLine ?? 0;
      if (line === previousLine) trailing.add(comment);
      const follows = run.length > 0 && (run[run.length - 1].startLine ?? 0) === line - 1;
      if (!isDocumentation(comment.image) || line === previousLine) run = [];
      else run = follows ? [...run, comment] : [comment];
    }
    if (token === undefined || run.length === 0 || !opensDeclaration(i)) continue;
    documentation.set(token.startOffset, run.map((comment) => textOfDocumentation(comment.image)).join("\n"));
    for (const comment of run) documenting.add(comment);
  }
  return {
    documentation,
    comments: comments.map((comment) => ({
      text: comment.image.trimEnd(),
      span: spanOfToken(comment),
      trailing: trailing.has(comment),
      documents: documenting.has(comment),
    })),
  };
}
