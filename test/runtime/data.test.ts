import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import type { ModelDescription, VariableDescription } from "../../src/runtime/description.js";
import type { Dataset } from "../../src/runtime/data/dataset.js";
import { takeIn } from "../../src/runtime/data/dataset.js";
import { partitionRows, scatterRows } from "../../src/runtime/data/blocks.js";
import { entryMoments } from "../../src/runtime/data/variance.js";
import { DataError } from "../../src/runtime/errors.js";
import { DiagonalMixture } from "./models/diagonal-mixture.js";
import { PoissonMixture } from "./models/poisson-mixture.js";
import { clusters, twoPoissons } from "./models/simulated.js";

type Variable = Pick<VariableDescription, "name" | "domain"> & Partial<VariableDescription>;

/** A model with these data variables and nothing else. */
function modelOf(variables: readonly Variable[], sizes: ModelDescription["sizes"] = []): ModelDescription {
  return {
    name: "Test",
    source: "test.gen",
    sourceHash: "",
    compilerVersion: "",
    sizes,
    parameters: [],
    variables: variables.map((variable) => ({
      role: "observed",
      plates: [],
      plateNames: [],
      event: [],
      optional: false,
      ...variable,
    })),
    statistics: [],
    hasRidge: false,
    gradientBlocks: [],
    options: {},
    needsSymmetryBreaking: false,
  };
}

function read(
  description: ModelDescription,
  data: unknown,
  sizes: Record<string, number> = {},
  labels = {},
): Promise<Dataset> {
  return takeIn(description, data, { sizes, sizesOrigin: "as given to the constructor", labels, needs: "all" });
}

async function errorOf(
  description: ModelDescription,
  data: unknown,
  sizes: Record<string, number> = {},
): Promise<DataError> {
  const error: unknown = await read(description, data, sizes).catch((reason: unknown) => reason);
  if (!(error instanceof DataError)) throw new Error(`expected a DataError, found ${String(error)}`);
  return error;
}

const vectors = modelOf(
  [{ name: "x", domain: "real", event: ["D"] }],
  [{ name: "D", boundBy: { variable: "x", dimension: 0 } }],
);
const scalar = modelOf([{ name: "y", domain: "real" }]);

describe("forms of data", () => {
  const expected = Float64Array.of(1, 2, 3, 4, 5, 6);
  const batches = [
    [[1, 2]],
    [
      [3, 4],
      [5, 6],
    ],
  ];

  async function* slowly(): AsyncGenerator<number[][]> {
    for (const batch of batches) {
      await Promise.resolve();
      yield batch;
    }
  }

  it.each<[string, unknown]>([
    [
      "nested arrays",
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    [
      "nested arrays by variable",
      {
        x: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      },
    ],
    ["arrays of typed arrays", [Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 6)]],
    ["shape and data", { x: { shape: [3, 2], data: expected } }],
    ["shape and data of the only variable", { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] }],
    [
      "a TensorFlow.js tensor",
      tf.tensor2d([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    ],
    [
      "an object of tensors",
      {
        x: tf.tensor2d([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
      },
    ],
    [
      "something like a tensor",
      { x: { shape: [3, 2], dataSync: () => expected, data: () => Promise.resolve(expected) } },
    ],
    ["a list of batches", [{ x: batches[0] }, { x: batches[1] }]],
    ["an iterable of batches", new Set(batches)],
    ["an asynchronous iterable of batches", slowly()],
  ])("%s", async (_, data) => {
    const dataset = await read(vectors, data);
    expect(dataset.rows).toBe(3);
    expect(dataset.sizes).toEqual({ D: 2 });
    expect(dataset.columns["x"]).toEqual(expected);
  });

  it("a flat typed array, where the size is known", async () => {
    expect((await read(vectors, expected, { D: 3 })).rows).toBe(2);
    expect((await errorOf(vectors, expected)).code).toBe("shape");
    expect((await errorOf(vectors, expected, { D: 4 })).code).toBe("shape");
  });

  it("a column [rows, 1] is a scalar, a column [rows] a vector of one entry", async () => {
    expect((await read(scalar, [[1], [2]])).columns["y"]).toEqual(Float64Array.of(1, 2));
    expect((await read(vectors, [1, 2], { D: 1 })).columns["x"]).toEqual(Float64Array.of(1, 2));
  });

  it("a tensor fits as an array does", async () => {
    const rows = clusters(60, 3, [
      [0, 0],
      [5, 5],
    ]).map((row) => row.map(Math.fround));
    const byArray = await new DiagonalMixture({ K: 2 }).fit(rows);
    const tensor = tf.tensor2d(rows);
    const byTensor = await new DiagonalMixture({ K: 2 }).fit(tensor);
    expect(byTensor.trace).toEqual(byArray.trace);
    expect(tensor.isDisposed).toBe(false);
  });
});

describe("shapes", () => {
  it("ragged rows name the row", async () => {
    const error = await errorOf(vectors, [[1, 2], [3]]);
    expect(error).toMatchObject({ code: "shape", variable: "x", row: 1 });
  });

  it("a size that contradicts the constructor's names both places", async () => {
    const error = await errorOf(vectors, [[1, 2]], { D: 3 });
    expect(error.code).toBe("size");
    expect(error.message).toContain("`x`");
    expect(error.message).toContain("`D` = 3");
    expect(error.message).toContain("constructor");
  });

  it("a size that two variables contradict names both", async () => {
    const two = modelOf(
      [
        { name: "x", domain: "real", event: ["D"] },
        { name: "u", domain: "real", event: ["D"], role: "given" },
      ],
      [{ name: "D" }],
    );
    const error = await errorOf(two, { x: [[1, 2]], u: [[1, 2, 3]] });
    expect(error.code).toBe("size");
    expect(error.message).toMatch(/`u`.*`x`/);
  });

  it("a plate inside a row takes its own dimension", async () => {
    const plates = modelOf([{ name: "a", domain: "binary", plates: ["J"], plateNames: ["j"] }], [{ name: "J" }]);
    const dataset = await read(plates, [
      [0, 1, 1],
      [1, 0, 0],
    ]);
    expect(dataset.sizes).toEqual({ J: 3 });
    expect(dataset.widths).toEqual({ a: 3 });
  });

  it("sums of sizes are compared once their parts are known", async () => {
    const sum = modelOf(
      [
        { name: "x", domain: "real", event: ["D"] },
        { name: "y", domain: "real", event: [["D", 1]] },
      ],
      [{ name: "D" }],
    );
    expect((await read(sum, { y: [[1, 2, 3]], x: [[1, 2]] })).sizes).toEqual({ D: 2 });
    expect((await errorOf(sum, { y: [[1, 2]], x: [[1, 2]] })).code).toBe("size");
  });

  it("different numbers of rows", async () => {
    const two = modelOf([
      { name: "x", domain: "real" },
      { name: "y", domain: "real" },
    ]);
    expect((await errorOf(two, { x: [1, 2], y: [1] })).code).toBe("rows");
  });

  it("names that are missing or unknown", async () => {
    expect(await errorOf(scalar, {})).toMatchObject({ code: "missing-variable", variable: "y" });
    expect(await errorOf(scalar, { y: [1], z: [1] })).toMatchObject({ code: "unknown-variable", variable: "z" });
    expect(
      (
        await errorOf(
          modelOf([
            { name: "x", domain: "real" },
            { name: "y", domain: "real" },
          ]),
          [1, 2],
        )
      ).code,
    ).toBe("type");
  });
});

describe("supports", () => {
  it.each<[VariableDescription["domain"], number[], number[]]>([
    ["count", [0, 3, 1e6], [-1, 0.5, Infinity, NaN, 2 ** 53]],
    ["binary", [0, 1], [2, -1, 0.5, NaN]],
    ["positive", [1e-300, 5], [0, -1, Infinity, NaN]],
    ["unit", [1e-300, 0.5], [0, 1, -1, 2]],
    ["real", [-1e300, 0], [Infinity, -Infinity, NaN]],
  ])("%s", async (domain, good, bad) => {
    const model = modelOf([{ name: "v", domain }]);
    expect((await read(model, good)).columns["v"]).toEqual(Float64Array.from(good));
    for (const value of bad) {
      const error = await errorOf(model, [...good, value]);
      expect(error).toMatchObject({ variable: "v", row: good.length, column: 0 });
    }
  });

  it("a simplex must sum to 1", async () => {
    const model = modelOf([{ name: "p", domain: "simplex", event: ["K"] }], [{ name: "K" }]);
    expect((await read(model, [[0.25, 0.75]])).rows).toBe(1);
    expect(
      await errorOf(model, [
        [0.5, 0.5],
        [0.5, 0.6],
      ]),
    ).toMatchObject({ code: "support", row: 1 });
    expect(await errorOf(model, [[1.5, -0.5]])).toMatchObject({ code: "support", column: 1 });
  });

  it("missing entries only where they are allowed", async () => {
    const optional = modelOf([{ name: "v", domain: "count", optional: true }]);
    const dataset = await read(optional, [1, null, 3, undefined]);
    expect([...dataset.incomplete]).toEqual([0, 1, 0, 1]);
    expect((await errorOf(modelOf([{ name: "v", domain: "count" }]), [1, null])).code).toBe("missing-value");
    const given = modelOf([{ name: "u", domain: "real", role: "given", optional: true }]);
    expect((await errorOf(given, [1, NaN])).code).toBe("missing-value");
  });

  it("text where numbers belong", async () => {
    expect(await errorOf(scalar, [1, "two"])).toMatchObject({ code: "type", variable: "y", row: 1 });
  });

  it.each([[-1], [NaN], [Infinity]])("a weight of %d is refused", async (weight) => {
    const error: unknown = await new PoissonMixture()
      .fit({ y: [1, 2], w: [1, weight] })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ code: "weight", row: 1 });
  });
});

describe("categories", () => {
  const category = modelOf([{ name: "c", domain: "category", categories: "C" }], [{ name: "C", categoriesOf: "c" }]);

  it.each<[string, unknown[], number[], unknown]>([
    ["codes as they stand", [0, 2, 1], [0, 2, 1], undefined],
    ["strings, sorted", ["b", "a", "c", "a"], [1, 0, 2, 0], ["a", "b", "c"]],
    ["integers that are no codes", [30, 10, 20], [2, 0, 1], [10, 20, 30]],
    ["integers from 1", [1, 2, 1], [0, 1, 0], [1, 2]],
    ["a mixture of both", [7, "a", 7], [0, 1, 0], [7, "a"]],
  ])("%s", async (_, values, codes, dictionary) => {
    const dataset = await read(category, values);
    expect([...dataset.columns["c"]]).toEqual(codes);
    expect(dataset.labels["c"]).toEqual(dictionary);
    expect(dataset.sizes).toEqual({ C: new Set(values).size });
  });

  it("more labels than categories", async () => {
    expect((await errorOf(category, ["a", "b", "c"], { C: 2 })).code).toBe("label");
    expect((await read(category, ["a", "b"], { C: 3 })).sizes).toEqual({ C: 3 });
  });

  it("later data is read by the dictionary of the fit", async () => {
    const later = await read(category, ["c", "a"], { C: 3 }, { c: ["a", "b", "c"] });
    expect([...later.columns["c"]]).toEqual([2, 0]);
    const unknown: unknown = await read(category, ["d"], { C: 3 }, { c: ["a", "b", "c"] }).catch(
      (reason: unknown) => reason,
    );
    expect(unknown).toMatchObject({ code: "label", row: 0 });
  });
});

describe("blocks", () => {
  it("hold complete rows first, and results go back to the user's order", async () => {
    const model = modelOf([{ name: "v", domain: "real", optional: true }]);
    const dataset = await read(model, [NaN, 1, 2, NaN, 3, 4]);
    const blocks = partitionRows(dataset, 3);
    expect(blocks.map(({ rows, complete, firstRow }) => [rows, complete, firstRow])).toEqual([
      [3, true, 1],
      [1, true, 5],
      [2, false, 0],
    ]);
    const back = new Float64Array(6);
    for (const block of blocks) scatterRows(block, block.data["v"], back);
    expect([...back]).toEqual([NaN, 1, 2, NaN, 3, 4]);
  });

  it("a partition makes no difference to answers per row", async () => {
    const rows = clusters(
      50,
      4,
      [
        [0, 0],
        [4, 4],
      ],
      0.3,
    );
    const model = new DiagonalMixture({ K: 2, D: 2 });
    model.setParameters({
      weights: [0.5, 0.5],
      mean: [
        [0, 0],
        [4, 4],
      ],
      variance: [
        [1, 1],
        [1, 1],
      ],
    });
    const together = await model.logDensity(rows);
    for (let row = 0; row < 50; row += 7) {
      expect((await model.logDensity([rows[row]]))[0]).toBeCloseTo(together[row], 12);
    }
  });
});

describe("moments", () => {
  it("weighted, without missing entries, exact at a far origin", () => {
    const values = Float64Array.of(1e9 + 1, NaN, 1e9 + 3, 5, 1e9 + 3, 7);
    const { mean, variance } = entryMoments(values, 2, 2, Float64Array.of(2, 1, 1));
    // Entry 0: 1, 1, 3, 3; entry 1: 5, 7.
    expect(mean[0]).toBe(1e9 + 2);
    expect(variance[0]).toBe(1);
    expect([mean[1], variance[1]]).toEqual([6, 1]);
  });

  it("a constant entry has variance 1 and is named", () => {
    const { variance, constant } = entryMoments(Float64Array.of(0.1, 1, 0.1, 2, 0.1, 3), 2, 2);
    expect(constant).toEqual([0]);
    expect(variance[0]).toBe(1);
  });
});

describe("counts of a Poisson mixture", () => {
  it("a negative count names the row", async () => {
    const bad = [...twoPoissons(10, 1), -2];
    const error: unknown = await new PoissonMixture().fit(bad).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "DataError", variable: "y", row: 10 });
  });
});
