import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTable } from "../../src/data/read-table.js";
import { placeOf } from "../../src/data/table.js";
import { contentOf, problemsOf, readyValue } from "./tables.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "genc-data-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function* nothing(): AsyncGenerator<string> {}
const read = (...paths: string[]): ReturnType<typeof readTable> => readTable(paths, nothing);

/** A NumPy file by its own specification. */
function npy(descr: string, shape: string, body: ArrayBufferView, fortran = "False", version = 1): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;
  const length =
    version === 1 ? [header.length & 255, header.length >> 8] : [header.length & 255, header.length >> 8, 0, 0];
  const magic = [0x93, ..."NUMPY"].map((c) => (typeof c === "number" ? c : c.charCodeAt(0)));
  const bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  return Uint8Array.from([...magic, version, 0, ...length, ...Buffer.from(header), ...bytes]);
}

describe("formats", () => {
  it("reads JSON lines, lists as numbered columns, absent keys as missing", async () => {
    const file = write("a.jsonl", '{"x":[1,2],"y":"red"}\n\n{"x":[3,null],"z":true}\n');
    const table = readyValue(await read(file));
    expect(contentOf(table)).toEqual({ "x[0]": [1, 3], "x[1]": [2, null], y: ["red", null], z: [null, 1] });
    expect(placeOf(table, 1)).toEqual({ file, row: 2, line: 3 });
  });

  it("reads a JSON list of objects", async () => {
    expect(contentOf(readyValue(await read(write("a.json", '[{"a":1},{"a":2}]'))))).toEqual({ a: [1, 2] });
  });

  it("names the line of broken JSON", async () => {
    const [problem] = problemsOf(await read(write("broken.jsonl", '{"a":1}\n{"a":\n')));
    expect(problem).toMatchObject({ code: "GEN4009", line: 2, row: 2 });
  });

  const twoByThree = { "m[0]": [1, 4], "m[1]": [2, 5], "m[2]": [3, 6] };
  it.each([
    ["float64", npy("<f8", "(2, 3)", Float64Array.of(1, 2, 3, 4, 5, 6))],
    ["float32, version 2", npy("<f4", "(2, 3)", Float32Array.of(1, 2, 3, 4, 5, 6), "False", 2)],
    ["int32", npy("<i4", "(2, 3)", Int32Array.of(1, 2, 3, 4, 5, 6))],
    ["int64", npy("<i8", "(2, 3)", BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n))],
    ["uint8", npy("|u1", "(2, 3)", Uint8Array.of(1, 2, 3, 4, 5, 6))],
    ["big-endian int16", npy(">i2", "(2, 3)", Uint8Array.of(0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6))],
    ["Fortran order, version 3", npy("<f8", "(2, 3)", Float64Array.of(1, 4, 2, 5, 3, 6), "True", 3)],
  ])("reads NPY: %s", async (_, bytes) => {
    expect(contentOf(readyValue(await read(write("m.npy", bytes))))).toEqual(twoByThree);
  });

  it("reads NPY of three axes and of text", async () => {
    const cube = npy("<f8", "(1, 2, 2)", Float64Array.of(1, 2, 3, 4));
    expect(contentOf(readyValue(await read(write("c.npy", cube))))).toEqual({
      "c[0,0]": [1],
      "c[0,1]": [2],
      "c[1,0]": [3],
      "c[1,1]": [4],
    });
    const words = npy("<U2", "(2,)", Uint32Array.from(["n", "o", "a", "\0"].map((c) => c.charCodeAt(0))));
    expect(contentOf(readyValue(await read(write("w.npy", words))))).toEqual({ w: ["no", "a"] });
  });

  it("refuses a truncated NPY and an element type that it does not know", async () => {
    expect(problemsOf(await read(write("t.npy", npy("<f8", "(2,)", Float64Array.of(1)))))[0]).toMatchObject({
      code: "GEN4010",
    });
    expect(problemsOf(await read(write("o.npy", npy("|O", "(2,)", Float64Array.of(1, 2)))))[0].message).toContain("|O");
  });

  it("reads NPZ, stored and deflated", async () => {
    const x = npy("<f8", "(2, 2)", Float64Array.of(1, 2, 3, 4));
    const y = npy("<i4", "(2,)", Int32Array.of(5, 6));
    const file = write(
      "both.npz",
      zip([
        ["x.npy", x, 0],
        ["y.npy", y, 8],
      ]),
    );
    expect(contentOf(readyValue(await read(file)))).toEqual({ "x[0]": [1, 3], "x[1]": [2, 4], y: [5, 6] });
  });

  it("reads compressed CSV", async () => {
    expect(contentOf(readyValue(await read(write("z.csv.gz", gzipSync("a\n1\n")))))).toEqual({ a: [1] });
  });

  it("says which formats it does not read", async () => {
    expect(problemsOf(await read(write("s.xlsx", "PK")))[0]).toMatchObject({ code: "GEN4002" });
  });
});

describe("several files", () => {
  it("reads standard input", async () => {
    async function* input(): AsyncGenerator<string> {
      yield "a,b\n1,";
      yield "2\n";
    }
    expect(contentOf(readyValue(await readTable(["-"], input)))).toEqual({ a: [1], b: [2] });
  });

  it("joins what a pattern matches, by column name, and keeps each row's file", async () => {
    mkdirSync(join(folder, "many", "deep"), { recursive: true });
    write("many/1.csv", "a,b\n1,red\n");
    const second = write("many/deep/2.csv", "b,a\nblue,2\nred,3\n");
    const table = readyValue(await read(join(folder, "many/**/*.csv")));
    expect(contentOf(table)).toEqual({ a: [1, 2, 3], b: ["red", "blue", "red"] });
    expect(placeOf(table, 2, "a")).toEqual({ file: second, row: 2, line: 3, column: "a" });
  });

  it("refuses files with other columns", async () => {
    const [problem] = problemsOf(await read(write("1.csv", "a,b\n1,2\n"), write("2.csv", "a,c\n1,2\n")));
    expect(problem).toMatchObject({ code: "GEN4008", file: join(folder, "2.csv") });
    expect(problem.message).toContain("lacks `b` and also has `c`");
  });

  it.each([
    ["a missing file", "absent.csv", "GEN4001"],
    ["a folder", ".", "GEN4001"],
    ["a pattern without matches", "absent-*.csv", "GEN4012"],
  ])("refuses %s", async (_, name, code) => {
    expect(problemsOf(await read(join(folder, name)))[0].code).toBe(code);
  });
});

describe("hostile files", () => {
  const edge = (name: string): string => join(import.meta.dirname, "edge", `${name}.csv`);
  it("refuses a header without rows", async () => {
    expect(problemsOf(await read(edge("header_only")))).toMatchObject([{ code: "GEN4003", file: edge("header_only") }]);
  });
  it.each([
    ["all_equal", 50],
    ["constant_column", 60],
    ["faithful_doubled_rows", 544],
    ["faithful_permuted_columns", 272],
    ["faithful_plus_1e6", 272],
    ["faithful_shuffled_rows", 272],
    ["hmmlearn_issue2_zero_variance", 9],
    ["one_row", 1],
    ["poisson_negative_count", 107],
    ["rows_fully_missing", 40],
  ])("reads %s: %i rows of numbers", async (name, rows) => {
    const table = readyValue(await read(edge(name)));
    expect(table.rows).toBe(rows);
    expect(table.columns.filter((column) => column.text !== undefined)).toEqual([]);
  });
});

/** A ZIP archive by its own specification: local headers, directory, end. */
function zip(entries: readonly (readonly [name: string, content: Uint8Array, method: 0 | 8])[]): Uint8Array {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content, method] of entries) {
    const packed = method === 8 ? deflateRawSync(content) : Buffer.from(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(packed.length, 18);
    local.writeUInt32LE(content.length, 22);
    local.writeUInt16LE(name.length, 26);
    const header = Buffer.alloc(46);
    header.writeUInt32LE(0x02014b50, 0);
    header.writeUInt16LE(method, 10);
    header.writeUInt32LE(packed.length, 20);
    header.writeUInt32LE(content.length, 24);
    header.writeUInt16LE(name.length, 28);
    header.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), packed);
    directory.push(header, Buffer.from(name));
    offset += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...directory, end]);
}
