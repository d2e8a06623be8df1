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

  /** LZ4's block format without matches: lengths above 14 go on in bytes of up to 255. */
  const literals = (input: Uint8Array): Uint8Array => {
    const { length } = input;
    if (length < 15) return Uint8Array.of(length << 4, ...input);
    const more = Array.from({ length: Math.floor((length - 15) / 255) }, () => 255);
    return Uint8Array.of(0xf0, ...more, (length - 15) % 255, ...input);
  };
  const hadoop = (input: Uint8Array): Uint8Array => {
    const block = literals(input);
    const sizes = new DataView(new ArrayBuffer(8));
    sizes.setUint32(0, input.length);
    sizes.setUint32(4, block.length);
    return Uint8Array.of(...new Uint8Array(sizes.buffer), ...block);
  };

  it.each([
    ["LZ4_RAW", literals],
    ["LZ4", hadoop],
    ["LZ4", literals],
  ] as const)("reads %s, columns without a value among them", async (codec, compress) => {
    const columnData: Columns = [
      { name: "a", data: long, type: "DOUBLE" },
      { name: "b", data: long.map((x, i) => (i % 5 === 0 ? null : x)), type: "DOUBLE", encoding: "PLAIN" },
      { name: "c", data: long.map(() => null), type: "DOUBLE" },
      { name: "d", data: long.map(() => null), type: "STRING" },
      { name: "e", data: long.map((_, i) => ["no", "yes", ""][i % 3]), type: "STRING" },
    ];
    const bytes = parquetWriteBuffer({ columnData, codec, compressors: { [codec]: compress } });
    const expected = contentOf(readyValue(await readParquet(parquet(columnData))));
    const table = await readParquet(write("packed.parquet", new Uint8Array(bytes)));
    expect(contentOf(readyValue(table))).toEqual(expected);
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
