import type { IToken, TokenType } from "chevrotain";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { nestedTooDeeply, unclosedBracket, unmatchedBracket, wrongBracket } from "../diagnostics/catalogue/parser.js";
import type { Span } from "../diagnostics/span.js";
import * as T from "./tokens.js";

/** How deep brackets of any kind may nest: far beyond what people write, far below what overflows a stack. */
export const NESTING_LIMIT = 64;

interface Kind {
  readonly open: string;
  readonly close: string;
  readonly closeType: TokenType;
}

const KIND_OF_OPENING = new Map<TokenType, Kind>([
  [T.LeftBrace, { open: "{", close: "}", closeType: T.RightBrace }],
  [T.LeftParenthesis, { open: "(", close: ")", closeType: T.RightParenthesis }],
  [T.LeftBracket, { open: "[", close: "]", closeType: T.RightBracket }],
]);
const KIND_OF_CLOSING = new Map<TokenType, Kind>(
  [...KIND_OF_OPENING.values()].map((kind) => [kind.closeType, kind] as const),
);

/** These begin a declaration and occur nowhere else, so no parenthesis reaches across one. */
const DECLARATION_KEYWORDS: ReadonlySet<TokenType> = new Set([
  ...[T.Model, T.Param, T.Given, T.Each, T.Chain, T.Latent, T.Observe, T.Let, T.Net, T.Guide, T.Critic],
  ...[T.SizeKeyword, T.LearnKeyword],
]);

interface Opening {
  readonly token: IToken;
  readonly kind: Kind;
  /** The column in which the line of the opening bracket begins. */
  readonly indent: number;
}

/** The place at which something is missing: on what stands there instead, or behind the last token of the line. */
export function placeOfMissing(previous: IToken, found: IToken | undefined): Span {
  const behind = {
    start: (previous.endOffset ?? previous.startOffset) + 1,
    end: (previous.endOffset ?? previous.startOffset) + 1,
  };
  return found !== undefined && found.startLine === previous.endLine ? T.spanOfToken(found) : behind;
}

/** One walk over the tokens; `byIndentation` lets a block end where the text steps back to its opening line. */
class BracketWalk {
  readonly tokens: IToken[] = [];
  readonly diagnostics: Diagnostic[] = [];
  missingBraces = 0;
  strayBraces = 0;
  deepest: IToken | undefined;
  readonly #open: Opening[] = [];
  readonly #byIndentation: boolean;
  #indent = 1;

  constructor(byIndentation: boolean) {
    this.#byIndentation = byIndentation;
  }

  walk(tokens: readonly IToken[]): this {
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i];
      const previous = i === 0 ? undefined : tokens[i - 1];
      const firstOnLine = previous === undefined || previous.endLine !== token.startLine;
      if (firstOnLine) this.#indent = token.startColumn ?? 1;
      this.#step(token, firstOnLine, tokens.at(i + 1));
      if (this.deepest !== undefined) return this;
    }
    while (this.#open.length > 0) this.#closeMissing(undefined);
    return this;
  }

  #step(token: IToken, firstOnLine: boolean, next: IToken | undefined): void {
    const startsModel = token.tokenType === T.Model && next !== undefined && next.tokenType !== T.Colon;
    if (DECLARATION_KEYWORDS.has(token.tokenType)) {
      this.#closeWhile(token, (top) => top.kind.open !== "{" || startsModel);
    }
    if (this.#byIndentation && firstOnLine) {
      const isClosing = token.tokenType === T.RightBrace;
      const column = token.startColumn ?? 1;
      this.#closeWhile(
        token,
        (top) => top.kind.open === "{" && (isClosing ? column < top.indent : column <= top.indent),
      );
    }
    const opening = KIND_OF_OPENING.get(token.tokenType);
    if (opening !== undefined) {
      this.#open.push({ token, kind: opening, indent: this.#indent });
      if (this.#open.length > NESTING_LIMIT) this.deepest ??= token;
      this.tokens.push(token);
      return;
    }
    const closing = KIND_OF_CLOSING.get(token.tokenType);
    if (closing === undefined) this.tokens.push(token);
    else this.#close(token, closing);
  }

  #close(token: IToken, closing: Kind): void {
    const top = this.#open.at(-1);
    if (top?.kind === closing) {
      this.#open.pop();
      this.tokens.push(token);
      return;
    }
    // A parenthesis never reaches out of its braces.
    const brace = this.#open.findLastIndex((opening) => opening.kind.open === "{");
    const match = this.#open.findLastIndex((opening) => opening.kind === closing);
    if (match >= 0 && (closing.close === "}" || match > brace)) {
      this.#closeWhile(token, (opening) => opening.kind !== closing);
      this.#open.pop();
      this.tokens.push(token);
      return;
    }
    const span = T.spanOfToken(token);
    if (top !== undefined && top.kind.open !== "{" && closing.close !== "}") {
      this.#open.pop();
      const wording = { found: closing.close, expected: top.kind.close, open: top.kind.open };
      const related = [{ span: T.spanOfToken(top.token), message: "opened here" }];
      this.diagnostics.push(wrongBracket(span, wording, { related, fix: { span, replacement: top.kind.close } }));
      this.tokens.push(T.retyped(token, top.kind.closeType, top.kind.close));
      return;
    }
    if (closing.close === "}") this.strayBraces++;
    this.diagnostics.push(unmatchedBracket(span, closing, { fix: { span, replacement: "" } }));
  }

  #closeWhile(found: IToken, isUnclosed: (top: Opening) => boolean): void {
    for (let top = this.#open.at(-1); top !== undefined && isUnclosed(top); top = this.#open.at(-1)) {
      this.#closeMissing(found);
    }
  }

  #closeMissing(found: IToken | undefined): void {
    const top = this.#open.pop();
    const previous = this.tokens.at(-1);
    if (top === undefined || previous === undefined) return;
    const { open, close, closeType } = top.kind;
    const next = found?.image === close ? "the next " : "";
    const before = found === undefined ? "the end of the file" : `${next}\`${found.image}\``;
    const behind = placeOfMissing(previous, undefined);
    const replacement = open === "{" ? `\n${" ".repeat(top.indent - 1)}}` : close;
    const related = [{ span: T.spanOfToken(top.token), message: "opened here" }];
    const details = { related, fix: { span: behind, replacement } };
    this.diagnostics.push(unclosedBracket(placeOfMissing(previous, found), { open, close, before }, details));
    if (open === "{") this.missingBraces++;
    this.tokens.push(T.insertedAfter(previous, closeType, close));
  }
}

export interface BalancedTokens {
  readonly tokens: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
  /** Whether the nesting is shallow enough to be parsed at all. */
  readonly parsable: boolean;
}

/**
 * Makes brackets match, reporting each that does not: the parser then sees whole groups only, and a forgotten bracket
 * gives one message instead of many.
 */
export function balanceBrackets(tokens: readonly IToken[]): BalancedTokens {
  const plain = new BracketWalk(false).walk(tokens);
  const unbalanced = plain.missingBraces + plain.strayBraces > 0;
  // Only indentation tells which of several blocks lacks its brace; without a lack it tells nothing.
  const indented = unbalanced ? new BracketWalk(true).walk(tokens) : plain;
  const chosen = indented.diagnostics.length <= plain.diagnostics.length ? indented : plain;
  if (chosen.deepest === undefined) return { tokens: chosen.tokens, diagnostics: chosen.diagnostics, parsable: true };
  const what = "brackets inside brackets";
  const deepest = nestedTooDeeply(T.spanOfToken(chosen.deepest), { what, limit: NESTING_LIMIT });
  const before = chosen.diagnostics.filter((diagnostic) => diagnostic.span.end <= deepest.span.start);
  return { tokens: [], diagnostics: [...before, deepest], parsable: false };
}
