import { describe, expect, it } from "vitest";
import { chooseReading } from "../../src/data/choose-reading.js";
import { findDataFiles } from "../../src/data/data-files.js";
import { optionalPackage } from "../../src/data/optional-package.js";
import { isQuery, queryBlocks, readQuery } from "../../src/data/read-query.js";
import { readTable } from "../../src/data/read-table.js";
import { placeOf, type Table } from "../../src/data/table.js";
import { TableStream } from "../../src/data/table-stream.js";
import { testFolder } from "./folder.js";
import { contentOf, problemsOf, readyValue } from "./tables.js";

const { write } = testFolder();
async function* nothing(): AsyncGenerator<string> {}

// DuckDB is 70 MB: the tests that run queries are there where it is.
const hasDuckDb = (await optionalPackage("@duckdb/node-api")) !== undefined;

describe("what is a query", () => {
  it.each(["SELECT 1 AS a", "  from 'a.csv'", "with t as (select 1) select * from t", "VALUES (1, 2)"])(
    "%s",
    (text) => {
      expect(isQuery(text)).toBe(true);
      expect(readyValue(findDataFiles([text]))).toEqual([{ path: text, format: "query", packed: false, bytes: 0 }]);
    },
  );

  it.each(["select.csv", "./select *.csv", "from/a.csv", "data/*.parquet", "-"])("%s is none", (text) =>
    expect(isQuery(text)).toBe(false),
  );

  it("is held in memory unless blocks are asked for", () => {
    const files = readyValue(findDataFiles(["SELECT 1 AS a"]));
    expect(chooseReading(files, undefined, 2 ** 30).inBlocks).toBe(false);
    expect(chooseReading(files, true, 2 ** 30).inBlocks).toBe(true);
  });
});

if (!hasDuckDb) {
  describe("without DuckDB", () => {
    it("says which package runs queries", async () =>
      expect(problemsOf(await readTable(["SELECT 1 AS a"], nothing))).toMatchObject([
        { code: "GEN4017", file: "SELECT 1 AS a" },
      ]));
  });
} else {
  describe("with DuckDB", () => {
    it.each<[string, string, unknown]>([
      ["doubles", "1.5::DOUBLE", 1.5],
      ["floats", "1.5::FLOAT", 1.5],
      ["small integers", "(-3)::TINYINT", -3],
      ["unsigned integers", "4000000000::UINTEGER", 4e9],
      ["integers of 64 bits", "(-9007199254740991)::BIGINT", -9007199254740991],
      ["integers of 128 bits", "5::HUGEINT", 5],
      ["decimals", "3.14::DECIMAL(10, 2)", 3.14],
      ["booleans", "true", 1],
      ["text", "'seven'", "seven"],
      ["text of digits", "'7'", "7"],
      ["enumerations", "'b'::ENUM ('a', 'b')", "b"],
      ["dates", "DATE '2020-01-02'", "2020-01-02T00:00:00.000Z"],
      ["not a number", "'nan'::DOUBLE", null],
      ["nothing", "NULL", null],
    ])("%s, and what is missing among them", async (_, value, expected) => {
      const sql = `SELECT CASE WHEN i % 3 = 1 THEN NULL ELSE ${value} END AS a FROM range(5000) t(i);`;
      const rows = Array.from({ length: 5000 }, (_, i) => (i % 3 === 1 ? null : expected));
      expect(contentOf(readyValue(await readQuery(sql)))).toEqual({ a: rows });
    });

    it("makes columns of the entries of lists", async () => {
      const table = readyValue(await readQuery("SELECT [1, NULL, 3] AS x, [0.5, 2]::DOUBLE[2] AS y FROM range(2)"));
      expect(contentOf(table)).toEqual({
        ...{ "x[0]": [1, 1], "x[1]": [null, null], "x[2]": [3, 3], "y[0]": [0.5, 0.5], "y[1]": [2, 2] },
      });
    });

    it("reads files by patterns, together with files of other kinds", async () => {
      write("part-1.csv", "a,b\n1,x\n2,y\n");
      const first = write("part-2.csv", "a,b\n3,z\n");
      const pattern = first.replace("part-2", "part-*");
      const sql = `SELECT a, b FROM '${pattern}' WHERE a > 1 ORDER BY a`;
      const table = readyValue(await readTable([first, sql], nothing));
      expect(contentOf(table)).toEqual({ a: [3, 2, 3], b: ["z", "y", "z"] });
      expect(placeOf(table, 1)).toMatchObject({ row: 1 });
    });

    it("reads in blocks what it reads as a whole, as often as wanted, and only the columns that are needed", async () => {
      const sql = "SELECT i AS a, i / 2 AS b, 'g' || i % 7 AS c FROM range(10000) t(i)";
      const whole = contentOf(readyValue(await readQuery(sql)));
      const stream = new TableStream(readyValue(findDataFiles([sql])), { values: 6000, text: 0 });
      for (let pass = 0; pass < 2; pass++) {
        const blocks: Table[] = [];
        for await (const block of stream.open()) blocks.push(readyValue(block));
        expect(blocks.length).toBeGreaterThan(3);
        const joined = Object.fromEntries(
          Object.keys(whole).map((name) => [name, blocks.flatMap((block) => [...contentOf(block)[name]!])]),
        );
        expect(joined).toEqual(whole);
        const last = blocks.at(-1)!;
        expect(placeOf(last, last.rows - 1).row).toBe(10000);
      }
      for await (const block of queryBlocks(sql, 6000, new Set(["b"])))
        expect(readyValue(block).columns.map(({ name }) => name)).toEqual(["b"]);
    });

    it("a query without rows has its columns, and no rows", async () => {
      expect(contentOf(readyValue(await readQuery("SELECT 1 AS a, 'x' AS b WHERE false")))).toEqual({ a: [], b: [] });
      expect(problemsOf(await readTable(["SELECT 1 AS a WHERE false"], nothing))).toMatchObject([{ code: "GEN4003" }]);
    });

    it.each([
      ["SELECT a FROM nowhere", /nowhere does not exist/],
      ["SELECT nope FROM range(3) t(i)", /nope/],
      ["SELECT FROM", /[Ss]yntax/],
      ["SELECT {'u': 1} AS s", /`s` holds an object/],
      ["SELECT * FROM 'absent-*.parquet'", /absent/],
    ])("%s: says what is wrong", async (sql, reason) => {
      const [problem] = problemsOf(await readQuery(sql));
      expect(problem).toMatchObject({ code: "GEN4016", file: sql });
      expect(problem?.message).toMatch(reason);
    });
  });
}
