import { EOF, type IToken } from "chevrotain";
import { nestedTooDeeply, noModel, tooManyErrors } from "../diagnostics/catalogue/parser.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { sortedDiagnostics } from "../diagnostics/sorted.js";
import type { SourceText } from "../diagnostics/span.js";
import type { ModelDeclaration, Program } from "./ast.js";
import { balanceBrackets, NESTING_LIMIT } from "./balance-brackets.js";
import { ExpressionBuilder } from "./build-ast.js";
import { documentationOf, readComments, type Comment } from "./comments.js";
import { GenParser } from "./grammar.js";
import { ERROR_LIMIT, TooManySyntaxErrors } from "./grammar/rule-base.js";
import { readTokens } from "./read-tokens.js";
import { repairWords } from "./repair-words.js";
import { opensDeclaration, withoutFollowUps, type PlacedError } from "./statements.js";
import { syntaxError } from "./syntax-errors.js";

export interface ParseResult {
  readonly program: Program;
  readonly comments: readonly Comment[];
  /** Sorted by place. Where there are any, the program is a best guess, good for completion but not for compiling. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Made at first use, because a parser's analysis of its own grammar takes tens of milliseconds, half of that for the
 * recovery from errors, which only a text with errors needs.
 */
const parsers: { strict?: GenParser; recovering?: GenParser } = {};

/** Reads a source text into a syntax tree; all syntax errors of the text come back at once, and nothing is thrown. */
export function parse(source: SourceText): ParseResult {
  const read = readTokens(source.text);
  const words = repairWords(read.tokens);
  const balanced = balanceBrackets(words.tokens);
  const comments = readComments(balanced.tokens, read.comments, (i) => opensDeclaration(balanced.tokens, i));
  const repairs = [...read.diagnostics, ...words.diagnostics, ...balanced.diagnostics];
  const parsed = balanced.parsable ? parseTokens(balanced.tokens, documentationOf(comments)) : NOTHING;
  const diagnostics = [...repairs, ...parsed.reports, ...withoutFollowUps(parsed.errors, balanced.tokens, repairs)];
  if (diagnostics.length === 0 && parsed.models.length === 0) diagnostics.push(noModel({ start: 0, end: 0 }, {}));
  return {
    program: { kind: "program", models: parsed.models, span: { start: 0, end: source.text.length } },
    comments: comments.map(({ declaration, ...comment }) => ({
      ...comment,
      documents: declaration !== undefined && parsed.documentedOffsets.has(declaration),
    })),
    diagnostics: atMost(ERROR_LIMIT, sortedDiagnostics(diagnostics)),
  };
}

interface ParsedTokens {
  readonly models: readonly ModelDeclaration[];
  /** What the grammar's actions found to say. */
  readonly reports: readonly Diagnostic[];
  readonly errors: readonly PlacedError[];
  readonly documentedOffsets: ReadonlySet<number>;
}

const NOTHING: ParsedTokens = { models: [], reports: [], errors: [], documentedOffsets: new Set() };

function parseTokens(tokens: readonly IToken[], documentation: ReadonlyMap<number, string>): ParsedTokens {
  parsers.strict ??= new GenParser(false);
  const parsed = parseWith(parsers.strict, tokens, documentation);
  if (parsed.errors.length === 0) return parsed;
  parsers.recovering ??= new GenParser(true);
  return parseWith(parsers.recovering, tokens, documentation);
}

function parseWith(
  parser: GenParser,
  tokens: readonly IToken[],
  documentation: ReadonlyMap<number, string>,
): ParsedTokens {
  parser.input = [...tokens];
  parser.builder = new ExpressionBuilder();
  parser.reports = [];
  parser.documentation = documentation;
  parser.documentedOffsets = new Set();
  parser.models = [];
  try {
    parser.program();
  } catch (error) {
    // Brackets nest shallowly enough for any stack but one that was nearly used up before.
    if (error instanceof RangeError) {
      const what = "brackets inside brackets";
      return { ...NOTHING, reports: [nestedTooDeeply({ start: 0, end: 0 }, { what, limit: NESTING_LIMIT })] };
    }
    if (!(error instanceof TooManySyntaxErrors)) throw error;
  }
  const indices = new Map(tokens.map((token, i) => [token, i] as const));
  const errors = parser.errors.map((error) => {
    const at = error.token.tokenType === EOF ? tokens.length : (indices.get(error.token) ?? tokens.length);
    return { diagnostic: syntaxError(error, tokens, at), at };
  });
  const reports = [...parser.reports, ...parser.builder.finish()];
  return { models: parser.models, reports, errors, documentedOffsets: parser.documentedOffsets };
}

function atMost(limit: number, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (diagnostics.length <= limit) return diagnostics;
  return [...diagnostics.slice(0, limit), tooManyErrors(diagnostics[limit].span, { limit })];
}
