import type { IToken, TokenType } from "chevrotain";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { keywordAsName, misspeltKeyword, notADeclaration, unexpectedToken } from "../diagnostics/catalogue/parser.js";
import { didYouMean } from "../diagnostics/did-you-mean.js";
import { EXPECTATIONS } from "./expectations.js";
import { describeToken, MODEL_KEYWORDS, reservedForLater } from "./syntax-errors.js";
import * as T from "./tokens.js";

/** Names of their own that read well where the keyword was tried as a name. */
const SUGGESTED_NAMES: Readonly<Record<string, string>> = {
  ...{ model: "fitted", param: "parameter", given: "input", each: "item", chain: "sequence", latent: "z" },
  ...{ observe: "x", let: "value", net: "network", guide: "encoder", critic: "judge" },
};

/** Words of other languages, and of plain speech, for what a declaration here is called. */
const SYNONYMS: Readonly<Record<string, T.Keyword>> = {
  ...{ parameter: "param", parameters: "param", hidden: "latent", observed: "observe", data: "observe" },
  ...{ observation: "observe", plate: "each", for: "each", foreach: "each", repeat: "each", time: "chain" },
  ...{ sequence: "chain", markov: "chain", network: "net", var: "let", const: "let", def: "let", input: "given" },
  ...{ covariate: "given", discriminator: "critic", train: "learn", fit: "learn", dim: "size", dimension: "size" },
  ...{ int: "size", random: "latent", variable: "latent" },
};

const BEFORE_A_NAME: ReadonlySet<TokenType> = new Set([
  ...[T.Model, T.Param, T.Given, T.Each, T.Chain, T.Latent, T.Observe, T.Let, T.Net, T.Critic],
]);
const BEFORE_AN_OPERAND: ReadonlySet<TokenType> = new Set([
  ...[T.LeftParenthesis, T.LeftBracket, T.Comma, T.Colon, T.Tilde, T.Equal, T.Plus, T.Minus, T.Star, T.Slash, T.Caret],
  ...[
    T.Less,
    T.LessEqual,
    T.Greater,
    T.GreaterEqual,
    T.EqualEqual,
    T.NotEqual,
    T.Dot,
    T.Pipe,
    T.Arrow,
    T.Init,
    T.Guide,
  ],
]);
const BEHIND_AN_OPERAND: ReadonlySet<TokenType> = new Set([
  ...[T.RightParenthesis, T.RightBracket, T.Comma, T.LeftBracket, T.Plus, T.Star, T.Slash, T.Caret, T.Dot],
]);
const BEFORE_A_BLOCK_NAME: ReadonlySet<TokenType> = new Set([T.Model, T.Each, T.Chain, T.In, T.Weight, T.Learn]);

/** A token and its neighbours; `previous` as already repaired. */
interface Window {
  readonly previous: IToken | undefined;
  readonly token: IToken;
  readonly next: IToken | undefined;
  readonly afterNext: IToken | undefined;
  readonly depth: number;
  /** The token before is the `size` that begins a declaration, not a name. */
  readonly declaresSize: boolean;
}

const onOneLine = (first: IToken | undefined, second: IToken | undefined): boolean =>
  first !== undefined && second !== undefined && first.endLine === second.startLine;

function usesKeywordAsName({ previous, token, next, declaresSize }: Window): boolean {
  if (!T.isReservedWord(token) || previous === undefined || !onOneLine(previous, token)) return false;
  // `latent observe x: …` is a keyword too many rather than a variable called `observe`.
  if (BEFORE_A_NAME.has(previous.tokenType) || declaresSize) return next === undefined || next.tokenType !== T.Name;
  if (!BEFORE_AN_OPERAND.has(previous.tokenType) || next === undefined) return false;
  return next.tokenType === T.Colon || BEHIND_AN_OPERAND.has(next.tokenType);
}

/** May a statement begin with this token, for all that its line shows? */
function opensLine(previous: IToken | undefined, token: IToken): boolean {
  if (previous === undefined || [T.LeftBrace, T.RightBrace, T.Semicolon].includes(previous.tokenType)) return true;
  return !onOneLine(previous, token) && !BEFORE_AN_OPERAND.has(previous.tokenType);
}

/** Two names side by side never occur, so the first is a misspelt keyword if it looks like one. */
function meantKeyword(window: Window): { keyword: T.Keyword; synonym: boolean } | undefined {
  const { previous, token, next, afterNext, depth } = window;
  if (token.tokenType !== T.Name || next === undefined) return undefined;
  const follows = (types: ReadonlySet<TokenType>): boolean => previous !== undefined && types.has(previous.tokenType);
  if (follows(BEFORE_AN_OPERAND) || follows(BEFORE_A_NAME)) return undefined;
  const misspelt = (candidates: readonly T.Keyword[]): { keyword: T.Keyword; synonym: boolean } | undefined => {
    const near = didYouMean(token.image, candidates);
    const keyword = candidates.find((candidate) => candidate === near);
    return keyword === undefined ? undefined : { keyword, synonym: false };
  };
  if (next.tokenType === T.Name && onOneLine(token, next)) {
    if (depth === 0 && afterNext?.tokenType === T.LeftBrace) return { keyword: "model", synonym: false };
    const synonym = Object.hasOwn(SYNONYMS, token.image.toLowerCase())
      ? SYNONYMS[token.image.toLowerCase()]
      : undefined;
    if (synonym !== undefined && opensLine(previous, token)) return { keyword: synonym, synonym: true };
    return misspelt([...T.KEYWORDS, "in"]);
  }
  if (next.tokenType === T.LeftBrace && depth > 0 && !follows(BEFORE_A_BLOCK_NAME)) return misspelt(["guide"]);
  // `lte (m, s) = …`: three letters are near to many names, so only a shuffled `let` counts.
  const shuffled = next.tokenType === T.LeftParenthesis && [...token.image].sort().join("") === "elt";
  return shuffled && opensLine(previous, token) ? { keyword: "let", synonym: false } : undefined;
}

/** `size K` and `learn em` on a line of their own: no name has a name or a number behind it. */
function declarationKeyword({ previous, token, next, afterNext }: Window): TokenType | undefined {
  const type = token.tokenType === T.Size ? T.SizeKeyword : token.tokenType === T.Learn ? T.LearnKeyword : undefined;
  if (type === undefined || next === undefined || !onOneLine(token, next)) return undefined;
  const firstOnLine = previous === undefined || !onOneLine(previous, token);
  if (!firstOnLine || ![T.Name, T.NumberToken].includes(next.tokenType)) return undefined;
  // What follows may be the next site of a guide or the next option of `learn`.
  return afterNext?.tokenType === T.Tilde || afterNext?.tokenType === T.Colon ? undefined : type;
}

/** A line that begins with two names of which the first is near to no keyword. */
function strayWord(window: Window): Diagnostic | undefined {
  const { previous, token, next, depth } = window;
  if (token.tokenType !== T.Name || next?.tokenType !== T.Name || !onOneLine(token, next)) return undefined;
  if (!opensLine(previous, token)) return undefined;
  const found = describeToken(token);
  const span = T.spanOfToken(token);
  const { expected, hint } = EXPECTATIONS.modelKeyword;
  const keywords = MODEL_KEYWORDS;
  if (depth === 0) return reservedForLater(token) ?? unexpectedToken(span, { expected, found, hint });
  return reservedForLater(token) ?? notADeclaration(span, { found, place: undefined, keywords, hint: undefined });
}

/** Reads misspelt keywords as keywords and keywords in the place of names as names, reporting both. */
export function repairWords(tokens: readonly IToken[]): {
  readonly tokens: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const repaired: IToken[] = [];
  const diagnostics: Diagnostic[] = [];
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    const previous = repaired.at(-1);
    const declaresSize =
      previous?.tokenType === T.SizeKeyword || (previous?.tokenType === T.Size && opensLine(repaired.at(-2), previous));
    const window = { previous, token, next: tokens.at(i + 1), afterNext: tokens.at(i + 2), depth, declaresSize };
    if (token.tokenType === T.LeftBrace) depth++;
    if (token.tokenType === T.RightBrace) depth = Math.max(0, depth - 1);
    const span = T.spanOfToken(token);
    const meant = meantKeyword(window);
    if (usesKeywordAsName(window)) {
      const suggestion = SUGGESTED_NAMES[token.image] ?? `${token.image}_`;
      diagnostics.push(keywordAsName(span, { keyword: token.image, suggestion }));
      repaired.push(T.retyped(token, T.Name));
    } else if (meant !== undefined) {
      const { keyword, synonym } = meant;
      const fix = { span, replacement: keyword };
      const hint = `what you call \`${token.image}\` is \`${keyword}\` here`;
      const wording = { found: describeToken(token), place: undefined, keywords: MODEL_KEYWORDS, hint };
      const told = synonym
        ? notADeclaration(span, wording, { fix })
        : misspeltKeyword(span, { written: token.image, keyword }, { fix });
      diagnostics.push(told);
      repaired.push(T.retyped(token, T.KEYWORD_TOKENS[keyword], keyword));
    } else {
      const missesModel = depth === 0 && token.tokenType === T.Name && window.next?.tokenType === T.LeftBrace;
      if (missesModel && previous?.tokenType !== T.Model && opensLine(previous, token)) {
        const { hint } = EXPECTATIONS.modelKeyword;
        const fix = { span: { start: span.start, end: span.start }, replacement: "model " };
        const expected = "`model` before the name";
        diagnostics.push(unexpectedToken(span, { expected, found: describeToken(token), hint }, { fix }));
        repaired.push({ ...T.retyped(token, T.Model, "model"), endOffset: token.startOffset - 1 });
      }
      const stray = strayWord(window);
      if (stray !== undefined) diagnostics.push(stray);
      const declares = declarationKeyword(window);
      repaired.push(declares === undefined ? token : T.retyped(token, declares));
    }
  }
  return { tokens: repaired, diagnostics };
}
