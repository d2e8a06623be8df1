import { EOF, type IToken } from "chevrotain";
import { nestedTooDeeply, noModel, tooManyErrors } from "../diagnostics/catalogue/parser.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { sortedDiagnostics } from "../diagnostics/sorted.js";
import type { SourceText } from "../diagnostics/span.js";
import type { Program } from "./ast.js";
import { balanceBrackets, NESTING_LIMIT } from "./balance-brackets.js";
import { ExpressionBuilder } from "./build-ast.js";
import { readComments, type Comment } from "./comments.js";
import { ERROR_LIMIT, GenParser, TooManySyntaxErrors } from "./grammar.js";
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

/** Made at first use: the parser's analysis of its own grammar takes some tens of milliseconds. */
let parser: GenParser | undefined;

/** Reads a source text into a syntax tree; all syntax errors of the text come back at once, and nothing is thrown. */
export function parse(source: SourceText): ParseResult {
  const read = readTokens(source.text);
  const words = repairWords(read.tokens);
  const balanced = balanceBrackets(words.tokens);
  const { tokens } = balanced;
  const { comments, documentation } = readComments(tokens, read.comments, (i) => opensDeclaration(tokens, i));
  const repairs = [...words.diagnostics, ...balanced.diagnostics];
  const span = { start: 0, end: source.text.length };
  const empty: Program = { kind: "program", models: [], span };
  if (!balanced.parsable) {
    const diagnostics = sortedDiagnostics([...read.diagnostics, ...repairs]);
    return { program: empty, comments, diagnostics };
  }
  const grammatical = parseTokens(tokens, documentation, source.text);
  const structural = withoutFollowUps(grammatical.errors, tokens, [...repairs, ...read.diagnostics]);
  const diagnostics = [...read.diagnostics, ...repairs, ...grammatical.reports, ...structural];
  if (diagnostics.length === 0 && grammatical.program.models.length === 0) {
    diagnostics.push(noModel({ start: 0, end: 0 }, {}));
  }
  return { program: { ...grammatical.program, span }, comments, diagnostics: sortedDiagnostics(diagnostics) };
}

function parseTokens(
  tokens: readonly IToken[],
  documentation: ReadonlyMap<number, string>,
  text: string,
): { program: Pick<Program, "kind" | "models">; reports: readonly Diagnostic[]; errors: readonly PlacedError[] } {
  parser ??= new GenParser();
  parser.input = [...tokens];
  parser.builder = new ExpressionBuilder();
  parser.reports = [];
  parser.documentation = documentation;
  const extra: Diagnostic[] = [];
  let models: Program["models"] = [];
  try {
    models = parser.program();
  } catch (error) {
    const end = { start: text.length, end: text.length };
    if (error instanceof TooManySyntaxErrors) extra.push(tooManyErrors(end, { limit: ERROR_LIMIT }));
    else if (error instanceof RangeError) extra.push(nestedTooDeeply(end, { what: "brackets inside brackets", limit: NESTING_LIMIT }));
    else throw error;
  }
  const indices = new Map(tokens.map((token, i) => [token, i] as const));
  const errors = parser.errors.map((error) => {
    const at = error.token.tokenType === EOF ? tokens.length : (indices.get(error.token) ?? tokens.length);
    return { diagnostic: syntaxError(error, tokens, at), at };
  });
  const reports = [...parser.reports, ...parser.builder.finish(), ...extra];
  parser.input = [];
  return { program: { kind: "program", models }, reports, errors };
}
