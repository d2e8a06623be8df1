import { EOF, type IRecognitionException, type IToken } from "chevrotain";
import {
  missingRelation,
  notADeclaration,
  notYetInTheLanguage,
  unexpectedToken,
} from "../diagnostics/catalogue/parser.js";
import type { Diagnostic, Fix } from "../diagnostics/diagnostic.js";
import type { Span } from "../diagnostics/span.js";
import { placeOfMissing } from "./balance-brackets.js";
import { EXPECTATIONS, isExpectationName, type Expectation, type ExpectationName } from "./expectations.js";
import { habitBetweenDeclarations, habitWithin, type Habit } from "./habits.js";
import * as T from "./tokens.js";

export const BLOCK_KEYWORDS = ["latent", "observe", "let", "given", "each", "chain"];
export const MODEL_KEYWORDS = ["size", "param", "net", ...BLOCK_KEYWORDS, "guide", "critic", "learn"];

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
  return `\`${token.image.length <= 40 ? token.image : `${token.image.slice(0, 37)}…`}\``;
}

/** A word that names a thing the language will have one day, said so instead of misunderstood. */
export function reservedForLater(token: IToken): Diagnostic | undefined {
  const word = token.image;
  return Object.hasOwn(RESERVED, word)
    ? notYetInTheLanguage(T.spanOfToken(token), { word, ...RESERVED[word] })
    : undefined;
}

interface Place {
  readonly found: IToken;
  readonly previous: IToken | undefined;
  readonly span: Span;
}

/** Two operands side by side, as in `Normal(m s)`: a comma or an operator is missing. */
function startsOperand(token: IToken): boolean {
  return [T.NumberToken, T.Name, T.LeftParenthesis].includes(token.tokenType);
}

/** The one obvious edit, if there is one: a symbol of another habit replaced, or a missing symbol put in. */
function mending(expectation: Expectation, { found, previous, span }: Place): { fix?: Fix } {
  if (expectation.insert === undefined || previous === undefined || found.tokenType === EOF) return {};
  const spaced =
    expectation.insert === ":" || expectation.insert === "," ? expectation.insert : ` ${expectation.insert}`;
  if (found.image === expectation.insteadOf) {
    const glued = previous.endOffset !== undefined && previous.endOffset + 1 === found.startOffset;
    return { fix: { span, replacement: glued ? spaced : expectation.insert } };
  }
  if (!startsOperand(found)) return {};
  return { fix: { span: placeOfMissing(previous, undefined), replacement: spaced } };
}

function declarationExpected(
  { found, previous, span }: Place,
  where: string,
  keywords: readonly string[],
  habit: Habit | undefined,
): Diagnostic {
  const reserved = reservedForLater(found);
  if (reserved !== undefined) return reserved;
  const wording = { found: describeToken(found), place: where, keywords };
  if (found.tokenType === T.Init) {
    return notADeclaration(span, { ...wording, hint: "`init` follows the distribution of a `latent` or `observe`" });
  }
  if (habit !== undefined) return notADeclaration(span, { ...wording, hint: habit.hint }, fixOf(habit));
  const continues =
    previous?.endLine === found.startLine && startsOperand(found) && previous?.tokenType !== T.LeftBrace;
  const hint = continues
    ? "if it continues what stands before it, an operator or a `,` is missing between them"
    : undefined;
  return notADeclaration(span, { ...wording, hint });
}

function fixOf({ fix }: Habit): { fix?: Fix } {
  return fix === undefined ? {} : { fix };
}

function relationMissing(place: Place, role: "latent" | "observe", tokens: readonly IToken[], at: number): Diagnostic {
  const keyword = tokens.findLastIndex((token, i) => i < at && token.image === role);
  const name = keyword + 1 < tokens.length ? tokens[keyword + 1].image : "x";
  const sameLine = place.found.startLine === place.previous?.endLine;
  const start = place.span.start;
  const fix =
    place.found.tokenType === T.Name && sameLine ? { fix: { span: { start, end: start }, replacement: "~ " } } : {};
  return missingRelation(place.span, { role, name, found: describeToken(place.found) }, fix);
}

/** `f(a, )` and `f(a,, b)`: a comma too many. */
function operandMissing({ found, previous, span }: Place): Diagnostic {
  const expected = previous === undefined ? "an expression" : `an expression after \`${previous.image}\``;
  const wording = { expected, found: describeToken(found), hint: EXPECTATIONS.operand.hint };
  if (previous?.tokenType !== T.Comma) return unexpectedToken(span, wording);
  const closing = [T.RightParenthesis, T.RightBracket].includes(found.tokenType);
  const comma = found.tokenType === T.Comma ? found : closing ? previous : undefined;
  if (comma === undefined) return unexpectedToken(span, wording);
  const hint = "remove the comma, or write what is missing";
  return unexpectedToken(span, { ...wording, hint }, { fix: { span: T.spanOfToken(comma), replacement: "" } });
}

const SEPARATED: ReadonlySet<ExpectationName> = new Set([
  ...(["argumentsClose", "listClose", "subscriptClose", "tableClose", "patternClose", "dimensionClose"] as const),
  ...(["networkClose", "outputClose"] as const),
]);

/** Says in the user's words what the parser missed, what it found, and what would mend it. */
export function syntaxError(error: IRecognitionException, tokens: readonly IToken[], at: number): Diagnostic {
  const found = error.token;
  const previous = at > 0 ? tokens[at - 1] : undefined;
  const here = found.tokenType === EOF ? { start: 0, end: 0 } : T.spanOfToken(found);
  const span = previous === undefined ? here : placeOfMissing(previous, found.tokenType === EOF ? undefined : found);
  const place = { found, previous, span };
  const named: ExpectationName = isExpectationName(error.message) ? error.message : "operand";
  const inChain = error.context.ruleStack.findLast((rule) => rule === "each" || rule === "chain") === "chain";
  const name = named === "eachOpen" && inChain ? "chainOpen" : named;
  const expectation: Expectation = EXPECTATIONS[name];
  const wording = { expected: expectation.expected, found: describeToken(found), hint: expectation.hint };
  if (name === "operand") return operandMissing(place);
  if (name === "latentRelation") return relationMissing(place, "latent", tokens, at);
  if (name === "observeRelation") return relationMissing(place, "observe", tokens, at);
  if (name === "modelClose" || name === "blockClose") {
    const habit = habitBetweenDeclarations(tokens, at);
    // Nothing is missing behind the last declaration: what stands here is no beginning of another.
    const there = found.tokenType === EOF ? place : { ...place, span: here };
    return name === "modelClose"
      ? declarationExpected(there, "inside `model`", MODEL_KEYWORDS, habit)
      : declarationExpected(there, "inside the block", BLOCK_KEYWORDS, habit);
  }
  const habit = habitWithin(tokens, at);
  if (habit !== undefined) return unexpectedToken(span, { ...wording, hint: habit.hint }, fixOf(habit));
  if (SEPARATED.has(name) && startsOperand(found)) {
    return unexpectedToken(span, wording, mending({ ...expectation, insert: "," }, place));
  }
  return reservedForLater(found) ?? unexpectedToken(span, wording, mending(expectation, place));
}
