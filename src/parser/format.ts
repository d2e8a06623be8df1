import type { SourceText } from "../diagnostics/span.js";
import { parse } from "./parse.js";
import { printProgram } from "./print-ast.js";
import { SourceTrivia } from "./trivia.js";

/**
 * The canonical layout of a source text: two spaces of indentation, one declaration a line, one space between words,
 * at most one blank line, comments kept. Neighbouring `given`, `latent` and `observe` lines stand in columns.
 *
 * A text with syntax errors comes back unchanged. `format` of a formatted text changes nothing.
 */
export function format(source: SourceText): string {
  const { program, comments, diagnostics } = parse(source);
  if (diagnostics.length > 0) return source.text;
  return printProgram(program, new SourceTrivia(source.text, comments));
}
