import type { IToken } from "chevrotain";
import type { Fix } from "../diagnostics/diagnostic.js";
import * as T from "./tokens.js";

/** What a symbol at a wrong place was surely meant to say, and the edit that says it. */
export interface Habit {
  readonly hint: string;
  readonly fix?: Fix;
}

const DECLARATION_KEYWORDS: readonly IToken["tokenType"][] = [
  ...[T.SizeKeyword, T.Param, T.Given, T.Latent, T.Observe, T.Let, T.Each, T.Chain, T.Net, T.LearnKeyword],
];

/** The keyword of the declaration that a token belongs to. */
function declarationAt(tokens: readonly IToken[], at: number): IToken["tokenType"] | undefined {
  return tokens.findLast((token, i) => i < at && DECLARATION_KEYWORDS.includes(token.tokenType))?.tokenType;
}

const WORDS: Readonly<Record<string, string>> = {
  for: "`each n { … }` runs over the rows of the data, `each j in J { … }` over a size",
  while: "nothing is repeated step by step: `each n { … }` runs over rows, `chain t { … }` over a sequence",
  if: "a choice is a value: `where(z == 0, a, b)`",
  return: "a model has no result: `observe` says what the data are",
};

/** A token where a declaration should begin, or end. */
export function habitBetweenDeclarations(tokens: readonly IToken[], at: number): Habit | undefined {
  const found = tokens.at(at);
  const previous = at > 0 ? tokens[at - 1] : undefined;
  if (found === undefined) return undefined;
  const span = T.spanOfToken(found);
  const keyword = declarationAt(tokens, at);
  if (found.tokenType === T.Name && Object.hasOwn(WORDS, found.image)) return { hint: WORDS[found.image] };
  // `size K: 3` looks like a site of a guide, so `size` was taken for a name.
  const isSize = keyword === T.SizeKeyword || (at > 1 && tokens[at - 2].tokenType === T.Size);
  if (isSize && [T.EqualEqual, T.Colon, T.Tilde].includes(found.tokenType)) {
    return { hint: "a size's default is written `size K = 3`", fix: { span, replacement: "=" } };
  }
  if (keyword === T.Given && (found.tokenType === T.Tilde || found.tokenType === T.Equal)) {
    return { hint: "what is given has no distribution; a variable with one is `latent` or `observe`" };
  }
  if (found.tokenType === T.Less && previous?.tokenType === T.Name) {
    return { hint: `sizes stand in brackets: \`${previous.image}[K]\`` };
  }
  if (found.tokenType === T.LeftBracket && previous?.tokenType === T.RightBracket) {
    return { hint: "a table is declared at the name: `param mean[K]: Vector[D]` is one vector for each of K" };
  }
  if (found.tokenType === T.Comma && keyword === T.Net) {
    return { hint: "layers follow one another with `|>`", fix: { span, replacement: " |>" } };
  }
  if (found.tokenType === T.Comma) {
    return { hint: "declarations stand one after the other, without `,`", fix: { span, replacement: "" } };
  }
  return undefined;
}

/** A token inside a declaration, where something else should stand. */
export function habitWithin(tokens: readonly IToken[], at: number): Habit | undefined {
  const found = tokens.at(at);
  const previous = at > 0 ? tokens[at - 1] : undefined;
  if (previous === undefined || found === undefined) return undefined;
  const span = T.spanOfToken(found);
  const beforePrevious = at > 1 ? tokens[at - 2].tokenType : undefined;
  if (found.tokenType === T.Equal && previous.tokenType === T.Name) {
    const opensArgument = beforePrevious === T.Comma || beforePrevious === T.LeftParenthesis;
    if (opensArgument) {
      const glued = previous.endOffset !== undefined && previous.endOffset + 1 === found.startOffset;
      const hint = `an argument by its name is written \`${previous.image}: …\``;
      return { hint, fix: { span, replacement: glued ? ": " : ":" } };
    }
  }
  if (found.tokenType !== T.Question) return undefined;
  const names = [T.Param, T.Given, T.Latent, T.Observe];
  if (beforePrevious !== undefined && names.includes(beforePrevious)) {
    return { hint: `the mark stands behind the type: \`${previous.image}: Real?\`` };
  }
  return { hint: "a choice is written `where(a == b, valueIfSo, valueIfNot)`" };
}
