import { EmbeddedActionsParser, type IToken, type ParserMethod, type TokenType } from "chevrotain";
import type * as Ast from "../ast.js";
import { ExpressionBuilder, numberLiteral } from "../build-ast.js";
import { wholeNumberNeeded } from "../../diagnostics/catalogue/parser.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Span } from "../../diagnostics/span.js";
import type { ExpectationName } from "../expectations.js";
import * as T from "../tokens.js";

/** More syntax errors than this, and the file is something else than a program. */
export const ERROR_LIMIT = 100;

/** Thrown through the parser's recovery, which would otherwise go on for ever on a file of garbage. */
export class TooManySyntaxErrors extends Error {}

/** What the end of a repetition expects, by rule and closing token. */
const EXPECTED_BEHIND_REPETITION: Readonly<Record<string, ExpectationName>> = {
  "program/EOF": "modelKeyword",
  "model/RightBrace": "modelClose",
  "block/RightBrace": "blockClose",
  "guideBlock/RightBrace": "guideClose",
  "learn/RightBrace": "optionName",
  "parameter/RightBracket": "tableClose",
  "pattern/RightParenthesis": "patternClose",
  "network/RightParenthesis": "networkClose",
  "output/RightParenthesis": "outputClose",
  "type/RightBracket": "dimensionClose",
  "operand/RightParenthesis": "argumentsClose",
  "operand/RightBracket": "subscriptClose",
  "layer/RightParenthesis": "argumentsClose",
};

export const expecting = (place: ExpectationName): { ERR_MSG: string } => ({ ERR_MSG: place });

/** Drops what error recovery left empty. */
export const present = <N>(nodes: readonly (N | undefined)[]): readonly N[] =>
  nodes.filter((node) => node !== undefined);

export const NO_RESYNC = { resyncEnabled: false };
export const RESYNC = { resyncEnabled: true, recoveryValueFunc: () => undefined };

export type Recoverable<N> = ParserMethod<[], N | undefined>;

/** What all rules share: the parser's settings, what it reports besides the tree, and the places of nodes. */
export abstract class RuleBase extends EmbeddedActionsParser {
  builder = new ExpressionBuilder();
  reports: Diagnostic[] = [];
  documentation: ReadonlyMap<number, string> = new Map();
  /** The declarations (by offset) that took their documentation. */
  documentedOffsets = new Set<number>();

  constructor(recoveryEnabled: boolean) {
    super(T.GRAMMAR_TOKENS, {
      recoveryEnabled,
      maxLookahead: 2,
      skipValidations: true,
      errorMessageProvider: {
        buildMismatchTokenMessage: ({ expected, ruleName }) => {
          return EXPECTED_BEHIND_REPETITION[`${ruleName}/${expected.name}`] ?? `${expected.LABEL ?? expected.name}`;
        },
        buildNoViableAltMessage: ({ customUserDescription }) => customUserDescription ?? "operand",
        buildEarlyExitMessage: ({ customUserDescription }) => customUserDescription ?? "operand",
        buildNotAllInputParsedMessage: () => "modelKeyword",
      },
    });
  }

  /** Names and most symbols may be thought in where a text lacks them; what that gives is never compiled. */
  protected override canTokenTypeBeInsertedInRecovery(type: TokenType): boolean {
    if (this.errors.length > ERROR_LIMIT) throw new TooManySyntaxErrors();
    return type !== T.NumberToken && type !== T.LeftParenthesis && type !== T.LeftBrace;
  }

  protected override getTokenToInsert(type: TokenType): IToken {
    const previous = this.LA(0);
    return T.insertedAfter(previous, type === T.NameLike ? T.Name : type, "_");
  }

  protected spanFrom(first: IToken): Span {
    const last = this.LA(0);
    return { start: first.startOffset, end: Math.max((first.endOffset ?? 0) + 1, (last.endOffset ?? 0) + 1) };
  }

  protected documented(first: IToken): { documentation?: string } {
    const documentation = this.documentation.get(first.startOffset);
    if (documentation === undefined) return {};
    this.documentedOffsets.add(first.startOffset);
    return { documentation };
  }

  protected wholeNumber(token: IToken, what: string): Ast.NumberLiteral {
    const literal = numberLiteral(token);
    if (!/^[0-9]+$/.test(token.image) || !Number.isSafeInteger(literal.value)) {
      this.reports.push(wholeNumberNeeded(literal.span, { text: token.image, what }));
    }
    return literal;
  }
}
