import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/parser/parse.js";
import { printProgram } from "../../src/parser/print-ast.js";
import { printExpression } from "../../src/parser/print-expression.js";
import type { Expression } from "../../src/parser/ast.js";
import { anyProgram, withoutSpans } from "../arbitraries/ast.js";

function expressionOf(text: string): Expression {
  const { program, diagnostics } = parse({ name: "e.gen", text: `model M { let a = ${text} }` });
  expect(diagnostics).toEqual([]);
  const [declaration] = program.models[0].declarations;
  if (declaration.kind !== "let") throw new Error("expected a let");
  return declaration.value;
}

describe("printProgram", () => {
  test.prop([anyProgram], { numRuns: 150 })("prints what parses to the same tree", (program) => {
    const text = printProgram(program);
    const again = parse({ name: "random.gen", text });
    expect(again.diagnostics.map((diagnostic) => `${diagnostic.code} ${diagnostic.message}\n${text}`)).toEqual([]);
    expect(withoutSpans(again.program)).toEqual(withoutSpans(program));
  });
});

describe("printExpression", () => {
  it.each([
    ["1e-3", "1e-3"],
    ["((a))", "a"],
    ["(a+b)*c", "(a + b) * c"],
    ["a+(b*c)", "a + b * c"],
    ["a-(b-c)", "a - (b - c)"],
    ["(a-b)-c", "a - b - c"],
    ["a/(b*c)", "a / (b * c)"],
    ["-(a*b)", "-(a * b)"],
    ["(-a)*b", "-a * b"],
    ["a*(-b)", "a * -b"],
    ["(-a)^2", "(-a)^2"],
    ["-(a^2)", "-a^2"],
    ["(a^b)^c", "(a^b)^c"],
    ["a^(b^c)", "a^b^c"],
    ["a^(-b)", "a^-b"],
    ["- -a", "--a"],
    ["x[t - 1]", "x[t-1]"],
    ["x[t - h]", "x[t - h]"],
    ["x[*,j]", "x[*, j]"],
    ["(f)(x).y", "f(x).y"],
    ["(a+b)[1]", "(a + b)[1]"],
    ["(2).x", "(2).x"],
    ["[1,[2,a:3]]", "[1, [2, a: 3]]"],
    ["where((a<b),1,2)", "where(a < b, 1, 2)"],
  ])("%s -> %s", (text, expected) => {
    expect(printExpression(expressionOf(text))).toBe(expected);
  });

  test.prop([fc.integer({ min: 1, max: 30 })])("2^2^…^2 associates to the right", (n) => {
    let expression = expressionOf(Array.from({ length: n + 1 }, () => "2").join("^"));
    for (let i = 0; i < n; i++) {
      if (expression.kind !== "binary") throw new Error("expected a power");
      expect(expression.left.kind).toBe("number");
      expression = expression.right;
    }
    expect(expression.kind).toBe("number");
  });
});
