import type { Diagnostic } from "./diagnostic.js";
import { harmlessText } from "./harmless-text.js";
import { layOutLine, type SourceLine } from "./source-line.js";
import { positionAt, type SourceText, type Span } from "./span.js";

/** Longer lines are cut around what they are shown for. */
const SCREEN_WIDTH = 110;
const ROOM_BEFORE = 40;

interface Style {
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly frame: (text: string) => string;
}

const sgr =
  (code: string) =>
  (text: string): string =>
    text === "" ? "" : `\u001B[${code}m${text}\u001B[0m`;
const plain = (text: string): string => text;

const COLOURED: Style = { error: sgr("1;31"), warning: sgr("1;33"), strong: sgr("1"), frame: sgr("1;34") };
const PLAIN: Style = { error: plain, warning: plain, strong: plain, frame: plain };

interface Mark {
  readonly span: Span;
  readonly label: string;
  readonly primary: boolean;
}

function lineAt(text: string, offset: number): SourceLine {
  const { line, column } = positionAt(text, offset);
  const start = Math.max(0, Math.min(offset, text.length)) - (column - 1);
  const feed = text.indexOf("\n", start);
  return layOutLine(text, line, start, feed === -1 ? text.length : feed);
}

/** From and to which screen column a mark reaches on the line it begins on; at least one column. */
function reach(line: SourceLine, span: Span): { from: number; to: number } {
  const last = line.screenColumns.length - 1;
  const from = line.screenColumns[Math.max(0, Math.min(span.start - line.start, last))];
  const to = line.screenColumns[Math.max(0, Math.min(span.end - line.start, last))];
  return { from, to: Math.max(from + 1, to) };
}

/** The part of a long line that is shown, and by how much the marks move. */
function windowOf(line: SourceLine, marks: readonly Mark[]): { shown: string; shift: number } {
  const width = line.screenColumns[line.screenColumns.length - 1];
  if (width <= SCREEN_WIDTH) return { shown: line.display, shift: 0 };
  const focus = marks.find((mark) => mark.primary) ?? marks[0];
  const { from } = reach(line, focus.span);
  const first = Math.max(0, Math.min(from - ROOM_BEFORE, width - SCREEN_WIDTH));
  const cut = [...line.display].slice(first, first + SCREEN_WIDTH).join("");
  const before = first > 0 ? "… " : "";
  return { shown: `${before}${cut}${first + SCREEN_WIDTH < width ? " …" : ""}`, shift: before.length - first };
}

function renderLine(
  line: SourceLine,
  marks: readonly Mark[],
  gutter: string,
  severity: (text: string) => string,
  style: Style,
): string[] {
  const { shown, shift } = windowOf(line, marks);
  const number = String(line.number).padStart(gutter.length);
  const rows = [`${style.frame(` ${number} |`)}${shown === "" ? "" : ` ${shown}`}`];
  const paint = (mark: Mark): ((text: string) => string) => (mark.primary ? severity : style.frame);
  const edge = style.frame(` ${gutter} |`);
  const sorted = [...marks].sort((a, b) => a.span.start - b.span.start || Number(a.primary) - Number(b.primary));
  for (const mark of sorted) {
    const { from, to } = reach(line, mark.span);
    const start = Math.max(0, from + shift);
    const end = Math.max(start + 1, Math.min(to + shift, SCREEN_WIDTH + 4));
    const underline = (mark.primary ? "^" : "-").repeat(end - start);
    const label = mark.label === "" ? "" : ` ${harmlessText(mark.label)}`;
    rows.push(`${edge} ${" ".repeat(start)}${paint(mark)(`${underline}${label}`)}`);
  }
  return rows;
}

function renderOne(diagnostic: Diagnostic, source: SourceText, style: Style): string {
  const severity = diagnostic.severity === "error" ? style.error : style.warning;
  const marks: readonly Mark[] = [
    { span: diagnostic.span, label: diagnostic.label ?? "", primary: true },
    ...diagnostic.related.map((place) => ({ span: place.span, label: place.message, primary: false })),
  ];
  const byLine = new Map<number, { line: SourceLine; marks: Mark[] }>();
  for (const mark of marks) {
    const line = lineAt(source.text, mark.span.start);
    const entry = byLine.get(line.number) ?? { line, marks: [] };
    entry.marks.push(mark);
    byLine.set(line.number, entry);
  }
  const lines = [...byLine.values()].sort((a, b) => a.line.number - b.line.number);
  const gutter = " ".repeat(Math.max(...lines.map(({ line }) => String(line.number).length)));
  const { line, column } = positionAt(source.text, diagnostic.span.start);
  const rows = [
    `${severity(`${diagnostic.severity}[${diagnostic.code}]`)}${style.strong(`: ${harmlessText(diagnostic.message)}`)}`,
    `${style.frame(` ${gutter}-->`)} ${harmlessText(source.name)}:${line}:${column}`,
    style.frame(` ${gutter} |`),
    ...lines.flatMap((entry) => renderLine(entry.line, entry.marks, gutter, severity, style)),
  ];
  if (diagnostic.hint !== undefined) {
    const [first, ...others] = harmlessText(diagnostic.hint).split("\n");
    const indent = " ".repeat(gutter.length + " = help: ".length + 1);
    rows.push(
      `${style.frame(` ${gutter} =`)} ${style.strong("help")}: ${first}`,
      ...others.map((row) => `${indent}${row}`),
    );
  }
  return rows.join("\n");
}

/**
 * Diagnostics for people: message, place, the lines with what is marked on them, and the way out.
 *
 * One blank line between diagnostics, none at the end.
 */
export function renderPretty(
  diagnostics: readonly Diagnostic[],
  source: SourceText,
  options: { readonly color: boolean },
): string {
  const style = options.color ? COLOURED : PLAIN;
  return diagnostics.map((diagnostic) => renderOne(diagnostic, source, style)).join("\n\n");
}
