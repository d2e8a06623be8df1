import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { readParquet } from "../../src/data/read-parquet.js";
import { testFolder } from "./folder.js";
import { contentOf, problemsOf, readyValue } from "./tables.js";

const { write } = testFolder();

type Columns = Parameters<typeof parquetWriteBuffer>[0]["columnData"];

function parquet(
  columnData: Columns,
  options: { readonly rowGroupSize?: number; readonly pageSize?: number } = {},
): string {
  return write("table.parquet", new Uint8Array(parquetWriteBuffer({ columnData, ...options })));
}

describe("Parquet", () => {
  const long = Array.from({ length: 1000 }, (_, i) => Math.sin(i));
  it.each<[string, Columns[number], readonly (number | string | null)[] | undefined]>([
    ["float64", { name: "a", data: long, type: "DOUBLE" }, long],
    ["float64, plain", { name: "a", data: long, type: "DOUBLE", encoding: "PLAIN" }, long],
    ["float64, none missing", { name: "a", data: long, type: "DOUBLE", nullable: false }, long],
    ["float64, byte streams", { name: "a", data: long, type: "DOUBLE", encoding: "BYTE_STREAM_SPLIT" }, long],
    ["float32", { name: "a", data: long, type: "FLOAT" }, long.map(Math.fround)],
    ["int32", { name: "a", data: long.map((_, i) => i - 500), type: "INT32" }, long.map((_, i) => i - 500)],
    ["int64", { name: "a", data: long.map((_, i) => BigInt(i) * 7n), type: "INT64" }, long.map((_, i) => 7 * i)],
    [
      "few values, a dictionary",
      { name: "a", data: long.map((_, i) => i % 3), type: "DOUBLE" },
      long.map((_, i) => i % 3),
    ],
    [
      "missing values",
      { name: "a", data: long.map((x, i) => (i % 5 === 0 ? null : x)), type: "DOUBLE" },
      long.map((x, i) => (i % 5 === 0 ? null : x)),
    ],
    ["nothing but missing values", { name: "a", data: long.map(() => null), type: "DOUBLE" }, long.map(() => null)],
    [
      "text",
      { name: "a", data: long.map((_, i) => ["no", "yes"][i % 2]), type: "STRING" },
      long.map((_, i) => ["no", "yes"][i % 2]),
    ],
    [
      "booleans",
      { name: "a", data: long.map((_, i) => i % 2 === 0), type: "BOOLEAN" },
      long.map((_, i) => 1 - (i % 2)),
    ],
  ])("reads %s", async (_, column, expected) => {
    for (const options of [{}, { rowGroupSize: 300 }, { rowGroupSize: 400, pageSize: 100 }]) {
      const table = readyValue(await readParquet(parquet([column], options)));
      expect(contentOf(table)).toEqual({ a: expected });
    }
  });

  it("reads the entries of lists as numbered columns", async () => {
    const file = parquet([
      {
        name: "x",
        data: [
          [1, 2],
          [3, 4],
        ] as never,
        type: "JSON",
      },
    ]);
    expect(contentOf(readyValue(await readParquet(file)))).toEqual({ "x[0]": [1, 3], "x[1]": [2, 4] });
  });

  it("says what is wrong with a file", async () => {
    const good = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "a", data: long, type: "DOUBLE" }] }));
    for (const bytes of ["PAR1", "no Parquet at all", good.slice(0, -50), good.slice(200)]) {
      const file = write("broken.parquet", bytes);
      expect(problemsOf(await readParquet(file))).toMatchObject([{ code: "GEN4014", file }]);
    }
    expect(problemsOf(await readParquet("absent.parquet"))).toMatchObject([
      { code: "GEN4001", file: "absent.parquet" },
    ]);
  });

  it("refuses records", async () => {
    const file = parquet([{ name: "x", data: [{ a: 1 }, { a: 2 }], type: "JSON" }]);
    expect(problemsOf(await readParquet(file))).toMatchObject([{ code: "GEN4014", file, column: "x" }]);
  });
});
