import { describe, expect, test } from "vitest";
import { deriveProgram } from "../../../src/compile/index.js";
import { describe as describeModel } from "../../../src/codegen/typescript/describe.js";
import { emptyComponents } from "../../../src/runtime/fit/empty-components.js";
import { modelOf } from "../../support/random-models.js";

const source = { fileName: "model.gen", text: "", hash: "", compilerVersion: "" };
/** What the run time is told that counts a latent's values. */
function occurrences(text: string, latent: string): readonly string[] | undefined {
  const program = deriveProgram(modelOf(text));
  return describeModel(program, source).variables.find(({ name }) => name === latent)?.occurrences;
}

describe("how often a latent has each value", () => {
  test("is told by the statistics of its own weights", () => {
    const text = `model Mixture {
      size K, D
      param weights: Simplex[K]
      param mean[K]: Vector[D]
      param variance: Positive
      each n {
        latent z: Category[K] ~ Categorical(weights)
        observe x: Vector[D] ~ Normal(mean[z], variance)
      }
    }`;
    expect(occurrences(text, "z")).toEqual(["weights.occurrences"]);
    expect(occurrences(text, "x")).toBeUndefined();
  });

  test("is not told where the weights are another latent's too, or known", () => {
    const text = (second: string): string => `model Pair {
      size K
      param weights: Simplex[K]
      param mean[K]: Real
      param other[K]: Real
      param variance: Positive
      each n {
        given known: Simplex[K]
        latent z: Category[K] ~ Categorical(weights)
        latent y: Category[K] ~ Categorical(${second})
        observe x: Real ~ Normal(mean[z] + other[y], variance)
      }
    }`;
    expect(occurrences(text("known"), "z")).toEqual(["weights.occurrences"]);
    expect(occurrences(text("known"), "y")).toBeUndefined();
    expect(occurrences(text("weights"), "z")).toBeUndefined();
  });
});

describe("empty components", () => {
  const variable = { name: "z", occurrences: ["weights.occurrences"] };
  const latent = { variable, values: 3, map: { itemsPerRow: 2 } };
  // No pass over the rows: a source without any would fail.
  const runner = { source: { totalWeight: 3000 } };
  const found = async (statistics: Record<string, Float64Array>): Promise<readonly number[]> => {
    const all = await emptyComponents(runner as never, { parameters: {}, statistics }, [latent as never]);
    return all.map(({ value }) => value);
  };

  test("have less than a thousandth of an equal share, 2000 items here", async () => {
    expect(await found({ "weights.occurrences": Float64Array.of(3997, 1, 2002) })).toEqual([1]);
    expect(await found({ "weights.occurrences": Float64Array.of(3995, 3, 2002) })).toEqual([]);
  });

  test("are counted over all cells of a table", async () => {
    // [2, 3]: two groups with weights of their own.
    expect(await found({ "weights.occurrences": Float64Array.of(3000, 0, 1, 0, 2999, 0) })).toEqual([2]);
  });
});
