import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { didYouMean, editDistance } from "../../src/diagnostics/did-you-mean.js";

/** The definition, by recursion over prefixes: slow, and short enough to be seen to be right. */
function slowDistance(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const [x, y] = [a.slice(0, -1), b.slice(0, -1)];
  const swapped = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1);
  return Math.min(
    slowDistance(x, b) + 1,
    slowDistance(a, y) + 1,
    slowDistance(x, y) + (a.at(-1) === b.at(-1) ? 0 : 1),
    swapped ? slowDistance(a.slice(0, -2), b.slice(0, -2)) + 1 : Number.POSITIVE_INFINITY,
  );
}

const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });

describe("editDistance", () => {
  it.each([
    ["", "", 0],
    ["abc", "", 3],
    ["kitten", "sitting", 3],
    ["latnet", "latent", 1],
    ["ca", "abc", 3],
    ["modle", "model", 1],
  ])("%s and %s: %d", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  test.prop([word, word], { numRuns: 150 })("is the distance of the definition, both ways", (a, b) => {
    expect(editDistance(a, b)).toBe(slowDistance(a, b));
    expect(editDistance(b, a)).toBe(editDistance(a, b));
  });
});

describe("didYouMean", () => {
  it.each([
    ["latnet", ["latent", "let"], "latent"],
    ["Latent", ["latent"], "latent"],
    ["k", ["K", "D"], "K"],
    ["m", ["K", "D"], undefined],
    ["mu", ["nu", "S"], undefined],
    ["covarience", ["covariance", "mean"], "covariance"],
    ["banana", ["covariance", "mean"], undefined],
    ["mean", ["mean"], undefined],
    ["meen", ["mean", "been"], "mean"],
  ])("%s among %j: %s", (written, candidates, expected) => {
    expect(didYouMean(written, candidates)).toBe(expected);
  });
});
