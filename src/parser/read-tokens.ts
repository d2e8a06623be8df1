import type { IToken } from "chevrotain";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import {
  foreignSymbol,
  malformedName,
  malformedNumber,
  quotedText,
  unknownCharacter,
  type NumberFault,
} from "../diagnostics/catalogue/parser.js";
import * as T from "./tokens.js";

const WELL_FORMED_NUMBER = /^[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

function numberFault(text: string): NumberFault | undefined {
  if (WELL_FORMED_NUMBER.test(text)) return Number.isFinite(Number(text)) ? undefined : "too large";
  if (/^[0-9.]*\.[0-9.]*\./.test(text)) return "several points";
  if (/^[0-9]*\.?[0-9]*[eE][+-]?$/.test(text)) return "exponent";
  if (/^\.[0-9]+(?:[eE][+-]?[0-9]+)?$/.test(text)) return "leading point";
  if (/^[0-9]+\.(?:[eE][+-]?[0-9]+)?$/.test(text)) return "trailing point";
  return "letters";
}

/** What was surely meant, where one edit makes a number of it. */
function mendedNumber(text: string, fault: NumberFault): string | undefined {
  if (fault === "leading point") return `0${text}`;
  if (fault === "trailing point") return text.replace(".", ".0");
  const withoutSeparators = text.replaceAll("_", "");
  return withoutSeparators !== text && WELL_FORMED_NUMBER.test(withoutSeparators) ? withoutSeparators : undefined;
}

const GREEK: Readonly<Record<string, string>> = {
  ...{ α: "alpha", β: "beta", γ: "gamma", δ: "delta", ε: "epsilon", ζ: "zeta", η: "eta", θ: "theta", ι: "iota" },
  ...{ κ: "kappa", λ: "lambda", μ: "mu", ν: "nu", ξ: "xi", π: "pi", ρ: "rho", σ: "sigma", τ: "tau", υ: "upsilon" },
  ...{ φ: "phi", χ: "chi", ψ: "psi", ω: "omega", Γ: "Gamma", Δ: "Delta", Θ: "Theta", Λ: "Lambda", Ξ: "Xi" },
  ...{ Π: "Pi", Σ: "Sigma", Φ: "Phi", Ψ: "Psi", Ω: "Omega", µ: "mu", "²": "2", "³": "3", "¹": "1" },
};

/** The nearest word in ASCII: Greek letters by name, accents dropped, all primes but one dropped. */
function asciiName(word: string): string {
  const prime = word.endsWith("'") ? "'" : "";
  const letters = [...word.replace(/'+$/, "")].map((letter) => GREEK[letter] ?? letter.normalize("NFKD"));
  const plain = letters.join("").replace(/[^A-Za-z_0-9]/g, "");
  return (/^[A-Za-z_]/.test(plain) ? plain : `x${plain}`) + prime;
}

interface Meaning {
  readonly type: Parameters<typeof T.retyped>[1];
  readonly text: string;
  readonly purpose: string;
}

const meaning = (type: Meaning["type"], text: string, purpose: string): Meaning => ({ type, text, purpose });

const MEANINGS: Readonly<Record<string, Meaning>> = {
  "**": meaning(T.Caret, "^", "a power"),
  ":=": meaning(T.Equal, "=", "a definition"),
  "=>": meaning(T.Arrow, "->", "the arrow to a network's output"),
  "→": meaning(T.Arrow, "->", "the arrow to a network's output"),
  "@": meaning(T.Star, "*", "the matrix product"),
  "×": meaning(T.Star, "*", "a product"),
  "·": meaning(T.Star, "*", "a product"),
  "⋅": meaning(T.Star, "*", "a product"),
  "−": meaning(T.Minus, "-", "minus"),
  "∼": meaning(T.Tilde, "~", "`is distributed as`"),
  "≤": meaning(T.LessEqual, "<=", "`at most`"),
  "≥": meaning(T.GreaterEqual, ">=", "`at least`"),
  "≠": meaning(T.NotEqual, "!=", "`differs from`"),
};

const codePointName = (text: string): string =>
  `the character U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

export interface ReadTokens {
  readonly tokens: readonly IToken[];
  readonly comments: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Cuts a text into tokens the grammar knows, reporting each that is malformed and reading it as what it most likely
 * stands for, so that one slip of the pen gives one message.
 */
export function readTokens(text: string): ReadTokens {
  const raw = T.tokenize(text);
  const tokens: IToken[] = [];
  const diagnostics: Diagnostic[] = [];
  let unknownUntil = -1;
  for (const token of raw.tokens) {
    const span = T.spanOfToken(token);
    switch (token.tokenType) {
      case T.NumberToken: {
        const fault = numberFault(token.image);
        if (fault !== undefined) {
          const mended = mendedNumber(token.image, fault);
          const fix = mended === undefined ? {} : { fix: { span, replacement: mended } };
          diagnostics.push(malformedNumber(span, { text: token.image, fault }, fix));
        }
        tokens.push(fault === undefined ? token : T.retyped(token, T.NumberToken, "1"));
        break;
      }
      case T.ForeignWord:
      case T.Name: {
        if (token.tokenType === T.Name && !token.image.endsWith("''")) {
          tokens.push(token);
          break;
        }
        const suggestion = asciiName(token.image);
        const fix = { span, replacement: suggestion };
        diagnostics.push(malformedName(span, { text: token.image, suggestion }, { fix }));
        tokens.push(T.retyped(token, T.Name, suggestion));
        break;
      }
      case T.ForeignSymbol: {
        const meant = MEANINGS[token.image];
        const wording = { written: token.image, meant: meant.text, purpose: meant.purpose };
        diagnostics.push(foreignSymbol(span, wording, { fix: { span, replacement: meant.text } }));
        tokens.push(T.retyped(token, meant.type, meant.text));
        break;
      }
      case T.QuotedText: {
        const content = token.image.slice(1).replace(/["'\u201D]$/, "");
        const bare = /^[A-Za-z_][A-Za-z_0-9]*$/.test(content) ? content : undefined;
        const fix = bare === undefined ? {} : { fix: { span, replacement: bare } };
        diagnostics.push(quotedText(span, { text: token.image, bare }, fix));
        tokens.push(T.retyped(token, T.Name, bare ?? "text"));
        break;
      }
      case T.UnknownCharacter: {
        // A run of them is one slip (a pasted emoji, a binary file), not many.
        if (token.startOffset !== unknownUntil) {
          const wording = { text: token.image, codePoint: codePointName(token.image) };
          diagnostics.push(unknownCharacter(span, wording, { fix: { span, replacement: "" } }));
        }
        unknownUntil = span.end;
        break;
      }
      // Token kinds are values, not a closed union: all others are the grammar's own.
      default:
        tokens.push(token);
    }
  }
  for (const comment of raw.foreignComments) {
    const span = T.spanOfToken(comment);
    const oneLine = comment.image.startsWith("//");
    const fix = oneLine ? { fix: { span: { start: span.start, end: span.start + 2 }, replacement: "#" } } : {};
    const written = oneLine ? "//" : "/*";
    diagnostics.push(
      foreignSymbol({ start: span.start, end: span.start + 2 }, { written, meant: "#", purpose: "a comment" }, fix),
    );
  }
  return { tokens, comments: raw.comments, diagnostics };
}
