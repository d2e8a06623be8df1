import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { nearestCentresModule as made } from "../../../src/codegen/kernels/nearest-centres.js";
import { loopsOver, searchPoints } from "../../../src/runtime/fit/nearest-centres.js";
import { nearestCentresModule } from "../../../src/runtime/fit/nearest-centres-module.js";

/** By definition, without any bound. */
function nearestOf(points: Float64Array, i: number, width: number, centres: Float64Array) {
  const distances = Array.from({ length: centres.length / width }, (_, centre) => {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += (points[i * width + k] - centres[centre * width + k]) ** 2;
    return sum;
  });
  const distance = Math.min(...distances);
  return { place: distances.indexOf(distance), distance };
}

const problems = fc
  .record({
    width: fc.integer({ min: 1, max: 9 }),
    count: fc.integer({ min: 1, max: 21 }),
    centres: fc.integer({ min: 1, max: 6 }),
  })
  .chain(({ width, count, centres }) =>
    fc.record({
      width: fc.constant(width),
      count: fc.constant(count),
      // Few values, so that distances tie.
      points: numbers(width * count),
      first: numbers(width * centres),
      second: numbers(width * (centres + 2)),
    }),
  );

function numbers(length: number): fc.Arbitrary<Float64Array> {
  const entry = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.double({ min: -1e3, max: 1e3, noNaN: true }));
  return fc.array(entry, { minLength: length, maxLength: length }).map((values) => Float64Array.from(values));
}

describe("the nearest centres", () => {
  test.prop([problems])("are those of the definition, bit by bit, by the kernel and by loops", (problem) => {
    const { width, count, points, first, second } = problem;
    for (const search of [searchPoints(points, width, count), loopsOver(points, width, count)]) {
      for (const centres of [first, second]) {
        const { places, distances } = search.nearest(centres, centres.length / width);
        expect(places).toHaveLength(count);
        for (let i = 0; i < count; i++) {
          const expected = nearestOf(points, i, width, centres);
          expect([places[i], distances[i]]).toEqual([expected.place, expected.distance]);
        }
      }
    }
  });

  it("other points take the place of the first", () => {
    const centres = Float64Array.of(0, 10);
    const first = Float64Array.from({ length: 20 }, (_, i) => i);
    for (const search of [searchPoints(first, 1, 20), loopsOver(first, 1, 20)]) {
      search.take(Float64Array.of(9, 1, 8), 3);
      const { places, distances } = search.nearest(centres, 2);
      expect([...places]).toEqual([1, 0, 1]);
      expect([...distances]).toEqual([1, 1, 4]);
    }
  });

  it("the prebuilt module is what the generator makes", () => {
    expect({ ...nearestCentresModule }).toEqual(made());
  });

  it("many centres make the kernel's memory grow", () => {
    const points = Float64Array.from({ length: 40 }, (_, i) => i);
    const centres = Float64Array.from({ length: 40_000 }, (_, i) => 0.5 * i);
    const { places } = searchPoints(points, 1, 40).nearest(centres, 40_000);
    expect([...places]).toEqual([...points].map((value) => 2 * value));
  });
});
