import { expect, test } from "vitest";
import { jsonPieces } from "../../src/cli/json-pieces.js";

test("pieces are the document as JSON.stringify has it, numbers in arrays as they are", () => {
  const many = Float64Array.from({ length: 40_000 }, (_, i) => Math.sin(i) / (i % 7));
  const document = {
    schema: "a/1",
    nothing: undefined,
    inner: { many, none: new Float64Array(0), label: 'say "x"', list: ["a", null] },
    best: Int32Array.of(3, -1, 0),
    negative: Float64Array.of(-0, NaN, -Infinity, 1e-300),
  };
  const pieces = [...jsonPieces(document)];
  const plain = {
    ...document,
    inner: { ...document.inner, many: [...many], none: [] },
    best: [...document.best],
    negative: [...document.negative],
  };
  expect(pieces.join("")).toBe(`${JSON.stringify(plain)}\n`);
  // No piece is most of it.
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(pieces.join("").length / 2);
});
