import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { encodeDelta } from "../../../src/codegen/kernels/wasm/encode-delta.js";
import { applyDelta } from "../../../src/runtime/kernels/apply-delta.js";

/** Few letters, so that stretches repeat. */
const bytes = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 400 }).map((list) => Uint8Array.from(list));

describe("what turns one text of bytes into another", () => {
  test.prop([bytes, bytes])("gives that other text back", (from, to) => {
    expect(applyDelta(from, encodeDelta(from, to))).toEqual(to);
  });

  test.prop([fc.uint8Array({ maxLength: 600 }), fc.array(fc.nat(), { maxLength: 5 })])(
    "gives it back where parts were moved, left out and put in",
    (from, cuts) => {
      const to = cuts.reduce((text, cut) => {
        const at = text.length === 0 ? 0 : cut % text.length;
        return Uint8Array.from([...text.slice(at, at + 20), cut & 255, ...text.slice(0, at), ...text.slice(at + 25)]);
      }, from);
      expect(applyDelta(from, encodeDelta(from, to))).toEqual(to);
    },
  );

  it("is short where the texts are alike", () => {
    const from = Uint8Array.from({ length: 10_000 }, (_, i) => (i * i * 31) & 255);
    const to = Uint8Array.from([...from.slice(0, 5000), 1, 2, 3, ...from.slice(5003)]);
    expect(encodeDelta(from, to).length).toBeLessThan(20);
  });
});
