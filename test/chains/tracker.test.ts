import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { csvRows } from "../support/csv-columns.js";
import { trainerOf } from "../support/trainers.js";

/** The example of a tracker, on the track that it comes with. */
test("the tracker halves the error of the sightings and sees the turns as they happen", async () => {
  const text = readFileSync(new URL("../../examples/tracker/tracker.gen", import.meta.url), "utf8");
  const tracker = new (await trainerOf(text))({ K: 2 });
  const rows = csvRows(
    new URL("../../stdlib/data/track.csv", import.meta.url),
    ...["east", "north", "true_east", "true_north", "turning"],
  );
  // What the track was drawn with, and regimes by eye.
  tracker.setParameters({
    initial: [0.9, 0.1],
    transition: [
      [0.98, 0.02],
      [0.04, 0.96],
    ],
    acceleration: [1e-4, 0.02],
    drift: 1e-4,
    noise: 0.64,
    start: [0, 0],
    spread: 100,
    speed: 1,
  } as never);
  const filter = tracker.filter();
  const errors = { filtered: 0, seen: 0, right: 0, sightings: 0 };
  let logLikelihood = 0;
  for (const [east = NaN, north = NaN, trueEast = NaN, trueNorth = NaN, turning] of rows) {
    const isSeen = !Number.isNaN(east);
    const step = await filter.next({ seen: isSeen ? [east, north] : null });
    logLikelihood += step.logDensity;
    const [x = NaN, y = NaN] = step.mean["position"] ?? [];
    errors.filtered += (x - trueEast) ** 2 + (y - trueNorth) ** 2;
    if (isSeen) errors.seen += (east - trueEast) ** 2 + (north - trueNorth) ** 2;
    if (isSeen) errors.sightings++;
    if (step.probability["regime"]![1]! > 0.5 === (turning === 1)) errors.right++;
  }
  const mean = (sum: number, count: number): number => Math.sqrt(sum / count);
  expect(mean(errors.filtered, rows.length)).toBeLessThan(0.6 * mean(errors.seen, errors.sightings));
  expect(errors.right / rows.length).toBeGreaterThan(0.8);
  const { logLikelihood: whole } = await tracker.score({ seen: rows.map((row) => row.slice(0, 2)) } as never);
  expect(logLikelihood).toBeCloseTo(whole, 8);
});
