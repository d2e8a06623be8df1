import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.js";
import { positionAt } from "../../src/diagnostics/span.js";
import { parse } from "../../src/parser/parse.js";

const diagnose = (text: string): readonly Diagnostic[] => parse({ name: "wrong.gen", text }).diagnostics;

/** `GEN1010 3:11` */
function placed(text: string): string[] {
  return diagnose(text).map((diagnostic) => {
    const { line, column } = positionAt(text, diagnostic.span.start);
    return `${diagnostic.code} ${line}:${column}`;
  });
}

function withFixes(text: string): string {
  const fixes = diagnose(text).flatMap((diagnostic) => (diagnostic.fix === undefined ? [] : [diagnostic.fix]));
  const lastFirst = [...fixes].sort((a, b) => b.span.start - a.span.start);
  return lastFirst.reduce((t, fix) => t.slice(0, fix.span.start) + fix.replacement + t.slice(fix.span.end), text);
}

/** The lines of a model's body, which begin on line 2 in column 1. */
const body = (...lines: readonly string[]): string => `model M {\n${lines.join("\n")}\n}\n`;

interface Case {
  readonly text: string;
  readonly expected: readonly string[];
  readonly says?: RegExp;
  /** Applying the fixes leaves nothing to complain about. */
  readonly mends?: boolean;
}

const CASES: Readonly<Record<string, Case>> = {
  // Habits of other languages.
  "a size given by ==": { text: body("size K == 3"), expected: ["GEN1014 2:8"], says: /`==`/, mends: true },
  "a size given by a colon": { text: body("size K: 3, D"), expected: ["GEN1014 2:7"] },
  "sizes between angles": { text: body("param w: Simplex<K>"), expected: ["GEN1014 2:17"] },
  "an array of a type": { text: body("param m: Vector[D][K]"), expected: ["GEN1014 2:19"] },
  "a comma behind a declaration": {
    text: body("param a: Real,", "param b: Real"),
    expected: ["GEN1014 2:14"],
    mends: true,
  },
  "a distribution of what is given": {
    text: body("each n {", "given q: Real ~ Normal(0, 1)", "}"),
    expected: ["GEN1014 3:15"],
  },
  "a named argument with =": {
    text: body("each n {", "observe y: Real ~ Normal(0, sd=1)", "}"),
    expected: ["GEN1010 3:31"],
    mends: true,
  },
  "layers in a list": {
    text: body("net f(Vector[2]) -> Real = dense(3, relu), dense(4, tanh)"),
    expected: ["GEN1014 2:42"],
    mends: true,
  },
  "a mark at the name": { text: body("each n {", "observe y?: Real ~ Normal(0, 1)", "}"), expected: ["GEN1010 3:10"] },
  "a loop with parentheses": {
    text: body("param a: Real", "for (const n of data) {", "observe y: Real ~ Normal(a, 1)", "}"),
    expected: ["GEN1014 3:1"],
    says: /found `for`/,
  },
  "an if": {
    text: body("each n {", "let a = 1", "if (a) { let b = 2 }", "}"),
    expected: ["GEN1014 4:1"],
    says: /found `if`/,
  },

  // Characters, numbers, words.
  "an unknown character": {
    text: body("param x: Real $"),
    expected: ["GEN1001 2:15"],
    says: /`\$` means nothing/,
    mends: true,
  },
  "a run of unknown characters": { text: body("param x: Real $$$"), expected: ["GEN1001 2:15"] },
  "a control character": {
    text: body("param x: Real \u0007"),
    expected: ["GEN1001 2:15"],
    says: /U\+0007/,
    mends: true,
  },
  "an emoji": { text: body("param x: Real \u{1F600}"), expected: ["GEN1001 2:15"], mends: true },
  "letters in a number": { text: body("let a = 3abc"), expected: ["GEN1002 2:9"], says: /letters stand inside/ },
  "two points in a number": { text: body("let a = 1.2.3"), expected: ["GEN1002 2:9"], says: /more than one point/ },
  "a point without digits before": { text: body("let a = .5"), expected: ["GEN1002 2:9"], mends: true },
  "a point without digits behind": { text: body("let a = 1."), expected: ["GEN1002 2:9"], mends: true },
  "an exponent without digits": { text: body("let a = 1e"), expected: ["GEN1002 2:9"], says: /exponent/ },
  "a number out of range": { text: body("let a = 1e999"), expected: ["GEN1002 2:9"], says: /too large/ },
  "separators in a number": { text: body("let a = 1_000"), expected: ["GEN1002 2:9"], mends: true },
  "a subscript written as a field": { text: body("let a = x.3"), expected: ["GEN1002 2:10"] },
  "a Greek letter": {
    text: body("param \u03BC: Real"),
    expected: ["GEN1003 2:7"],
    says: /`\u03BC` is not a name/,
    mends: true,
  },
  "two primes": { text: body("param x'': Real"), expected: ["GEN1003 2:7"], mends: true },
  "text in quotation marks": {
    text: body('learn em { loss: "wasserstein" }'),
    expected: ["GEN1004 2:18"],
    mends: true,
  },
  "a power written **": { text: body("let a = 2 ** 3"), expected: ["GEN1005 2:11"], says: /a power|\*\*/, mends: true },
  "a definition written :=": { text: body("let a := 2"), expected: ["GEN1005 2:7"], mends: true },
  "a comment of another language": { text: body("let a = 2 // two"), expected: ["GEN1005 2:11"], mends: true },
  "a product sign": { text: body("let a = 2 \u00D7 3"), expected: ["GEN1005 2:11"], mends: true },

  // Brackets.
  "a parenthesis left open": {
    text: body("latent z: Real ~ Normal(0, 1", "latent y: Real ~ Normal(0, 1)"),
    expected: ["GEN1006 2:29"],
    says: /`\(` is never closed: expected `\)` before `latent`/,
    mends: true,
  },
  "a bracket left open": { text: body("param m[K: Real", "size K"), expected: ["GEN1006 2:16"] },
  "a bracket left open inside parentheses": {
    text: body("let a = f(m[z, s)"),
    expected: ["GEN1006 2:17"],
    mends: true,
  },
  "a block left open": {
    text: "model M {\n  each n {\n    observe x: Real ~ Normal(0, 1)\n  size K\n}\n",
    expected: ["GEN1006 3:35"],
    mends: true,
  },
  "a model left open at the end": {
    text: "model M {\n  size K\n",
    expected: ["GEN1006 2:9"],
    says: /end of the file/,
    mends: true,
  },
  "a model left open before another": {
    text: "model M {\n  size K\n\nmodel N {\n}\n",
    expected: ["GEN1006 2:9"],
    mends: true,
  },
  "a brace too many": { text: "model M {\n}\n}\n", expected: ["GEN1007 3:1"], mends: true },
  "a parenthesis too many": { text: body("let a = f(1))"), expected: ["GEN1007 2:13"], mends: true },
  "the wrong bracket": {
    text: body("let a = f(1]"),
    expected: ["GEN1008 2:12"],
    says: /`\(` is closed by `\]`/,
    mends: true,
  },

  // What is expected where.
  "no `:` after a parameter's name": {
    text: body("param x Simplex[K]"),
    expected: ["GEN1010 2:9"],
    says: /^expected `:` and a type after the parameter's name, found `Simplex`$/,
    mends: true,
  },
  "no type": { text: body("param x:", "size K"), expected: ["GEN1010 2:9"], says: /expected a type, found/ },
  "no name of a parameter": {
    text: body("param : Real"),
    expected: ["GEN1010 2:7"],
    says: /the parameter's name after `param`/,
  },
  "no name of a model": { text: "model {\n  size K\n}\n", expected: ["GEN1010 1:7"] },
  "no `model`": {
    text: "M {\n  size K\n}\n",
    expected: ["GEN1010 1:1"],
    says: /expected `model` before the name/,
    mends: true,
  },
  "no size between brackets": { text: body("param x: Vector[]"), expected: ["GEN1010 2:17"] },
  "no comma between arguments": {
    text: body("let a = f(x y)"),
    expected: ["GEN1010 2:13"],
    says: /`,` or `\)`/,
    mends: true,
  },
  "no comma between sizes of a table": { text: body("param m[K J]: Real"), expected: ["GEN1010 2:11"], mends: true },
  "a comma too many": { text: body("let a = f(x, )"), expected: ["GEN1010 2:14"], mends: true },
  "two commas": { text: body("let a = f(x,, y)"), expected: ["GEN1010 2:13"], mends: true },
  "no right operand": {
    text: body("let a = x +", "size K"),
    expected: ["GEN1010 2:12"],
    says: /an expression after `\+`/,
  },
  "no `=` in let": { text: body("let a f(x)"), expected: ["GEN1010 2:7"], mends: true },
  "a type in let": { text: body("let a: Real = 3"), expected: ["GEN1010 2:6"] },
  "one name in parentheses": { text: body("let (a) = f(x)"), expected: ["GEN1010 2:7"], says: /a second name/ },
  "no index of each": { text: body("each {", "}"), expected: ["GEN1010 2:6"], says: /an index name after `each`/ },
  "each without braces": {
    text: body("each n", "  observe x: Real ~ Normal(0, 1)"),
    expected: ["GEN1010 2:7"],
    says: /`{` after the head of `each`/,
  },
  "no size of each": { text: body("each j in {", "}"), expected: ["GEN1010 2:11"] },
  "a chain with a range": {
    text: body("chain t : 3 {", "  let a = 1", "}"),
    expected: ["GEN1010 2:9"],
    says: /head of `chain`/,
  },
  "no arrow": { text: body("net f(Real): Real = relu"), expected: ["GEN1010 2:12"], says: /`->`/, mends: true },
  "no inputs": { text: body("net f -> Real = relu"), expected: ["GEN1010 2:7"] },
  "no layers": { text: body("net f(Real) -> Real", "size K"), expected: ["GEN1010 2:20"], says: /`=` and the layers/ },
  "no layer behind |>": { text: body("net f(Real) -> Real = relu |>", "size K"), expected: ["GEN1010 2:30"] },
  "no arguments of a critic": { text: body("critic f", "size K"), expected: ["GEN1010 2:9"] },
  "an option with =": { text: body("learn em { approx = 3 }"), expected: ["GEN1010 2:19"], mends: true },
  "no method": { text: body("learn { a: 3 }"), expected: ["GEN1010 2:7"], says: /name of a method/ },
  "no body of a guide": { text: body("guide", "net f(Real) -> Real = relu"), expected: ["GEN1010 2:6"] },
  "= in a guide": {
    text: body("guide {", "  z = Normal(0, 1)", "}"),
    expected: ["GEN1010 3:5"],
    says: /`~` and a distribution/,
  },

  // Variables.
  "latent without ~": {
    text: body("latent z: Real Normal(0, 1)"),
    expected: ["GEN1011 2:16"],
    says: /`z` has no distribution: expected `~`/,
    mends: true,
  },
  "observe without anything": {
    text: body("observe x: Real", "size K"),
    expected: ["GEN1011 2:16"],
    says: /nothing says how `x` comes about/,
  },
  "latent with =": {
    text: body("latent z: Real = Normal(0, 1)"),
    expected: ["GEN1021 2:16"],
    says: /`z` is given by `=`/,
  },
  "a latent without a type": {
    text: body("latent z ~ Normal(0, 1)"),
    expected: ["GEN1010 2:10"],
    says: /`:` and a type after the latent/,
  },

  // Keywords.
  "a keyword as a name": { text: body("param chain: Real"), expected: ["GEN1012 2:7"], says: /`chain` is a keyword/ },
  "a keyword as a size": { text: body("size net"), expected: ["GEN1012 2:6"] },
  "a keyword in an expression": { text: body("let a = f(guide, 1)"), expected: ["GEN1012 2:11"] },
  "a keyword as an argument's name": { text: body("let a = f(model: 1)"), expected: ["GEN1012 2:11"] },
  modle: { text: "modle M {\n  size K\n}\n", expected: ["GEN1013 1:1"], mends: true },
  latnet: { text: body("latnet z: Real ~ Normal(0, 1)"), expected: ["GEN1013 2:1"], mends: true },
  "every keyword misspelt": {
    text: body(
      ...["sizee K", "parm w: Real", "eech n wieght c {", "obsrve x: Real ~ Normal(0, 1) inti Normal(0, 1)", "}"],
      ...[
        "chian t {",
        "}",
        "gudie {",
        "}",
        "lern em",
        "citric f(x)",
        "lte (a, b) = f(x)",
        "nett f(Real) -> Real = relu",
      ],
    ),
    expected: [
      ...["GEN1013 2:1", "GEN1013 3:1", "GEN1013 4:1", "GEN1013 4:8", "GEN1013 5:1", "GEN1013 5:31", "GEN1013 7:1"],
      ...["GEN1013 9:1", "GEN1013 11:1", "GEN1013 12:1", "GEN1013 13:1", "GEN1013 14:1"],
    ],
    mends: true,
  },
  "another word for a keyword": { text: body("data x: Real ~ Normal(0, 1)"), expected: ["GEN1014 2:1"], mends: true },
  "a word that begins nothing": { text: body("potato x: Real"), expected: ["GEN1014 2:1"] },
  "something behind a declaration": { text: body("size K 3"), expected: ["GEN1014 2:8"] },
  "init behind let": { text: body("let a = 3 init 4"), expected: ["GEN1014 2:11"] },
  "an empty file": { text: "", expected: ["GEN1015 1:1"] },
  "a file of comments": { text: "# nothing\n\n## at all\n", expected: ["GEN1015 1:1"] },
  "a comparison": { text: body("let a = x < y"), expected: ["GEN1016 2:11"], says: /`<` compares/ },
  "a comparison as an argument of something else": { text: body("let a = f(x == y)"), expected: ["GEN1016 2:13"] },
  "a comparison as the second argument of where": {
    text: body("let a = where(x < y, x > y, 1)"),
    expected: ["GEN1016 2:24"],
  },
  "two comparisons in a row": { text: body("let a = where(x < y < z, 1, 2)"), expected: ["GEN1016 2:17"] },
  "param inside each": {
    text: body("each n {", "  param x: Real", "  observe y: Real ~ Normal(x, 1)", "}"),
    expected: ["GEN1017 3:3"],
    says: /`param` stands inside `each`/,
  },
  "a declaration without a model": { text: "param x: Real\nparam y: Real\nmodel M {}\n", expected: ["GEN1018 1:1"] },
  "an import": {
    text: 'import "other.gen"\nmodel M {}\n',
    expected: ["GEN1004 1:8", "GEN1019 1:1"].sort((a, b) => a.slice(-3).localeCompare(b.slice(-3))),
  },
  "a function": { text: body("function f(x)"), expected: ["GEN1019 2:1"], says: /reserved for a later version/ },
  "a fraction as a size": { text: body("size K = 2.5"), expected: ["GEN1020 2:10"] },
  "a fraction as a dimension": { text: body("param x: Vector[2.5]"), expected: ["GEN1020 2:17"] },
  "latent inside guide": { text: body("guide {", "  latent z: Real ~ Normal(0, 1)", "}"), expected: ["GEN1023 3:3"] },

  // Several mistakes: each is told once, and none hides another.
  "a mistake in every declaration": {
    text: body(
      "param x Real",
      "latent z: Real",
      "each n {",
      "  observe y: Vector[] ~ Normal(0, 1)",
      "  let a = (",
      "}",
      "net f() -> Real = relu",
    ),
    expected: ["GEN1010 2:9", "GEN1011 3:15", "GEN1010 5:21", "GEN1006 6:12", "GEN1010 8:7"],
  },
  "a heap of nonsense in one declaration": {
    text: body("param x: [ ) = ~ 3 init", "size 3", "param y: Real"),
    expected: ["GEN1008 2:12", "GEN1010 3:6"],
  },
  "mistakes in two models": {
    text: "model M {\n  size\n}\nmodel N {\n  size\n}\n",
    expected: ["GEN1010 2:7", "GEN1010 5:7"],
  },
};

describe.each(Object.entries(CASES))("%s", (_, { text, expected, says }) => {
  it(`is told as ${expected.join(", ")}`, () => {
    expect(placed(text)).toEqual(expected);
    if (says !== undefined) expect(diagnose(text)[0].message).toMatch(says);
    for (const { hint } of diagnose(text)) expect(hint ?? "").not.toBe("");
  });
});

describe("fixes", () => {
  it.each(Object.entries(CASES).filter(([, { mends }]) => mends))("mend %s", (_, { text }) => {
    expect(placed(withFixes(text))).toEqual([]);
  });
});

describe("unclosed brackets", () => {
  it("are related to the place where they were opened", () => {
    const text = body("let a = f(x");
    const [diagnostic] = diagnose(text);
    expect(
      diagnostic.related.map(({ span, message }) => [text.slice(span.start, span.end), span.start, message]),
    ).toEqual([["(", text.indexOf("("), "opened here"]]);
  });
});

describe("contextual keywords", () => {
  it.each([
    "param weight: Simplex[K]",
    "let a = Categorical(weight)",
    "let a = size + init * learn",
    "param size: Real",
    "size size = 3, weight",
    "each n weight weight { }",
    "each in in in { }",
    "latent init: Real ~ Normal(0, 1) init init",
    "guide { init ~ Normal(0, 1) size ~ Normal(0, 1) init Normal(0, 2) init ~ Normal(1, 1) }",
    "learn learn { init: kmeans, size: 3 }",
    "let a = f(weight: 3, size: 4)",
  ])("%s", (line) => {
    expect(placed(body(line))).toEqual([]);
  });
});

describe("documentation", () => {
  const documentationOf = (text: string): (string | undefined)[] =>
    parse({ name: "d.gen", text }).program.models.flatMap((model) => [
      model.documentation,
      ...model.declarations.map((declaration) => declaration.documentation),
    ]);

  it("is the run of ## lines in front of a declaration", () => {
    expect(documentationOf("## A model.\n##\n##  Indented.\nmodel M {\n  ## K groups\n  size K\n  size D\n}")).toEqual([
      "A model.\n\n Indented.",
      "K groups",
      undefined,
    ]);
  });

  it("is not what stands behind code, in front of another comment, or apart by a blank line from the last run", () => {
    expect(
      documentationOf("## old\n\n## new\nmodel M { ## head\n  size K ## behind\n  ## lost\n  # note\n  size D\n}"),
    ).toEqual(["new", undefined, undefined]);
  });
});
