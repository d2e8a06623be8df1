import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { format } from "../../src/parser/format.js";
import { parse } from "../../src/parser/parse.js";
import { printProgram } from "../../src/parser/print-ast.js";
import { anyProgram, withoutSpans } from "../arbitraries/ast.js";

const formatted = (text: string): string => format({ name: "f.gen", text });

/** Puts white space, semicolons' neighbours and comments wherever a word ends. */
const anyMess = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(" ") },
    { weight: 3, arbitrary: fc.constantFrom("\n", "\n\n", "\n\n\n", "\t", "\r\n", "\r\n\r\n") },
    {
      weight: 1,
      arbitrary: fc.constantFrom(" # note\n", "\n# own line\n", " ## not documentation\n", "\n## line\n## line\n"),
    },
    { weight: 1, arbitrary: fc.constantFrom("\n\n# apart\n\n", "\n## one\n\n## two\n", "#\n", "\n##\n") },
  ),
  { minLength: 40, maxLength: 40 },
);

const WORD = /[A-Za-z_][A-Za-z_0-9]*'?|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|->|\|>|[<>=!]=|[^\sA-Za-z0-9]/g;

const commentsOf = (text: string): string[] =>
  parse({ name: "f.gen", text })
    .comments.map((comment) => comment.text.replace(/^#+ ?/, ""))
    .sort();

describe("format", () => {
  test.prop([anyProgram, anyMess], { numRuns: 120 })(
    "is idempotent, keeps the tree and every comment",
    (program, mess) => {
      const bare = printProgram(program).replace(/##.*/g, "");
      const text = (bare.match(WORD) ?? []).map((word, i) => word + mess[i % mess.length]).join("");
      const read = parse({ name: "f.gen", text });
      expect(read.diagnostics).toEqual([]);
      const once = formatted(text);
      const again = parse({ name: "f.gen", text: once });
      expect(again.diagnostics).toEqual([]);
      expect(withoutSpans(again.program), JSON.stringify(text)).toEqual(withoutSpans(read.program));
      expect(formatted(once)).toBe(once);
      expect(commentsOf(once)).toEqual(commentsOf(text));
      expect(once).not.toMatch(/\n\n\n|[ \t]\n|\t|\r/);
    },
  );

  it("has two spaces of indentation, one declaration a line, columns for neighbouring variables", () => {
    const text = `model M{size K=3,D;param w:Simplex[K] ~Dirichlet( 2 )
      each n   weight c { given u:Real latent z:Category[K]~Categorical(w)
      observe x:Vector[D]?~Normal( m[z] , S ) init  Normal(0,1)

      let a=x[t - 1]*u }guide{z~Normal(0,1)}learn em{a:1 b:2,}}`;
    expect(formatted(text)).toBe(`model M {
  size K = 3, D
  param w: Simplex[K] ~ Dirichlet(2)
  each n weight c {
    given   u: Real
    latent  z: Category[K] ~ Categorical(w)
    observe x: Vector[D]?  ~ Normal(m[z], S) init Normal(0, 1)

    let a = x[t-1] * u
  }
  guide {
    z ~ Normal(0, 1)
  }
  learn em { a: 1, b: 2 }
}
`);
  });

  it("keeps comments where they stood", () => {
    const text = `# file

## About M.
model M {   # head
  size K # after K

    # alone
  each n {
    latent z: Real ~ Normal(0, 1)   # behind
    # before the end
  } # behind the block
}
# the end`;
    expect(formatted(text)).toBe(`# file

## About M.
model M {  # head
  size K  # after K

  # alone
  each n {
    latent z: Real ~ Normal(0, 1)  # behind
    # before the end
  }  # behind the block
}
# the end
`);
  });

  it("puts comments from inside a declaration in front of it, none of them as documentation", () => {
    const text = "model M {\n  net f(Real) -> Real = # first\n    dense(3) ## second\n    |> dense(4)\n}\n";
    expect(formatted(text)).toBe("model M {\n  # first\n  # second\n  net f(Real) -> Real = dense(3) |> dense(4)\n}\n");
  });

  it("breaks long lines between layers and elements", () => {
    const layers = Array.from({ length: 8 }, () => "dense(256, relu)");
    const text = `model M { net f(Real) -> Real = ${layers.join(" |> ")} }`;
    expect(formatted(text)).toBe(`model M {\n  net f(Real) -> Real =\n    ${layers.join("\n    |> ")}\n}\n`);
  });

  it("gives back a text with syntax errors unchanged", () => {
    expect(formatted("model  M {  param x }")).toBe("model  M {  param x }");
  });

  it("separates models by one blank line", () => {
    expect(formatted("model A {} model B {}\n\n\n\nmodel C {}")).toBe("model A {}\n\nmodel B {}\n\nmodel C {}\n");
  });
});
