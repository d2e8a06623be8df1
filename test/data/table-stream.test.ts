import { appendFileSync, truncateSync, utimesSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { chooseReading } from "../../src/data/choose-reading.js";
import { concatenateTables } from "../../src/data/concatenate-tables.js";
import { findDataFiles, type DataFile } from "../../src/data/data-files.js";
import { readTable } from "../../src/data/read-table.js";
import { placeOf, type Table } from "../../src/data/table.js";
import { TableStream } from "../../src/data/table-stream.js";
import type { DataDiagnostic } from "../../src/diagnostics/data-diagnostic.js";
import { testFolder } from "./folder.js";
import { contentOf, readyValue } from "./tables.js";

const { write } = testFolder();

const rows = Array.from(
  { length: 500 },
  (_, i) => [Math.cos(i), i % 7 === 0 ? null : i, ["red", "blue"][i % 2]] as const,
);
const csv = `a,b,c\n${rows.map((row) => row.map((cell) => cell ?? "").join(",")).join("\n")}\n`;
const jsonLines = rows.map(([a, b, c]) => `${JSON.stringify({ a, b, c })}\n`).join("");

function parquet(): Uint8Array {
  const column = (j: number): (number | string | null)[] => rows.map((row) => row[j]);
  const columnData = [
    { name: "a", data: column(0), type: "DOUBLE" },
    { name: "b", data: column(1), type: "DOUBLE" },
    { name: "c", data: column(2), type: "STRING" },
  ] as const;
  return new Uint8Array(parquetWriteBuffer({ columnData: [...columnData], rowGroupSize: 180 }));
}

function npy(fortran: boolean): Uint8Array {
  const values = Array.from({ length: 1000 }, (_, i) =>
    fortran ? (i < 500 ? Math.sin(i) : i) : i % 2 === 0 ? Math.sin(i / 2) : i,
  );
  const header = `{'descr': '<f8', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (500, 2), }\n`;
  const bytes = new Uint8Array(Float64Array.from(values).buffer);
  return Uint8Array.from([0x93, ...Buffer.from("NUMPY"), 1, 0, header.length, 0, ...Buffer.from(header), ...bytes]);
}

interface Read {
  readonly tables: readonly Table[];
  readonly problems: readonly DataDiagnostic[];
}

async function readAll(stream: TableStream, between: (tables: number) => void = () => undefined): Promise<Read> {
  const tables: Table[] = [];
  for await (const block of stream.open()) {
    if (block.kind === "refused") return { tables, problems: block.diagnostics };
    tables.push(block.value);
    between(tables.length);
  }
  return { tables, problems: [] };
}

const small = { values: 300, text: 1000 };
function streamOf(...paths: string[]): TableStream {
  return new TableStream(readyValue(findDataFiles(paths)), small);
}

describe("blocks of a file", () => {
  it.each([
    ["CSV", "t.csv", csv],
    ["compressed CSV", "t.csv.gz", gzipSync(csv)],
    ["CSV with quotes", "q.csv", csv.replaceAll("red", '"red"')],
    ["JSON lines", "t.jsonl", jsonLines],
    ["Parquet", "t.parquet", parquet()],
    ["NPY", "t.npy", npy(false)],
    ["NPY in Fortran order", "f.npy", npy(true)],
  ])("%s: together the whole table, each row in its place, in every pass", async (_, name, content) => {
    const file = write(name, content);
    const whole = readyValue(await readTable([file], async function* () {}));
    const stream = streamOf(file);
    for (let pass = 0; pass < 2; pass++) {
      const { tables, problems } = await readAll(stream);
      expect(problems).toEqual([]);
      // What is parsed is parsed in pieces of 64 kB.
      expect(tables.length).toBeGreaterThan(name === "q.csv" ? 0 : 2);
      expect(contentOf(concatenateTables(tables))).toEqual(contentOf(whole));
      let row = 0;
      for (const table of tables) {
        expect(placeOf(table, table.rows - 1, "a")).toEqual(placeOf(whole, row + table.rows - 1, "a"));
        row += table.rows;
      }
    }
  });

  it("of several files by a pattern, each with its own rows", async () => {
    const first = write("part-1.csv", "x,y\n1,2\n3,4\n");
    write("part-2.csv", "y,x\n6,5\n");
    const { tables } = await readAll(streamOf(first.replace("part-1", "part-*")));
    expect(contentOf(concatenateTables(tables))).toEqual({ x: [1, 3, 5], y: [2, 4, 6] });
    expect(placeOf(tables[1], 0, "x")).toMatchObject({ file: first.replace("part-1", "part-2"), row: 1, line: 2 });
  });

  it("of Parquet hold the columns that are wanted", async () => {
    const stream = streamOf(write("wanted.parquet", parquet()));
    for await (const block of stream.open(new Set(["b"]))) {
      expect(readyValue(block).columns.map(({ name }) => name)).toEqual(["b"]);
    }
  });

  it("of files with different columns are refused", async () => {
    const first = write("c-1.csv", "x\n1\n");
    const second = write("c-2.csv", "z\n1\n");
    expect((await readAll(streamOf(first, second))).problems).toMatchObject([{ code: "GEN4008", file: second }]);
  });

  it("count ragged rows to the end", async () => {
    const file = write("ragged.csv", `${csv}1,2\n${csv.slice(6)}3\n4\n`);
    const { problems } = await readAll(streamOf(file));
    expect(problems).toMatchObject([{ code: "GEN4004", row: 501, line: 502, file }]);
    expect(problems[0].message).toContain("2 further rows");
  });

  it("of JSON lines need all keys in the first, and no list", async () => {
    const late = write("late.jsonl", `${jsonLines}{"a":1,"b":2,"c":"red","d":3}\n`);
    expect((await readAll(streamOf(late))).problems).toMatchObject([{ code: "GEN4015", column: "d" }]);
    const list = write("list.json", '[{"a":1}]');
    expect((await readAll(streamOf(list))).problems).toMatchObject([{ code: "GEN4009" }]);
    const broken = write("broken.jsonl", `${jsonLines}{"a":\n`);
    expect((await readAll(streamOf(broken))).problems).toMatchObject([{ code: "GEN4009", row: 501, line: 501 }]);
  });

  it("without rows are refused", async () => {
    const file = write("empty.csv", "a,b\n");
    expect((await readAll(streamOf(file))).problems).toMatchObject([{ code: "GEN4003", file }]);
  });
});

describe("a file that changes is an error", () => {
  it.each<[string, (file: string) => void]>([
    ["that grows", (file) => appendFileSync(file, "1,2,red\n")],
    ["that is cut off", (file) => truncateSync(file, 9000)],
    ["that is written to", (file) => utimesSync(file, new Date(0), new Date(0))],
  ])("%s between passes", async (_, change) => {
    const file = write("changing.csv", csv);
    const stream = streamOf(file);
    expect((await readAll(stream)).problems).toEqual([]);
    change(file);
    expect((await readAll(stream)).problems).toMatchObject([{ code: "GEN4013", file }]);
  });

  it("that is cut off within a pass", async () => {
    const file = write("cut.parquet", parquet());
    const { problems } = await readAll(streamOf(file), (count) => {
      if (count === 1) truncateSync(file, 100);
    });
    expect(problems).toMatchObject([{ code: "GEN4013", file }]);
  });
});

describe("how data are read", () => {
  const file = (bytes: number, format: DataFile["format"] = "csv", packed = false): DataFile => ({
    path: `t.${format}`,
    format,
    packed,
    bytes,
  });
  const gigabyte = 2 ** 30;

  it.each([
    [[file(1e6)], undefined, 8 * gigabyte, false],
    [[file(0.9 * gigabyte)], undefined, 8 * gigabyte, false],
    [[file(1.1 * gigabyte)], undefined, 8 * gigabyte, true],
    [[file(0.6 * gigabyte), file(0.6 * gigabyte)], undefined, 8 * gigabyte, true],
    [[file(0.3 * gigabyte, "csv", true)], undefined, 8 * gigabyte, true],
    // Kernels do not address more, whatever the machine has.
    [[file(1.1 * gigabyte)], undefined, 1000 * gigabyte, true],
    [[file(1000)], true, gigabyte, true],
    [[file(100 * gigabyte)], false, gigabyte, false],
    [[file(100 * gigabyte, "npz")], undefined, gigabyte, false],
    [[file(100 * gigabyte, "npz")], true, gigabyte, false],
  ] as const)("%j, asked %s, on a machine of %i bytes: in blocks %s", (files, wish, memory, expected) => {
    expect(chooseReading(files, wish, memory).inBlocks).toBe(expected);
  });

  it("is said in words", () => {
    expect(chooseReading([file(2e9)], undefined, 8 * gigabyte).why).toBe(
      "about 2.0 GB of numbers, more than the 1.1 GB that are held in memory here",
    );
  });
});
