import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { ModelFileReason, StoredTensor } from "../../src/runtime/index.js";
import { decodeSafetensors, describeModelFile, encodeSafetensors, ModelFileError } from "../../src/runtime/index.js";
import { DiagonalMixture } from "./models/diagonal-mixture.js";
import { PoissonMixture } from "./models/poisson-mixture.js";
import { twoPoissons } from "./models/simulated.js";

function sound(): Promise<Uint8Array> {
  const model = new DiagonalMixture({ K: 2 });
  model.setParameters({
    weights: [0.25, 0.75],
    mean: [
      [0, 0],
      [3, 6],
    ],
    variance: [
      [1, 4],
      [1, 1],
    ],
  });
  model.columns = { x: ["width", "height"] };
  return model.save();
}

/** A file of the model with parts replaced. */
async function forged(change: {
  tensors?: Record<string, StoredTensor>;
  metadata?: Record<string, string>;
}): Promise<Uint8Array> {
  const { tensors, metadata } = decodeSafetensors(await sound());
  return encodeSafetensors(
    { ...Object.fromEntries(tensors), ...change.tensors },
    { ...Object.fromEntries(metadata), ...change.metadata },
  );
}

async function reasonOf(bytes: Uint8Array): Promise<ModelFileReason | "read"> {
  try {
    await DiagonalMixture.load(bytes);
    return "read";
  } catch (error) {
    if (error instanceof ModelFileError) return error.reason;
    throw error;
  }
}

describe("saving and loading", () => {
  it("gives back the same model, and the same bytes when saved again", async () => {
    const model = new PoissonMixture({ K: 2 });
    const counts = twoPoissons(100, 1);
    await model.fit(counts);
    const bytes = await model.save();
    const again = await PoissonMixture.load(bytes);
    expect(again.parameters.rate.data).toEqual(model.parameters.rate.data);
    expect(again.sizes).toEqual({ K: 2 });
    expect(await again.logDensity(counts)).toEqual(await model.logDensity(counts));
    expect(await again.save()).toEqual(bytes);
  });

  it("keeps the column mapping, and says which model it is of", async () => {
    const bytes = await sound();
    expect((await DiagonalMixture.load(bytes)).columns).toEqual({ x: ["width", "height"] });
    expect(describeModelFile(bytes)).toEqual({
      model: "DiagonalMixture",
      source: "diagonal-mixture.gen",
      sourceHash: "4567",
    });
  });

  it("takes an ArrayBuffer", async () => {
    const bytes = await sound();
    expect((await DiagonalMixture.load(bytes.slice().buffer)).sizes).toEqual({ K: 2, D: 2 });
  });

  it("another model is refused by name", async () => {
    await expect(PoissonMixture.load(await sound())).rejects.toThrow(/DiagonalMixture.*PoissonMixture/);
  });
});

describe("files that no fit produces are refused with the reason", () => {
  const vector = (...values: number[]): StoredTensor => ({ shape: [values.length], data: Float64Array.from(values) });

  it.each<[string, Parameters<typeof forged>[0], ModelFileReason]>([
    ["another format", { metadata: { format: "pt" } }, "not-a-genc-file"],
    ["a later version", { metadata: { descriptionVersion: "2" } }, "version"],
    ["an unknown model", { metadata: { model: "Other" } }, "model"],
    ["sizes that are no JSON", { metadata: { sizes: "{" } }, "sizes"],
    ["sizes that are no object", { metadata: { sizes: "[2]" } }, "sizes"],
    ["a size too few", { metadata: { sizes: '{"K":2}' } }, "sizes"],
    ["a size too many", { metadata: { sizes: '{"K":2,"D":2,"E":2}' } }, "sizes"],
    ["a negative size", { metadata: { sizes: '{"K":-2,"D":2}' } }, "sizes"],
    ["a huge size", { metadata: { sizes: '{"K":9007199254740991,"D":2}' } }, "sizes"],
    ["a size that contradicts the tensors", { metadata: { sizes: '{"K":3,"D":2}' } }, "sizes"],
    ["labels of an observed real", { metadata: { labels: '{"x":["a"]}' } }, "labels"],
    ["labels that repeat", { metadata: { labels: '{"z":["a","a"]}' } }, "labels"],
    ["columns that are no strings", { metadata: { columns: '{"x":[1]}' } }, "header"],
    ["an unknown tensor", { tensors: { extra: vector(1) } }, "parameters"],
    ["NaN", { tensors: { weights: vector(NaN, 1) } }, "parameters"],
    ["infinity", { tensors: { mean: { shape: [2, 2], data: Float64Array.of(1, 2, Infinity, 4) } } }, "parameters"],
    ["a negative probability", { tensors: { weights: vector(-0.5, 1.5) } }, "parameters"],
    ["probabilities that do not sum to 1", { tensors: { weights: vector(0.5, 0.6) } }, "parameters"],
    [
      "a negative variance",
      { tensors: { variance: { shape: [2, 2], data: Float64Array.of(1, 1, -1, 1) } } },
      "parameters",
    ],
  ])("%s", async (_, change, reason) => {
    expect(await reasonOf(await forged(change))).toBe(reason);
  });

  it("a parameter is missing", async () => {
    const { tensors, metadata } = decodeSafetensors(await sound());
    const { mean, ...rest } = Object.fromEntries(tensors);
    expect(mean).toBeDefined();
    expect(await reasonOf(encodeSafetensors(rest, Object.fromEntries(metadata)))).toBe("parameters");
  });
});

describe("damage", () => {
  test.prop([fc.array(fc.nat({ max: 10_000 }), { minLength: 1, maxLength: 4 }), fc.nat(255)], { numRuns: 1000 })(
    "changed bytes are read or refused, never anything else",
    async (places, value) => {
      const bytes = (await sound()).slice();
      for (const place of places) bytes[place % bytes.length] ^= value;
      expect(await reasonOf(bytes)).toEqual(expect.any(String));
    },
  );
});
