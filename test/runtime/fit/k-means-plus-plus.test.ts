import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../src/numerics/random.js";
import { kMeansPlusPlus, nearestCentre, randomCentres } from "../../../src/runtime/fit/k-means-plus-plus.js";

const stream = (seed: number): RandomStream => new RandomStream({ seed, site: "test" });

/** Three tight groups on a line. */
const groups = [0, 0.1, 0.2, 10, 10.1, 10.2, 20, 20.1, 20.2];

describe("kMeansPlusPlus", () => {
  it.each([0, 1, 2, 3, 4])("finds well separated groups (seed %i)", (seed) => {
    const points = { width: 1, features: Float64Array.from(groups), weights: new Float64Array(9).fill(1) };
    const centres = [...kMeansPlusPlus(points, 3, stream(seed))].sort((a, b) => a - b);
    [0.1, 10.1, 20.1].forEach((centre, k) => expect(centres[k]).toBeCloseTo(centre, 12));
  });

  it("a weight of 3 is the point three times", () => {
    const once = { width: 1, features: Float64Array.of(0, 1, 10), weights: Float64Array.of(1, 3, 1) };
    const repeated = { width: 1, features: Float64Array.of(0, 1, 1, 1, 10), weights: new Float64Array(5).fill(1) };
    for (let seed = 0; seed < 10; seed++) {
      const a = kMeansPlusPlus(once, 2, stream(seed));
      const b = kMeansPlusPlus(repeated, 2, stream(seed));
      a.forEach((value, i) => expect(value).toBeCloseTo(b[i], 12));
    }
  });

  it("more centres than distinct points: finite, and every point is a centre", () => {
    const points = { width: 1, features: Float64Array.of(1, 2), weights: Float64Array.of(1, 1) };
    const centres = kMeansPlusPlus(points, 5, stream(1));
    expect(centres).toHaveLength(5);
    expect(new Set(centres)).toEqual(new Set([1, 2]));
  });

  it("random centres are distinct points while there are any", () => {
    const points = { width: 1, features: Float64Array.from(groups), weights: new Float64Array(9).fill(1) };
    expect(new Set(randomCentres(points, 9, stream(2)))).toEqual(new Set(groups));
  });

  it("the nearest centre is the first of equals", () => {
    expect(nearestCentre(Float64Array.of(1), 0, 1, Float64Array.of(0, 2, 5), 3)).toBe(0);
    expect(nearestCentre(Float64Array.of(9, 1.1), 1, 1, Float64Array.of(0, 2, 5), 3)).toBe(1);
  });
});
