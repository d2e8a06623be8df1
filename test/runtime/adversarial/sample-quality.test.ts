import { describe, expect, test } from "vitest";
import { sampleQuality } from "../../../src/runtime/adversarial/sample-quality.js";

const line = (...data: readonly number[]): { data: readonly number[]; width: number; count: number } => ({
  data,
  width: 1,
  count: data.length,
});

describe("precision and recall", () => {
  // Third neighbours: radius 3 at 0 and 3, 2 at 1 and 2; draws apart by 0.1: radii 0.3, 0.2, 0.2, 0.3.
  const data = line(0, 1, 2, 3);
  const groups = [0, 0, 1, 1];

  test("draws within the balls of the data are precise, data within the balls of draws are recalled", () => {
    const quality = sampleQuality(data, line(1, 1.1, 1.2, 1.3), groups);
    expect(quality.precision).toBe(1);
    expect(quality.recall).toBe(1 / 4);
    expect(quality.spread).toBeCloseTo(0.3 / 3, 12);
  });

  test("draws outside are not", () => {
    // The ball of 3 reaches to 6, that of 2 to 4, that of 1 to 3.
    const quality = sampleQuality(data, line(5.9, 6.1, 7, 50), groups);
    expect(quality.precision).toBe(1 / 4);
    // Radii of the draws: 44.1, 43.9, 43, 44.1: each reaches all data but the last draw, 47 away from the nearest.
    expect(quality.recall).toBe(1);
  });

  test("the data are precise and recalled among themselves", () => {
    const quality = sampleQuality(data, data, groups);
    expect([quality.precision, quality.recall, quality.spread]).toEqual([1, 1, 1]);
  });
});

describe("coverage", () => {
  const data = line(0, 0.1, 0.2, 0.3, 10, 10.1, 10.2, 10.3, 20, 20.1, 20.2, 20.3);
  const groups = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];

  test("a draw belongs to the group of the datum nearest to it", () => {
    const quality = sampleQuality(data, line(0, 0.1, 1, 9, 10, 11, 4.9, 4, 5.3, 0, 0, 0), groups);
    expect([quality.groups, quality.covered]).toEqual([3, 2]);
  });

  test("a group counts from a quarter of its share on: 1 of 12 draws for 4 of 12 rows", () => {
    const quality = sampleQuality(data, line(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 20), groups);
    expect(quality.covered).toBe(3);
  });
});
