import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { printBytes } from "../../../src/codegen/kernels/wasm/print-bytes.js";
import { bytesOfText } from "../../../src/runtime/kernels/bytes-of-text.js";

describe("bytes as text", () => {
  test.prop([fc.uint8Array({ maxLength: 2000 })])("come back, and the text needs no escapes", (bytes) => {
    const text = printBytes(bytes);
    expect(bytesOfText(text)).toEqual(bytes);
    expect(JSON.stringify(text)).toBe(`"${text}"`);
    expect(text).toMatch(/^[!-~]*$/);
    expect(text).not.toMatch(/[<`$&]/);
  });

  it("are there for every byte", () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, i) => i & 255);
    expect(bytesOfText(printBytes(bytes))).toEqual(bytes);
  });
});
