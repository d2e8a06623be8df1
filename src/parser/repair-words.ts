import type { IToken } from "chevrotain";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { keywordAsName, misspeltKeyword } from "../diagnostics/catalogue/parser.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import * as T from "./tokens.js";

/** Names of their own that read well where the keyword was tried as a name. */
const SUGGESTED_NAMES: Readonly<Record<string, string>> = {
  model: "fitted",
  param: "parameter",
  given: "input",
  each: "item",
  chain: "sequence",
  latent: "z",
  observe: "x",
  let: "value",
  net: "network",
  guide: "encoder",
  critic: "judge",
};

/** A word behind one of these is a name being declared. */
const BEFORE_A_NAME: ReadonlySet<unknown> = new Set([
  ...[T.Model, T.Size, T.Param, T.Given, T.Each, T.Chain, T.Latent, T.Observe, T.Let, T.Net, T.Critic],
]);

/** A word between one of these and one of the next set is an operand. */
const BEFORE_AN_OPERAND: ReadonlySet<unknown> = new Set([
  ...[T.LeftParenthesis, T.LeftBracket, T.Comma, T.Colon, T.Tilde, T.Equal, T.Plus, T.Minus, T.Star, T.Slash, T.Caret],
]);
const BEHIND_AN_OPERAND: ReadonlySet<unknown> = new Set([
  ...[T.RightParenthesis, T.RightBracket, T.Comma, T.LeftBracket, T.Plus, T.Star, T.Slash, T.Caret, T.Dot],
]);

const BEFORE_A_BLOCK_NAME: ReadonlySet<unknown> = new Set([T.Model, T.Each, T.Chain, T.In, T.Weight, T.Learn]);

const onOneLine = (first: IToken, second: IToken): boolean => first.endLine === second.startLine;

function usesKeywordAsName(previous: IToken | undefined, token: IToken, next: IToken | undefined): boolean {
  if (!T.isReservedWord(token) || previous === undefined) return false;
  if (next?.tokenType === T.Colon && token.tokenType !== T.Model) return true;
  if (!onOneLine(previous, token)) return false;
  if (BEFORE_A_NAME.has(previous.tokenType)) {
    // `latent observe x: …` is a keyword too many rather than a variable called `observe`.
    return next === undefined || !T.isReservedWord(token) || next.tokenType !== T.Name;
  }
  return BEFORE_AN_OPERAND.has(previous.tokenType) && next !== undefined && BEHIND_AN_OPERAND.has(next.tokenType);
}

/** Two names side by side never occur, so the first is a misspelt keyword if it looks like one. */
function meantKeyword(before: IToken | undefined, token: IToken, next: IToken | undefined): string | undefined {
  if (token.tokenType !== T.Name || next === undefined) return undefined;
  const operand = before !== undefined && BEFORE_AN_OPERAND.has(before.tokenType);
  if (operand || (before !== undefined && BEFORE_A_NAME.has(before.tokenType))) return undefined;
  const sideBySide = next.tokenType === T.Name && onOneLine(token, next);
  const opensBlock = next.tokenType === T.LeftBrace && !(before !== undefined && BEFORE_A_BLOCK_NAME.has(before.tokenType));
  const opensPattern = next.tokenType === T.LeftParenthesis && (before === undefined || !onOneLine(before, token));
  if (sideBySide) return didYouMean(token.image, [...T.KEYWORDS, "in"]);
  if (opensBlock) return didYouMean(token.image, ["guide"]);
  // `lte (m, s) = …`: three letters are near to many names, so only a shuffled `let` counts.
  if (opensPattern && [...token.image].sort().join("") === "elt") return "let";
  return undefined;
}

/** Reads misspelt keywords as keywords and keywords in the place of names as names, reporting both. */
export function repairWords(tokens: readonly IToken[]): {
  readonly tokens: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const repaired: IToken[] = [];
  const diagnostics: Diagnostic[] = [];
  tokens.forEach((token, i) => {
    const previous = repaired.at(-1);
    const next = i + 1 < tokens.length ? tokens[i + 1] : undefined;
    const span = T.spanOfToken(token);
    if (usesKeywordAsName(previous, token, next)) {
      const suggestion = SUGGESTED_NAMES[token.image] ?? `${token.image}_`;
      diagnostics.push(keywordAsName(span, { keyword: token.image, suggestion }));
      repaired.push(T.retyped(token, T.Name));
      return;
    }
    const keyword = meantKeyword(previous, token, next);
    const type = keyword === undefined ? undefined : Object.entries(T.KEYWORD_TOKENS).find(([word]) => word === keyword)?.[1];
    if (keyword === undefined || type === undefined) {
      repaired.push(token);
      return;
    }
    const fix = { span, replacement: keyword };
    diagnostics.push(misspeltKeyword(span, { written: token.image, keyword }, { fix }));
    repaired.push(T.retyped(token, type, keyword));
  });
  return { tokens: repaired, diagnostics };
}
