import Papa from "papaparse";
import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { parseCsv } from "../../src/data/parse-csv.js";
import { readCsv } from "../../src/data/read-csv.js";
import { placeOf } from "../../src/data/table.js";
import { contentOf, csv, problemsOf } from "./tables.js";

describe("cells", () => {
  it.each([
    ["numbers", "a,b\n1,-2.5e3\n+3,.5\n", { a: [1, 3], b: [-2500, 0.5] }],
    ["missing values", "a,b\n,NA\nNaN,1\n", { a: [null, null], b: [null, 1] }],
    ["spaces around", "a , b\n 1 ,\t2 \n", { a: [1], b: [2] }],
    ["text, even if Number would read it", "a\n0x10\nred\n", { a: ["0x10", "red"] }],
    ["infinities", "a\ninf\n-Infinity\n", { a: [Infinity, -Infinity] }],
    ["quotes", 'a,b\n"x, y","say ""hi"""\n', { a: ["x, y"], b: ['say "hi"'] }],
    ["a quoted line break", 'a,b\n"x\ny",1\n', { a: ["x\ny"], b: [1] }],
    ["a byte order mark", "\uFEFFa\n1\n", { a: [1] }],
    ["carriage returns", "a,b\r\n1,2\r\n3,4\r\n", { a: [1, 3], b: [2, 4] }],
    ["lone carriage returns", "a,b\r1,2\r3,4\r", { a: [1, 3], b: [2, 4] }],
    ["no line end at the end", "a\n1", { a: [1] }],
    ["semicolons", "a;b\n1;2\n", { a: [1], b: [2] }],
    ["tabs", "a\tb\n1\t\n", { a: [1], b: [null] }],
    ["empty lines between rows of several columns", "a,b\n1,2\n\n3,4\n\n", { a: [1, 3], b: [2, 4] }],
    ["empty lines between values of one column", "a\n1\n\n3\n\n\n", { a: [1, null, 3] }],
    ["an empty quoted value at the end of one column", 'a\n1\n""\n', { a: [1, null] }],
    ["an index column without a name", ",a\n0,5\n1,6\n", { a: [5, 6] }],
    ["columns that are numbered", "0,1\n5,6\n", { 0: [5], 1: [6] }],
  ])("%s", async (_, text, expected) => {
    expect(contentOf(await csv(text))).toEqual(expected);
  });

  it("keeps the line of every row", async () => {
    const table = await csv('a,b\n"x\ny",1\n\nz,2\n');
    expect(placeOf(table, 1, "b")).toEqual({ file: "rows.csv", row: 2, line: 5, column: "b" });
  });
});

describe("refusals name file, line and column", () => {
  it.each([
    ["a short row", "a,b\n1,2\n3\n", { code: "GEN4004", row: 2, line: 3 }],
    ["a long row", "a,b\n1,2,3\n", { code: "GEN4004", row: 1, line: 2 }],
    ["two columns of one name", "a,b,a\n1,2,3\n", { code: "GEN4005", line: 1, column: "a" }],
    ["an open quote", 'a,b\n1,"2\n3,4\n', { code: "GEN4006", line: 2 }],
    ["no header", "1.5,2\n3,4\n", { code: "GEN4007", line: 1 }],
    ["nothing", "", { code: "GEN4011" }],
    ["UTF-16", "a\u0000,\u0000b\u0000\n\u00001\u0000,\u00002\u0000\n", { code: "GEN4001" }],
    ["no text at all", 'PK\u0003\u0004 "\n\u0001', { code: "GEN4001" }],
  ])("%s", async (_, text, expected) => {
    const [first, ...others] = problemsOf(await readCsv("rows.csv", [text]));
    expect(first).toMatchObject({ file: "rows.csv", ...expected });
    expect(others).toEqual([]);
  });

  it("counts the further ragged rows", async () => {
    const [problem] = problemsOf(await readCsv("rows.csv", ["a,b\n1\n2\n3\n"]));
    expect(problem.message).toContain("2 further rows");
  });
});

/** All rows of a text that comes in pieces. */
function rowsOf(pieces: readonly string[]): readonly (readonly string[])[] {
  const rows: (readonly string[])[] = [];
  const parser = parseCsv({
    row: (fields) => rows.push([...fields]),
    blank: () => undefined,
    unclosedQuote: (line) => {
      throw new Error(`open quote on line ${line}`);
    },
  });
  for (const piece of pieces) parser.push(piece);
  parser.end();
  return rows;
}

const field = fc.string({ unit: fc.constantFrom("a", "7", ",", '"', "\n", " ", ";", "é"), maxLength: 6 });
const grid = fc
  .integer({ min: 2, max: 4 })
  .chain((width) => fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }))
  .map((rows) => [rows[0].map((_, i) => `column${i}`), ...rows]);

test.prop([grid, fc.array(fc.nat(200), { maxLength: 4 }), fc.constantFrom("\n", "\r\n")])(
  "reads what papaparse writes, however it is cut into pieces",
  (rows, cuts, newline) => {
    const text = Papa.unparse(rows, { newline, quotes: true });
    const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
    const pieces = places.slice(1).map((end, i) => text.slice(places[i], end));
    expect(rowsOf(pieces)).toEqual(rows);
  },
);

test.prop([grid])("agrees with papaparse on minimally quoted text", (rows) => {
  const text = Papa.unparse(rows, { newline: "\n" });
  const oracle = Papa.parse<string[]>(text, { delimiter: "," }).data.filter((row) => row.length > 1);
  expect(rowsOf([text])).toEqual(oracle);
});
