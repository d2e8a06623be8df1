import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { csvRows, csvTable, writeCsv } from "../../src/data/write-csv.js";
import { contentOf, csv } from "./tables.js";

const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value));
// Text that no reader takes for a number or a gap, with everything that needs quotes.
const label = fc
  .string({ unit: fc.constantFrom("a", ",", '"', "\n", " ", "é"), maxLength: 5 })
  .map((text) => `t${text}t`);
const cell = fc.oneof(number, label, fc.constant(null));
const rows = fc
  .integer({ min: 1, max: 3 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }));

test.prop([rows])("what is written is read back, digit by digit", async (table) => {
  const header = table[0].map((_, i) => `c${i}`);
  const content = contentOf(await csv(writeCsv(header, table)));
  expect(content).toEqual(Object.fromEntries(header.map((name, i) => [name, table.map((row) => row[i])])));
});

test("pieces of a table are its lines, whatever their number", () => {
  const columns = [
    { name: "a", at: (row: number) => row / 3 },
    { name: "b,c", at: (row: number) => (row % 5 === 0 ? undefined : `t"${row}`) },
  ];
  const rows = 5000;
  const lines = Array.from({ length: rows }, (_, row) => `${row / 3},${row % 5 === 0 ? "" : `"t""${row}"`}\n`);
  const pieces = [...csvTable(columns, rows)];
  expect(pieces.join("")).toBe(`a,"b,c"\n${lines.join("")}`);
  expect(pieces.length).toBeGreaterThan(3);
  expect([...csvRows(columns.slice(1), 2)].join("")).toBe('""\n"t""1"\n');
});
