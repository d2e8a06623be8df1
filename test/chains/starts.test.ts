import { describe, expect, test } from "vitest";
import { trainerOf } from "../support/trainers.js";
import { csvRows } from "../support/csv-columns.js";

/** Where fits of chains begin by themselves: far enough up that they end where the textbook's parameters are, or above. */
describe("a level that is seen as it is", () => {
  const text = `model Level {
    param step: Positive
    param noise: Positive
    param start: Real
    param spread: Positive
    each s { chain t {
      latent level: Real ~ Normal(level[t-1], step) init Normal(start, spread)
      observe y: Real? ~ Normal(level, noise)
    } }
  }`;
  const nile = csvRows(new URL("../../stdlib/data/nile.csv", import.meta.url), "volume").map((row) => row![0]!);

  // Durbin and Koopman 2012, 2.2.5: variances 1469.1 and 15099; the level begins near the first year.
  const published = { step: 1469.1, noise: 15099, start: nile[0]!, spread: 1 };

  test.each([0, 1e6])("far from 0 (by %d more), with years missing", async (shift) => {
    const y = nile.map((value, t) => (t % 9 === 4 ? NaN : value + shift));
    const Model = await trainerOf(text);
    const book = new Model({});
    book.setParameters({ ...published, start: published.start + shift });
    const expected = (await book.score({ y } as never)).logLikelihood;
    const found = await new Model({}).fit({ y } as never, { seed: 3 });
    expect(found.converged).toBe(true);
    expect(found.logLikelihood).toBeGreaterThan(expected);
  });
});
