import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { format } from "../../src/parser/format.js";
import { parse, type ParseResult } from "../../src/parser/parse.js";
import { anyProgram } from "../arbitraries/ast.js";
import { printProgram } from "../../src/parser/print-ast.js";

/** Milliseconds of processor time, far more than any of these needs. */
const TIME_LIMIT = 4_000;

const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

function parseInTime(text: string): ParseResult {
  const began = processorTime();
  const result = parse({ name: "fuzz.gen", text });
  expect(processorTime() - began).toBeLessThan(TIME_LIMIT);
  expect(Array.isArray(result.program.models)).toBe(true);
  for (const { span, message } of result.diagnostics) {
    expect(span.start).toBeGreaterThanOrEqual(0);
    expect(span.end).toBeGreaterThanOrEqual(span.start);
    expect(span.end).toBeLessThanOrEqual(text.length);
    expect(message).not.toMatch(/undefined|NaN|\[object/);
    expect(message.length).toBeLessThan(400);
  }
  return result;
}

const WORDS =
  "model size param given each chain latent observe init let net guide critic learn weight in where x K Normal 1 0.5 1e 3x " +
  "{ } ( ) [ ] : ; , . ~ = ? + - * / ^ < <= > >= == != -> |> ** := | $ \" ' # ## \n \t";

describe("parse", () => {
  const word = fc.constantFrom(...WORDS.split(" "));
  test.prop([fc.array(word, { maxLength: 120 })], { numRuns: 300 })("survives soups of tokens", (words) => {
    parseInTime(words.join(" "));
    parseInTime(words.join(""));
  });

  test.prop([fc.string({ unit: "binary", maxLength: 200 })], { numRuns: 300 })("survives any text", (text) => {
    parseInTime(text);
    expect(typeof format({ name: "fuzz.gen", text })).toBe("string");
  });

  test.prop([fc.uint8Array({ maxLength: 300 })], { numRuns: 300 })("survives any bytes", (bytes) => {
    parseInTime(Buffer.from(bytes).toString("latin1"));
    parseInTime(Buffer.from(bytes).toString("utf8"));
  });

  test.prop([anyProgram, fc.nat(), fc.nat()], { numRuns: 200 })(
    "survives programs with a piece cut out",
    (program, from, length) => {
      const text = printProgram(program);
      const start = from % text.length;
      parseInTime(text.slice(0, start) + text.slice(start + 1 + (length % 40)));
    },
  );

  const declaration = (expression: string): string => `model M {\n  let a = ${expression}\n}\n`;

  it.each([
    ["(", declaration("(".repeat(5000) + "1" + ")".repeat(5000)), 2],
    ["[", declaration("[".repeat(5000) + "1" + "]".repeat(5000)), 2],
    ["calls", declaration("f(".repeat(5000) + "1" + ")".repeat(5000)), 2],
    ["( without end", declaration("(".repeat(30_000)), 2],
    ["types", `model M {\n\n  param a: ${"Seq[".repeat(3000)}Real${"]".repeat(3000)}\n}`, 3],
    ["blocks", `model M {\n${"each n {\n".repeat(3000)}${"}".repeat(3000)}\n}`, 65],
    ["+", declaration("1" + " + 1".repeat(8000)), 2],
    ["^", declaration("2" + "^2".repeat(8000)), 2],
    ["minus signs", declaration("-".repeat(8000) + "x"), 2],
    ["postfix", declaration("f" + "(1)[2].x".repeat(2000)), 2],
  ])("says of %s nested thousands deep that it is too deep, on the right line", (_, text, line) => {
    const { diagnostics } = parseInTime(text);
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual(["GEN1009"]);
    expect(diagnostics[0].message).toMatch(/nested too deeply.*limit \d+/);
    expect(text.slice(0, diagnostics[0].span.start).split("\n").length).toBe(line);
  });

  it.each([
    ["60 parentheses", declaration("(".repeat(60) + "1" + ")".repeat(60))],
    ["60 calls and lists", declaration("f([".repeat(30) + "1" + "])".repeat(30))],
    ["a sum of 300 terms", declaration("1" + " + 1".repeat(299))],
    ["300 minus signs", declaration("-".repeat(300) + "x")],
    ["5000 layers", `model M { net f(Real) -> Real = ${Array.from({ length: 5000 }, () => "dense(3)").join(" |> ")} }`],
    ["a list of 20000 numbers", declaration(`[${Array.from({ length: 20_000 }, () => "1").join(", ")}]`)],
    ["5000 declarations", `model M {\n${"  param x: Real\n".repeat(5000)}}`],
    ["20000 documentation lines", `${"## text\n".repeat(20_000)}model M {}`],
  ])("parses %s", (_, text) => {
    expect(parseInTime(text).diagnostics).toEqual([]);
  });

  it.each([
    ["closing brackets", ")".repeat(20_000)],
    ["unknown characters", "$ ".repeat(20_000)],
    ["broken declarations", `model M {\n${"  param x Real 3 ) ;;\n".repeat(3000)}}`],
    ["stray numbers", `model M {\n${"  let x = 3 3 3\n  foo\n".repeat(3000)}}`],
  ])("stops after a hundred messages about %s", (_, text) => {
    const { diagnostics } = parseInTime(text);
    expect(diagnostics.length).toBe(101);
    expect(diagnostics[100].code).toBe("GEN1022");
  });
});
