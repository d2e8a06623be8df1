import { EOF, type IRecognitionException, type IToken } from "chevrotain";
import { missingRelation, notADeclaration, notYetInTheLanguage, unexpectedToken } from "../diagnostics/catalogue/parser.js";
import type { Diagnostic, Fix } from "../diagnostics/diagnostic.js";
import type { Span } from "../diagnostics/span.js";
import { placeOfMissing } from "./balance-brackets.js";
import { EXPECTATIONS, isExpectationName, type Expectation, type ExpectationName } from "./expectations.js";
import * as T from "./tokens.js";

const BLOCK_KEYWORDS = ["latent", "observe", "let", "given", "each", "chain"];
const MODEL_KEYWORDS = ["size", "param", "net", ...BLOCK_KEYWORDS, "guide", "critic", "learn"];

/** Words of other languages, and of plain speech, for what a declaration here is called. */
const SYNONYMS: Readonly<Record<string, string>> = {
  ...{ parameter: "param", parameters: "param", hidden: "latent", observed: "observe", data: "observe" },
  ...{ observation: "observe", plate: "each", for: "each", foreach: "each", repeat: "each", time: "chain" },
  ...{ sequence: "chain", markov: "chain", network: "net", var: "let", const: "let", def: "let", input: "given" },
  ...{ covariate: "given", discriminator: "critic", encoder: "guide", inference: "guide", train: "learn", fit: "learn" },
  ...{ dim: "size", dimension: "size", int: "size", local: "let", random: "latent", variable: "latent" },
};

const RESERVED: Readonly<Record<string, { readonly what: string; readonly instead: string }>> = {
  import: { what: "imports of other models", instead: "write the model out in this file; its parts can be copied" },
  include: { what: "imports of other models", instead: "write the model out in this file; its parts can be copied" },
  function: { what: "functions of one's own", instead: "name a computed value with `let`, or use a `net`" },
  fn: { what: "functions of one's own", instead: "name a computed value with `let`, or use a `net`" },
  grid: { what: "two-dimensional grids", instead: "use `each` for exchangeable rows or `chain` for a sequence" },
};

export function describeToken(token: IToken): string {
  if (token.tokenType === EOF) return "the end of the file";
  if (token.tokenType === T.NumberToken) return `the number \`${token.image}\``;
  if (T.isReservedWord(token)) return `the keyword \`${token.image}\``;
  return `\`${token.image}\``;
}

interface Place {
  readonly found: IToken;
  readonly previous: IToken | undefined;
  readonly span: Span;
}

function placeOf(error: IRecognitionException): Place {
  // Chevrotain's exceptions know the token before, its interface does not say so.
  const before = "previousToken" in error ? (error.previousToken as IToken | undefined) : undefined;
  const previous = before === undefined || Number.isNaN(before.startOffset) ? undefined : before;
  const found = error.token;
  if (found.tokenType !== EOF) {
    return { found, previous, span: previous === undefined ? T.spanOfToken(found) : placeOfMissing(previous, found) };
  }
  return { found, previous, span: previous === undefined ? { start: 0, end: 0 } : placeOfMissing(previous, undefined) };
}

/** A symbol that alone is missing is put behind the last token, spaced as people space it. */
function insertion(expectation: Expectation, place: Place, deleted: boolean): { fix?: Fix } {
  if (expectation.insert === undefined || place.previous === undefined || deleted) return {};
  const behind = placeOfMissing(place.previous, undefined);
  const spaced = ["~", "=", "->", "{"].includes(expectation.insert) ? ` ${expectation.insert}` : expectation.insert;
  const tight = place.found.tokenType !== EOF && place.found.startOffset === behind.start;
  return { fix: { span: behind, replacement: tight && spaced.startsWith(" ") ? `${spaced} ` : spaced } };
}

function declarationExpected(place: Place, where: string, keywords: readonly string[]): Diagnostic {
  const { found, previous } = place;
  const word = found.image;
  const reserved = Object.hasOwn(RESERVED, word) ? RESERVED[word] : undefined;
  if (reserved !== undefined) return notYetInTheLanguage(T.spanOfToken(found), { word, ...reserved });
  const synonym = Object.hasOwn(SYNONYMS, word.toLowerCase()) ? SYNONYMS[word.toLowerCase()] : undefined;
  if (synonym !== undefined && keywords.includes(synonym)) {
    const fix = { span: place.span, replacement: synonym };
    const hint = `what you call \`${word}\` is \`${synonym}\` here`;
    return notADeclaration(place.span, { found: describeToken(found), place: where, keywords, hint }, { fix });
  }
  const goesOn = previous !== undefined && previous.endLine === found.startLine && previous.tokenType !== T.LeftBrace;
  const comma = "if it continues what stands before it, an operator or a `,` is missing between them";
  const hint = goesOn ? comma : undefined;
  return notADeclaration(place.span, { found: describeToken(found), place: where, keywords, hint });
}

/** `Normal(m s)`: two operands side by side inside brackets. */
function startsOperand(token: IToken): boolean {
  return [T.NumberToken, T.Name, T.LeftParenthesis].includes(token.tokenType);
}

function relationMissing(place: Place, role: "latent" | "observe", tokens: readonly IToken[]): Diagnostic {
  const until = place.previous === undefined ? 0 : tokens.indexOf(place.previous);
  const keyword = tokens.findLastIndex((token, i) => i <= until && token.image === role);
  const name = tokens[keyword + 1]?.image ?? "x";
  const distribution = place.found.tokenType === T.Name && place.found.startLine === place.previous?.endLine;
  const fix = distribution ? { fix: { span: { start: place.span.start, end: place.span.start }, replacement: "~ " } } : {};
  return missingRelation(place.span, { role, name, found: describeToken(place.found) }, fix);
}

/** Says in the user's words what the parser missed, what it found, and what would mend it. */
export function syntaxError(error: IRecognitionException, tokens: readonly IToken[]): Diagnostic {
  const place = placeOf(error);
  const name: ExpectationName = isExpectationName(error.message) ? error.message : "operand";
  const expectation: Expectation = EXPECTATIONS[name];
  const found = describeToken(place.found);
  switch (name) {
    case "latentRelation":
      return relationMissing(place, "latent", tokens);
    case "observeRelation":
      return relationMissing(place, "observe", tokens);
    case "modelClose":
      return declarationExpected(place, "inside `model`", MODEL_KEYWORDS);
    case "blockClose":
      return declarationExpected(place, "inside the block", BLOCK_KEYWORDS);
    case "modelKeyword":
      return Object.hasOwn(RESERVED, place.found.image)
        ? declarationExpected(place, "", [])
        : unexpectedToken(place.span, { expected: expectation.expected, found, hint: expectation.hint });
    case "guideClose":
      if (place.found.tokenType === T.Latent || place.found.tokenType === T.Observe) {
        const hint = "inside `guide` a latent variable is written without keyword and type: `z ~ Normal(m, sd: s)`";
        return unexpectedToken(place.span, { expected: expectation.expected, found, hint });
      }
      break;
    case "argumentsClose":
    case "listClose":
    case "subscriptClose":
      if (startsOperand(place.found) && place.previous !== undefined) {
        const fix = { span: placeOfMissing(place.previous, undefined), replacement: "," };
        return unexpectedToken(place.span, { expected: expectation.expected, found, hint: expectation.hint }, { fix });
      }
      break;
    case "operand":
      return unexpectedToken(place.span, { expected: operandExpected(place), found, hint: undefined });
  }
  const wording = { expected: expectation.expected, found, hint: expectation.hint };
  const insertable = place.found.tokenType === EOF || place.found.startLine !== place.previous?.endLine || canFollow(place.found);
  return unexpectedToken(place.span, wording, insertion(expectation, place, !insertable));
}

/** Only in front of a word, a number or an opening bracket does inserting a symbol mend the text. */
function canFollow(found: IToken): boolean {
  return T.isReservedWord(found) || startsOperand(found) || [T.LeftBrace, T.LeftBracket].includes(found.tokenType);
}

function operandExpected(place: Place): string {
  return place.previous === undefined ? "an expression" : `an expression after \`${place.previous.image}\``;
}
