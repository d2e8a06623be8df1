import type { IToken } from "chevrotain";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { foreignSymbol, malformedName, malformedNumber, quotedText } from "../diagnostics/catalogue/parser.js";
import * as T from "./tokens.js";

export interface PlacedError {
  readonly diagnostic: Diagnostic;
  /** The token whose statement the error belongs to. */
  readonly at: number;
}

const DECLARATION_KEYWORDS: ReadonlySet<unknown> = new Set([
  ...[T.Model, T.Param, T.Given, T.Each, T.Chain, T.Latent, T.Observe, T.Let, T.Net, T.Guide, T.Critic],
  ...[T.SizeKeyword, T.LearnKeyword],
]);

/** Does a declaration, a model included, begin at this token? `size` and `learn` may also be names. */
export function opensDeclaration(tokens: readonly IToken[], index: number): boolean {
  const token = tokens[index];
  if (DECLARATION_KEYWORDS.has(token.tokenType)) return true;
  if (token.tokenType !== T.Size && token.tokenType !== T.Learn) return false;
  const next = index + 1 < tokens.length ? tokens[index + 1] : undefined;
  return (
    next !== undefined && (next.tokenType === T.Name || next.tokenTypeIdx in (T.NameLike.categoryMatchesMap ?? {}))
  );
}

/** Does something begin here that an error in front of it does not excuse? */
function opensStatement(tokens: readonly IToken[], index: number): boolean {
  if (opensDeclaration(tokens, index) || tokens[index].tokenType === T.RightBrace) return true;
  const next = index + 1 < tokens.length ? tokens[index + 1] : undefined;
  const onNewLine = index > 0 && tokens[index - 1].endLine !== tokens[index].startLine;
  return (
    onNewLine && tokens[index].tokenType === T.Name && (next?.tokenType === T.Tilde || next?.tokenType === T.Colon)
  );
}

/** What was read as something else entirely, so that the parser met no trouble because of it. */
const HARMLESS_CODES: ReadonlySet<string> = new Set(
  [malformedNumber, malformedName, quotedText, foreignSymbol].map((factory) => factory.definition.code),
);

/**
 * One mistake, one message: keeps of the parser's errors the first of each statement, and none of a statement that a
 * repair has already been reported for.
 */
export function withoutFollowUps(
  errors: readonly PlacedError[],
  tokens: readonly IToken[],
  repairs: readonly Diagnostic[],
): readonly Diagnostic[] {
  const statementOf: number[] = [];
  let statement = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (opensStatement(tokens, i)) statement++;
    statementOf.push(statement);
  }
  const ends = tokens.map((token) => T.spanOfToken(token).end);
  const excused = new Set<number>();
  const repairedAt = new Set(repairs.map((repair) => repair.span.start));
  for (const repair of repairs) {
    if (HARMLESS_CODES.has(repair.code)) continue;
    excused.add(statementOf[firstEndingFrom(ends, repair.span.start)] ?? statement);
  }
  const kept: Diagnostic[] = [];
  for (const { diagnostic, at } of errors) {
    // Brackets match by now, so a block that does not end where its brace is was begun wrongly.
    const atEnd = at >= tokens.length || tokens[at].tokenType === T.RightBrace;
    if (atEnd && (kept.length > 0 || repairs.length > 0) && isAboutBlocks(diagnostic)) continue;
    // An error on the keyword of the next statement is one of the statement that lacks something before it.
    const own = at < tokens.length ? statementOf[at] : statement;
    const broken = at > 0 && !isAboutBlocks(diagnostic) ? statementOf[at - 1] : own;
    const repaired = at < tokens.length && repairedAt.has(tokens[at].startOffset);
    if (repaired || excused.has(broken)) continue;
    excused.add(broken);
    kept.push(diagnostic);
  }
  return kept;
}

/** Was a declaration or a model expected, rather than a part of one? */
function isAboutBlocks({ message }: Diagnostic): boolean {
  return message.startsWith("expected a declaration") || message.startsWith("expected `model`");
}

/** The first token that ends at or behind an offset. */
function firstEndingFrom(ends: readonly number[], offset: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle] >= offset) high = middle;
    else low = middle + 1;
  }
  return low;
}
