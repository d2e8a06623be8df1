/** Edge inputs: transformed copies of Old Faithful, and data that has no answer or hardly one. */
import { beforeAll, describe, expect, test } from "vitest";
import { CollapsedComponentError, DataError } from "../../src/runtime/index.js";
import { csvColumns, csvRows } from "../support/csv-columns.js";
import { trainerOf } from "../support/trainers.js";
import { covarianceTypes, mixtureOf, start, storedExtent, type CovarianceType } from "./covariance-types.js";

const edge = (name: string): URL => new URL(`../data/edge/${name}.csv`, import.meta.url);
const faithful = csvRows(new URL("../published/data/faithful.csv", import.meta.url));

/** A fit from the same start in other coordinates: x → change(x), one scale for all columns. */
async function fitFrom(type: CovarianceType, p: number[][], change = (x: number[]): number[] => x, scale = 1) {
  const trainer = new (await mixtureOf(type))({ M: 2 });
  const spread = start.spread.map((matrix) => matrix.map((row) => row.map((value) => value * scale ** 2)));
  const init = { part: start.part, at: start.at.map(change), extent: storedExtent(type, spread) };
  const options = { ridge: 0, restarts: 1, tolerance: 1e-11, maxIterations: 2000, accelerate: false };
  const { logLikelihood } = await trainer.fit({ p }, { ...options, init });
  const { part, at, extent } = trainer.parameters;
  return { logLikelihood, part: [...part!.data], at: [...at!.data], extent: [...extent!.data] };
}

function expectClose(got: readonly number[], want: readonly number[], digits: number): void {
  expect(got).toHaveLength(want.length);
  want.forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThan(10 ** -digits * (1 + Math.abs(value))));
}

const trained = { seed: 1, tolerance: 1e-9, maxIterations: 2000 };

describe.each(covarianceTypes)("%s covariance: what changes nothing, or only so much", (type) => {
  let plain: Awaited<ReturnType<typeof fitFrom>>;
  beforeAll(async () => {
    plain = await fitFrom(type, faithful);
  });

  test("the order of the rows", async () => {
    const found = await fitFrom(type, csvRows(edge("faithful_shuffled_rows")));
    expect(found.logLikelihood).toBeCloseTo(plain.logLikelihood, 7);
    expectClose(found.at, plain.at, 6);
  });

  test("the order of the columns", async () => {
    const found = await fitFrom(type, csvRows(edge("faithful_permuted_columns")), ([a, b]) => [b!, a!]);
    expect(found.logLikelihood).toBeCloseTo(plain.logLikelihood, 7);
    expectClose(found.at, [plain.at[1]!, plain.at[0]!, plain.at[3]!, plain.at[2]!], 6);
  });

  test("every row twice: twice the log-likelihood", async () => {
    const found = await fitFrom(type, csvRows(edge("faithful_doubled_rows")));
    expect(found.logLikelihood).toBeCloseTo(2 * plain.logLikelihood, 6);
    expectClose([...found.part, ...found.at, ...found.extent], [...plain.part, ...plain.at, ...plain.extent], 6);
  });

  test("a shift by a million: the same log-likelihood and covariances", async () => {
    const found = await fitFrom(type, csvRows(edge("faithful_plus_1e6")), (x) => x.map((value) => value + 1e6));
    // The file keeps seven decimals of what it adds to.
    expect(found.logLikelihood).toBeCloseTo(plain.logLikelihood, 4);
    expectClose(
      found.at.map((value) => value - 1e6),
      plain.at,
      5,
    );
    expectClose(found.extent, plain.extent, 5);
  });

  test.each([1e-3, 0.25, 1e4])("all columns times %d: N D log c less", async (c) => {
    const change = (x: readonly number[]): number[] => x.map((value) => value * c);
    const found = await fitFrom(type, faithful.map(change), change, c);
    expect(found.logLikelihood).toBeCloseTo(plain.logLikelihood - 272 * 2 * Math.log(c), 6);
    expectClose(change(plain.at), found.at, 5);
  });

  test("shift and scale from a start of genc's own", async () => {
    const fit = async (p: number[][]): Promise<number> =>
      (await new (await mixtureOf(type))({ M: 2 }).fit({ p }, trained)).logLikelihood;
    const here = await fit(faithful);
    expect(here).toBeCloseTo(plain.logLikelihood, 2);
    expect(await fit(csvRows(edge("faithful_plus_1e6")))).toBeCloseTo(here, 3);
    expect(await fit(faithful.map((x) => x.map((value) => value * 1e-3)))).toBeCloseTo(here + 544 * Math.log(1e3), 3);
  });
});

describe("data with hardly an answer", () => {
  test.each(covarianceTypes)("all rows equal, %s: finite with a ridge, refused without", async (type) => {
    const Trainer = await mixtureOf(type);
    const p = csvRows(edge("all_equal"));
    const result = await new Trainer({ M: 2 }).fit({ p }, trained);
    expect(Number.isFinite(result.logLikelihood)).toBe(true);
    expect(result.warnings.length).toBeGreaterThan(0);
    const refused: unknown = await new Trainer({ M: 2 })
      .fit({ p }, { ...trained, ridge: 0 })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CollapsedComponentError);
  });

  test("a constant column is named", async () => {
    const result = await new (await mixtureOf("full"))({ M: 2 }).fit({ p: csvRows(edge("constant_column")) }, trained);
    expect(Number.isFinite(result.logLikelihood)).toBe(true);
    expect(result.warnings.find(({ code }) => code === "GEN5004")?.message).toMatch(/2.*`p`/);
  });

  test("columns of zero variance in hmmlearn's issue 2", async () => {
    for (const type of covarianceTypes) {
      const trainer = new (await mixtureOf(type))({ M: 2 });
      await trainer.fit({ p: csvRows(edge("hmmlearn_issue2_zero_variance")) }, trained);
      for (const { data } of Object.values(trainer.parameters)) expect(data.every(Number.isFinite)).toBe(true);
    }
  });

  test("one row", async () => {
    const p = csvRows(edge("one_row"));
    const trainer = new (await mixtureOf("full"))({ M: 1 });
    const result = await trainer.fit({ p }, trained).catch((error: unknown) => error);
    if (result instanceof Error) expect(result).toBeInstanceOf(CollapsedComponentError);
    else expectClose([...trainer.parameters["at"]!.data], p[0]!, 9);
  });

  test("no row", async () => {
    const trainer = new (await mixtureOf("full"))({ M: 2, W: 2 });
    await expect(trainer.fit({ p: [] }, trained)).rejects.toMatchObject({ name: "DataError", code: "empty" });
  });

  test("rows of which nothing is observed: density 1, weights for responsibilities, no part in the centres", async () => {
    const rows = csvRows(edge("rows_fully_missing"));
    const empty = rows.map((row) => row.every(Number.isNaN));
    expect(empty.filter(Boolean).length).toBeGreaterThan(0);
    for (const type of covarianceTypes) {
      const Trainer = await mixtureOf(type, "?");
      const trainer = new Trainer({ M: 2 });
      await trainer.fit({ p: rows }, trained);
      const { probability } = await trainer.predict({ p: rows });
      const table = probability["kind"]!.data;
      const densities = await trainer.logDensity({ p: rows });
      const weights = trainer.parameters["part"]!.data;
      empty.forEach((isEmpty, row) => {
        if (!isEmpty) return;
        expect(Math.abs(densities[row]!)).toBeLessThan(1e-12);
        expectClose([...table.subarray(2 * row, 2 * row + 2)], [...weights], 12);
      });
      const options = { tolerance: 1e-13, maxIterations: 20_000, ridge: 0 };
      const fit = async (p: number[][]): Promise<readonly number[]> => {
        const alone = new Trainer({ M: 1 });
        const { logLikelihood } = await alone.fit({ p }, options);
        return [logLikelihood, ...alone.parameters["at"]!.data, ...alone.parameters["extent"]!.data];
      };
      expectClose(await fit(rows), await fit(rows.filter((_, row) => !empty[row])), 9);
    }
  });

  test("a negative count is refused by variable and row", async () => {
    const counts = csvColumns(edge("poisson_negative_count"))["count"]!;
    const Trainer = await trainerOf(`model Tallies {
      size M
      param part: Simplex[M]
      param pace[M]: Positive
      each day {
        latent kind: Category[M] ~ Categorical(part)
        observe tally: Count ~ Poisson(pace[kind])
      }
    }`);
    const refused: unknown = await new Trainer({ M: 2 })
      .fit({ tally: counts }, trained)
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DataError);
    expect(refused).toMatchObject({ variable: "tally", row: counts.findIndex((count) => count < 0) });
  });
});
