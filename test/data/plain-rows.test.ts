import Papa from "papaparse";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { numberFrom } from "../../src/data/column-builder.js";
import { decimalEnd, parseDecimal } from "../../src/data/parse-decimal.js";
import { CsvReader, readCsv } from "../../src/data/read-csv.js";
import { placeOf } from "../../src/data/table.js";
import { contentOf, readyValue } from "./tables.js";

const encoder = new TextEncoder();

function decimal(text: string): { readonly value: number; readonly end: number } {
  const bytes = encoder.encode(text);
  return { value: parseDecimal(bytes, 0, bytes.length), end: decimalEnd() };
}

const digits = (least: number, most: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: least, maxLength: most }).map((each) => each.join(""));

describe("a decimal number", () => {
  test.prop(
    [
      fc.constantFrom("", "-", "+"),
      digits(1, 24),
      fc.option(digits(0, 24)),
      fc.option(fc.tuple(fc.constantFrom("e", "E"), fc.constantFrom("", "-", "+"), fc.integer({ min: 0, max: 40 }))),
    ],
    { numRuns: 5000 },
  )("is to the bit what Number makes of it, or left to it", (sign, whole, fraction, exponent) => {
    const text = sign + whole + (fraction === null ? "" : `.${fraction}`) + (exponent?.join("") ?? "");
    const { value, end } = decimal(text);
    if (Number.isNaN(value)) expect(end).toBe(0);
    else {
      expect(Object.is(value, Number(text))).toBe(true);
      expect(end).toBe(text.length);
    }
  });

  test.prop([fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-3, max: 1e15 })], { numRuns: 2000 })(
    "as JavaScript writes it is read without Number, but for rare ones",
    (number) => {
      expect(Object.is(decimal(String(number)).value, number) || Number.isNaN(decimal(String(number)).value)).toBe(
        true,
      );
    },
  );

  it.each([
    // Half way between two numbers: to even; and a little more than half way.
    ["9007199254740993", 9007199254740992],
    ["9007199254740995", 9007199254740996],
    ["9007199254740993.0000001", 9007199254740994],
    ["-0", -0],
    [".5", 0.5],
    ["5.", 5],
    ["000000000000000000000001", 1],
    ["0.30000000000000004", 0.1 + 0.2],
    ["2.2250738585072014e0", 2.2250738585072014],
  ])("%s", (text, expected) => {
    const { value } = decimal(text);
    if (Number.isNaN(value)) expect(Number(text)).toBe(expected);
    else expect(value).toBe(expected);
  });

  it.each(["", "-", ".", "e5", "1e", "x", "0x1F", "1e400", "1234567890123456789012345678901"])(
    "%j is none, or takes Number",
    (text) => {
      const { value, end } = decimal(text);
      if (text !== "0x1F") expect(value).toBeNaN();
      expect(end).toBe(text === "0x1F" ? 1 : 0);
    },
  );
});

/** Cells as they occur, nice and nasty. */
const cell = fc.oneof(
  { weight: 6, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
  { weight: 4, arbitrary: fc.integer().map(String) },
  fc.constantFrom(
    "",
    " ",
    " 1 ",
    "NA",
    "inf",
    "-",
    "1e5",
    "1e500",
    "é",
    "\u00a0",
    "\u00a05",
    "a b",
    "0x10",
    "5 5",
    "+7",
    "1\t",
  ),
  fc.constantFrom('"q"', '"a,b"', '""', 'a"b', '"x\ny"'),
);
const lineEnd = fc.constantFrom("\n", "\r\n", "\n\n", "\r");

/** What papaparse and `numberFrom` say, by rows. */
function expected(text: string, width: number): readonly (number | string | null)[][] | undefined {
  const normal = text.replace(/\r\n/g, "\n").replace(/\r/g, "\n");
  const { data, errors } = Papa.parse<string[]>(normal, { delimiter: ",", newline: "\n" });
  if (errors.some(({ code }) => code === "MissingQuotes")) return undefined;
  const rows = data.slice(1).filter((row) => !(row.length === 1 && row[0].trim() === "" && width > 1));
  if (rows.some((row) => row.length !== width)) return undefined;
  return rows.map((row) =>
    row.map((each) => {
      const number = numberFrom(each.trim());
      return number === undefined ? each.trim() : Number.isNaN(number) ? null : number;
    }),
  );
}

describe("rows straight from bytes", () => {
  test.prop(
    [
      fc
        .integer({ min: 2, max: 4 })
        .chain((width) =>
          fc.tuple(
            fc.constant(width),
            fc.array(fc.tuple(fc.array(cell, { minLength: width, maxLength: width }), lineEnd), { maxLength: 12 }),
          ),
        ),
      fc.integer({ min: 1, max: 40 }),
    ],
    { numRuns: 1500 },
  )("are those of papaparse, however the bytes come", async ([width, rows], size) => {
    const header = Array.from({ length: width }, (_, i) => `c${i}`).join(",");
    const text = `${header}\n${rows.map(([cells, end]) => cells.join(",") + end).join("")}`;
    const wanted = expected(text, width);
    const bytes = encoder.encode(text);
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.slice(i * size, (i + 1) * size),
    );
    const outcome = await readCsv("rows.csv", chunks);
    if (wanted === undefined) return expect(outcome.kind).toBe("refused");
    const columns = Object.values(contentOf(readyValue(outcome)));
    expect(columns.map((column) => column.length)).toEqual(columns.map(() => wanted.length));
    wanted.forEach((row, i) => expect(columns.map((column) => column[i])).toEqual(row));
  });

  it("keep row and line through a change to the parser and from table to table", () => {
    const reader = new CsvReader("rows.csv");
    reader.push('a,b\n1,2\n3,4\n\n5,6\n"7');
    const first = reader.take();
    expect(contentOf(first)).toEqual({ a: [1, 3, 5], b: [2, 4, 6] });
    expect(placeOf(first, 2, "a")).toEqual({ file: "rows.csv", row: 3, line: 5, column: "a" });
    reader.push('",8\n9,10\n11');
    reader.push(",12");
    reader.end();
    const second = reader.take();
    expect(contentOf(second)).toEqual({ a: [7, 9, 11], b: [8, 10, 12] });
    expect(placeOf(second, 1, "b")).toEqual({ file: "rows.csv", row: 5, line: 7, column: "b" });
    expect(reader.problems()).toEqual([]);
  });

  it("a ragged row in a later table has its place in the file", () => {
    const reader = new CsvReader("rows.csv");
    reader.push("a,b\n1,2\n3,4\n");
    reader.take();
    reader.push("5,6\n7\n8\n");
    reader.end();
    expect(reader.problems()).toMatchObject([{ code: "GEN4004", row: 4, line: 5, file: "rows.csv" }]);
  });
});
