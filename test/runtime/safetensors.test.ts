import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { ModelFileError } from "../../src/runtime/errors.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/runtime/safetensors.js";

/** A file written by hand: any header text, any number of data bytes. */
function file(header: string, dataBytes: number, declaredLength?: number | bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(declaredLength ?? text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function reasonOf(bytes: Uint8Array): string {
  try {
    decodeSafetensors(bytes);
    return "read";
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    return error.reason;
  }
}

const one = `{"dtype":"F64","shape":[1],"data_offsets":[0,8]}`;

describe("round trip", () => {
  test.prop([
    fc.dictionary(
      fc.string(),
      fc.array(fc.double(), { maxLength: 6 }).map((values) => ({
        shape: [values.length],
        data: Float64Array.from(values),
      })),
    ),
    fc.dictionary(fc.string(), fc.string()),
  ])("gives back every bit of every tensor and the metadata", (tensors, metadata) => {
    fc.pre(!("__metadata__" in tensors));
    const again = decodeSafetensors(encodeSafetensors(tensors, metadata));
    expect(Object.fromEntries(again.metadata)).toEqual(metadata);
    expect([...again.tensors.keys()].sort()).toEqual(Object.keys(tensors).sort());
    for (const [name, tensor] of again.tensors) {
      expect(tensor.shape).toEqual(tensors[name].shape);
      expect(new Uint8Array(tensor.data.buffer)).toEqual(new Uint8Array(tensors[name].data.buffer));
    }
  });

  it("lays out the bytes as the format says", () => {
    const bytes = encodeSafetensors({ a: { shape: [1, 2], data: Float64Array.of(1, 2) } }, { k: "v" });
    const view = new DataView(bytes.buffer);
    const length = Number(view.getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    expect(header).toEqual({ __metadata__: { k: "v" }, a: { dtype: "F64", shape: [1, 2], data_offsets: [0, 16] } });
    expect(view.getFloat64(8 + length, true)).toBe(1);
    expect(view.getFloat64(16 + length, true)).toBe(2);
  });

  it("reads from a view into a larger buffer", () => {
    const bytes = encodeSafetensors({ a: { shape: [], data: Float64Array.of(7) } }, {});
    const larger = new Uint8Array(bytes.length + 5);
    larger.set(bytes, 5);
    expect(decodeSafetensors(larger.subarray(5)).tensors.get("a")?.data).toEqual(Float64Array.of(7));
  });
});

describe("hostile files are refused with the reason", () => {
  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "truncated"],
    ["seven bytes", new Uint8Array(7), "truncated"],
    ["header longer than the file", file("{}", 0, 100), "truncated"],
    ["header of 2^64 - 1 bytes", file("{}", 0, 2n ** 64n - 1n), "header"],
    ["header of more than 100 MB", file("{}", 0, 100_000_001), "header"],
    ["empty header", file("", 0), "header"],
    ["not JSON", file("{'a': 1}", 0), "header"],
    ["text after the object", file("{} {}", 0), "header"],
    ["an array", file("[]", 0), "header"],
    ["deep nesting", file("[".repeat(100_000), 0), "header"],
    ["a string that does not end", file('{"a', 0), "header"],
    ["a repeated tensor", file(`{"a":${one},"a":${one}}`, 8), "duplicate-key"],
    ["a repeated tensor under an escape", file(`{"a":${one},"\\u0061":${one}}`, 8), "duplicate-key"],
    [
      "a repeated field",
      file('{"a":{"dtype":"F64","dtype":"F64","shape":[1],"data_offsets":[0,8]}}', 8),
      "duplicate-key",
    ],
    ["an unknown field", file('{"a":{"x":1,"dtype":"F64","shape":[1],"data_offsets":[0,8]}}', 8), "header"],
    ["metadata that is no object", file('{"__metadata__":3}', 0), "header"],
    ["metadata that is no string", file('{"__metadata__":{"a":3}}', 0), "header"],
    ["a tensor that is no object", file('{"a":3}', 0), "header"],
    ["a dtype of another size", file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8), "dtype"],
    ["no dtype", file('{"a":{"shape":[1],"data_offsets":[0,8]}}', 8), "dtype"],
    ["no shape", file('{"a":{"dtype":"F64","data_offsets":[0,8]}}', 8), "shape"],
    ["a negative extent", file('{"a":{"dtype":"F64","shape":[-1,-1],"data_offsets":[0,8]}}', 8), "shape"],
    ["a fractional extent", file('{"a":{"dtype":"F64","shape":[0.5,2],"data_offsets":[0,8]}}', 8), "shape"],
    ["an extent above 2^53", file('{"a":{"dtype":"F64","shape":[1e300],"data_offsets":[0,8]}}', 8), "shape"],
    [
      "extents whose product wraps around to 1 in 64 bits",
      file('{"a":{"dtype":"F64","shape":[4294967297,4294967295,4294967297,4294967295],"data_offsets":[0,8]}}', 8),
      "shape",
    ],
    ["a shape larger than its bytes", file('{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}', 8), "shape"],
    ["offsets beyond the end", file('{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}', 8), "offsets"],
    ["offsets that go back", file('{"a":{"dtype":"F64","shape":[1],"data_offsets":[8,0]}}', 8), "offsets"],
    ["negative offsets", file('{"a":{"dtype":"F64","shape":[1],"data_offsets":[-8,0]}}', 8), "offsets"],
    ["three offsets", file('{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8,16]}}', 8), "offsets"],
    ["overlapping tensors", file(`{"a":${one},"b":${one}}`, 8), "offsets"],
    ["a hole at the start", file('{"a":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}', 16), "offsets"],
    ["bytes after the last tensor", file(`{"a":${one}}`, 16), "offsets"],
    ["bytes of no tensor", file("{}", 8), "offsets"],
  ])("%s", (_, bytes, reason) => {
    expect(reasonOf(bytes)).toBe(reason);
  });

  it("invalid UTF-8", () => {
    const bytes = file('{"a?":1}', 0);
    bytes[11] = 0xff;
    expect(reasonOf(bytes)).toBe("header");
  });

  it("keys that are special in JavaScript are ordinary names", () => {
    const { tensors } = decodeSafetensors(file(`{"__proto__":${one}}`, 8));
    expect([...tensors.keys()]).toEqual(["__proto__"]);
  });
});

const sound = encodeSafetensors(
  {
    mean: { shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) },
    weights: { shape: [2], data: Float64Array.of(0.25, 0.75) },
  },
  { format: "genc", model: "Mixture" },
);

describe("damage", () => {
  test.prop([fc.array(fc.tuple(fc.nat(sound.length * 8 - 1)), { minLength: 1, maxLength: 8 })], { numRuns: 2000 })(
    "flipped bits are read or refused, never anything else",
    (flips) => {
      const bytes = sound.slice();
      for (const [bit] of flips) bytes[bit >> 3] ^= 1 << (bit & 7);
      expect(reasonOf(bytes)).toEqual(expect.any(String));
    },
  );

  test.prop([fc.nat(sound.length - 1)])("a file cut short is refused", (length) => {
    expect(reasonOf(sound.slice(0, length))).not.toBe("read");
  });

  test.prop([fc.uint8Array({ maxLength: 200 })], { numRuns: 500 })("noise is refused", (bytes) => {
    expect(reasonOf(bytes)).not.toBe("read");
  });
});
