// Writes grammar/gen.tmLanguage.json (syntax colours for editors) from the keywords of grammar/gen.ebnf.
//   node scripts/generate-grammar.mjs            writes the file
//   node scripts/generate-grammar.mjs --check    fails if the file is not what would be written
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const TYPES =
  "Real Vector Matrix Tensor Image Seq Positive Unit Simplex Ordered Cov Diag Iso LowRank Category Binary Count Angle".split(
    " ",
  );

/** The words that the grammar quotes; `where` is a function to people who read programs. */
export function keywordsOf(ebnf) {
  const withoutComments = ebnf.replace(/\(\*[^]*?\*\)/g, "");
  const words = [...withoutComments.matchAll(/"([a-z]+)"/g)].map((match) => match[1]);
  return [...new Set(words)].filter((word) => word !== "where").sort();
}

export function textMateGrammar(ebnf) {
  const contextual = ["weight", "size", "init", "learn", "in"];
  const reserved = keywordsOf(ebnf).filter((word) => !contextual.includes(word));
  const name = "[A-Za-z_][A-Za-z_0-9]*'?";
  const patterns = [
    { name: "comment.line.documentation.gen", match: "##.*$" },
    { name: "comment.line.number-sign.gen", match: "#.*$" },
    {
      match: `\\b(model)\\s+(${name})`,
      captures: { 1: { name: "keyword.control.gen" }, 2: { name: "entity.name.type.class.gen" } },
    },
    {
      match: `\\b(param|latent|observe|given|net|critic|let|each|chain)\\s+(${name})`,
      captures: { 1: { name: "keyword.control.gen" }, 2: { name: "variable.other.definition.gen" } },
    },
    { name: "keyword.control.gen", match: `\\b(${reserved.join("|")})\\b(?!')` },
    // These are names as well: coloured only in front of the word that they need behind them.
    { name: "keyword.control.gen", match: `\\b(${contextual.join("|")})(?=\\s+[A-Za-z_])` },
    { name: "support.type.gen", match: `\\b(${TYPES.join("|")})\\b` },
    { name: "support.class.distribution.gen", match: "\\b[A-Z][A-Za-z0-9]*(?=\\()" },
    { name: "entity.name.function.gen", match: `\\b${name}(?=\\()` },
    { name: "variable.parameter.gen", match: `\\b${name}(?=\\s*:)` },
    { name: "constant.numeric.gen", match: "\\b[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?\\b" },
    { name: "keyword.operator.gen", match: "\\|>|->|<=|>=|==|!=|[~=+\\-*/^<>?]" },
    { name: "punctuation.gen", match: "[{}()\\[\\],:;.]" },
  ];
  return { name: "gen", scopeName: "source.gen", fileTypes: ["gen"], patterns };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = (file) => fileURLToPath(new URL(`../grammar/${file}`, import.meta.url));
  const text = `${JSON.stringify(textMateGrammar(readFileSync(at("gen.ebnf"), "utf8")), undefined, 2)}\n`;
  if (process.argv.includes("--check")) {
    if (readFileSync(at("gen.tmLanguage.json"), "utf8") !== text) {
      console.error("grammar/gen.tmLanguage.json is stale: run node scripts/generate-grammar.mjs");
      process.exitCode = 1;
    }
  } else writeFileSync(at("gen.tmLanguage.json"), text);
}
