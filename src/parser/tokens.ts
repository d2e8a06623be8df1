import { createToken, Lexer, type IToken, type TokenType } from "chevrotain";

/** The keywords; `contextual` ones stay usable as names wherever the grammar leaves no doubt. */
export const KEYWORDS = [
  "model",
  "size",
  "param",
  "given",
  "each",
  "chain",
  "latent",
  "observe",
  "init",
  "let",
  "net",
  "guide",
  "critic",
  "learn",
  "weight",
] as const;
export type Keyword = (typeof KEYWORDS)[number] | "in";

export const CONTEXTUAL_KEYWORDS: ReadonlySet<string> = new Set(["weight", "size", "init", "learn", "in"]);

/** Whatever may be used as a name: a plain name or a contextual keyword. */
export const NameLike = createToken({ name: "NameLike", pattern: Lexer.NA, label: "a name" });

/** Two or more primes are caught here too, to be refused as one word. */
export const Name = createToken({ name: "Name", pattern: /[A-Za-z_][A-Za-z_0-9]*'*/, categories: [NameLike] });

/** A word with letters outside ASCII: refused, but as one word. */
export const ForeignWord = createToken({
  name: "ForeignWord",
  pattern:
    /(?:[A-Za-z_][A-Za-z_0-9]*)?[\u00AA\u00B2\u00B3\u00B9\u00BA\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F\u0370-\u052F\u1E00-\u1FFF\u2070-\u209C\u210E\u2113][A-Za-z_0-9\u00AA\u00B2\u00B3\u00B9\u00BA\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F\u0370-\u052F\u1E00-\u1FFF\u2070-\u209C\u210E\u2113]*'*/,
});

function keyword(word: Keyword, ...more: TokenType[]): TokenType {
  const categories = CONTEXTUAL_KEYWORDS.has(word) ? [NameLike, ...more] : more;
  return createToken({ name: word, pattern: word, longer_alt: Name, categories, label: `\`${word}\`` });
}

/** `size` and `learn` where they begin a declaration; `Size` and `Learn` may be names as well. */
export const SizeKeyword = createToken({ name: "SizeKeyword", pattern: Lexer.NA, label: "`size`" });
export const LearnKeyword = createToken({ name: "LearnKeyword", pattern: Lexer.NA, label: "`learn`" });

export const Model = keyword("model");
export const Size = keyword("size", SizeKeyword);
export const Param = keyword("param");
export const Given = keyword("given");
export const Each = keyword("each");
export const Chain = keyword("chain");
export const Latent = keyword("latent");
export const Observe = keyword("observe");
export const Init = keyword("init");
export const Let = keyword("let");
export const Net = keyword("net");
export const Guide = keyword("guide");
export const Critic = keyword("critic");
export const Learn = keyword("learn", LearnKeyword);
export const Weight = keyword("weight");
export const In = keyword("in");

export const KEYWORD_TOKENS: Readonly<Record<Keyword, TokenType>> = {
  model: Model,
  size: Size,
  param: Param,
  given: Given,
  each: Each,
  chain: Chain,
  latent: Latent,
  observe: Observe,
  init: Init,
  let: Let,
  net: Net,
  guide: Guide,
  critic: Critic,
  learn: Learn,
  weight: Weight,
  in: In,
};

/** Anything that begins like a number, so that a malformed one is refused as a whole. */
export const NumberToken = createToken({
  name: "Number",
  pattern: /\.?[0-9](?:[eE][+-]?[0-9]|[A-Za-z_0-9]|\.)*/,
  label: "a number",
});

function symbol(name: string, text: string, categories: TokenType[] = []): TokenType {
  return createToken({ name, pattern: text, label: `\`${text}\``, categories });
}

/** `+ - * / ^` and the comparisons. */
export const BinaryOperator = createToken({ name: "BinaryOperator", pattern: Lexer.NA, label: "an operator" });

export const Arrow = symbol("Arrow", "->");
export const Pipe = symbol("Pipe", "|>");
export const LessEqual = symbol("LessEqual", "<=", [BinaryOperator]);
export const GreaterEqual = symbol("GreaterEqual", ">=", [BinaryOperator]);
export const EqualEqual = symbol("EqualEqual", "==", [BinaryOperator]);
export const NotEqual = symbol("NotEqual", "!=", [BinaryOperator]);
export const Less = symbol("Less", "<", [BinaryOperator]);
export const Greater = symbol("Greater", ">", [BinaryOperator]);
export const Plus = symbol("Plus", "+", [BinaryOperator]);
export const Minus = symbol("Minus", "-", [BinaryOperator]);
export const Star = symbol("Star", "*", [BinaryOperator]);
export const Slash = symbol("Slash", "/", [BinaryOperator]);
export const Caret = symbol("Caret", "^", [BinaryOperator]);
export const LeftBrace = symbol("LeftBrace", "{");
export const RightBrace = symbol("RightBrace", "}");
export const LeftParenthesis = symbol("LeftParenthesis", "(");
export const RightParenthesis = symbol("RightParenthesis", ")");
export const LeftBracket = symbol("LeftBracket", "[");
export const RightBracket = symbol("RightBracket", "]");
export const Colon = symbol("Colon", ":");
export const Semicolon = symbol("Semicolon", ";");
export const Comma = symbol("Comma", ",");
export const Dot = symbol("Dot", ".");
export const Tilde = symbol("Tilde", "~");
export const Equal = symbol("Equal", "=");
export const Question = symbol("Question", "?");

/** Symbols of other languages, read as ours so that one message is enough. */
export const ForeignSymbol = createToken({
  name: "ForeignSymbol",
  pattern: /\*\*|:=|=>|[@\u2264\u2265\u2260\u223C\u2212\u00D7\u00B7\u22C5\u2192]/,
});
export const QuotedText = createToken({
  name: "QuotedText",
  pattern: /"[^"\n\r]*"?|'[^'\n\r]*'|\u201C[^\u201D\n\r]*\u201D/,
});
export const UnknownCharacter = createToken({
  name: "UnknownCharacter",
  pattern: /[\uD800-\uDBFF][\uDC00-\uDFFF]|[\u0000-\u0008\u000E-\u001F\u007F$%&!\\|`'\u0080-\uFFFF]/,
});

const WhiteSpace = createToken({ name: "WhiteSpace", pattern: /\s+/, group: Lexer.SKIPPED, line_breaks: true });
const LineComment = createToken({ name: "LineComment", pattern: /#[^\n\r]*/, group: "comments" });
const ForeignComment = createToken({
  name: "ForeignComment",
  pattern: /\/\/[^\n\r]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?/,
  group: "foreignComments",
  line_breaks: true,
});

const SYMBOLS = [
  ...[Arrow, Pipe, LessEqual, GreaterEqual, EqualEqual, NotEqual, Less, Greater],
  ...[Plus, Minus, Star, Slash, Caret, LeftBrace, RightBrace, LeftParenthesis, RightParenthesis],
  ...[LeftBracket, RightBracket, Colon, Semicolon, Comma, Dot, Tilde, Equal, Question],
];

/** In the order in which the lexer tries them. */
const ALL_TOKENS: TokenType[] = [
  ...[WhiteSpace, LineComment, ForeignComment, NumberToken, ForeignWord],
  ...Object.values(KEYWORD_TOKENS),
  ...[Name, ForeignSymbol],
  ...SYMBOLS,
  ...[QuotedText, UnknownCharacter],
];

/** What the grammar sees. */
export const GRAMMAR_TOKENS: TokenType[] = [
  ...[NameLike, BinaryOperator, SizeKeyword, LearnKeyword, Name, NumberToken],
  ...Object.values(KEYWORD_TOKENS),
  ...SYMBOLS,
];

export interface RawTokens {
  readonly tokens: readonly IToken[];
  readonly comments: readonly IToken[];
  readonly foreignComments: readonly IToken[];
}

let lexer: Lexer | undefined;

/** Cuts a text into tokens; every character belongs to some token, so nothing is lost and nothing throws. */
export function tokenize(text: string): RawTokens {
  lexer ??= new Lexer(ALL_TOKENS, { skipValidations: true, ensureOptimizations: true });
  const result = lexer.tokenize(text);
  return {
    tokens: result.tokens,
    comments: result.groups["comments"] ?? [],
    foreignComments: result.groups["foreignComments"] ?? [],
  };
}

/** The same token read as another kind (a repaired word, a bracket put right). */
export function retyped(token: IToken, tokenType: TokenType, image = token.image): IToken {
  return { ...token, tokenType, tokenTypeIdx: tokenType.tokenTypeIdx ?? 0, image };
}

/** A token that nobody wrote, of no width, right behind `previous`. */
export function insertedAfter(previous: IToken, tokenType: TokenType, image: string): IToken {
  const end = previous.endOffset ?? previous.startOffset;
  return {
    ...retyped(previous, tokenType, image),
    startOffset: end + 1,
    endOffset: end,
    startLine: previous.endLine ?? previous.startLine ?? 1,
    isInsertedInRecovery: true,
  };
}

/** Is the token one of the words that no name may take? */
export function isReservedWord(token: IToken): boolean {
  if (token.tokenType === SizeKeyword || token.tokenType === LearnKeyword) return true;
  return token.image in KEYWORD_TOKENS && !CONTEXTUAL_KEYWORDS.has(token.image) && token.tokenType !== Name;
}

export function spanOfToken(token: IToken): { start: number; end: number } {
  return { start: token.startOffset, end: (token.endOffset ?? token.startOffset) + 1 };
}
