import { describe, expect, it } from "vitest";
import type { ParameterDescription } from "../../src/runtime/description.js";
import { readParameters } from "../../src/cli/read-parameters.js";
import { problemsOf, readyValue } from "../data/tables.js";

const parameter = (name: string, more: Partial<ParameterDescription>): ParameterDescription => ({
  name,
  domain: "real",
  shape: [],
  tableRank: 0,
  axes: [],
  hasPrior: false,
  ...more,
});
const weights = parameter("weights", { domain: "simplex", shape: ["K"] });
const mean = parameter("mean", { shape: ["K", "D"], tableRank: 1 });
const covariance = parameter("covariance", { domain: "covariance.full", shape: ["D", "D"] });

function read(
  document: unknown,
  parameters: readonly ParameterDescription[],
  partial = false,
): ReturnType<typeof readParameters> {
  return readParameters("p.json", JSON.stringify(document), parameters, new Map(), partial);
}
const codesOf = (...arguments_: Parameters<typeof read>): readonly string[] =>
  problemsOf(read(...arguments_)).map((problem) => problem.code);

describe("parameters from JSON", () => {
  it("sizes follow from the shapes", () => {
    const { values, sizes } = readyValue(
      read(
        {
          weights: [0.25, 0.75],
          mean: [
            [1, 2, 3],
            [4, 5, 6],
          ],
        },
        [weights, mean],
      ),
    );
    expect(values["mean"]).toEqual({ shape: [2, 3], data: Float64Array.of(1, 2, 3, 4, 5, 6) });
    expect(Object.fromEntries([...sizes].map(([name, { value }]) => [name, value]))).toEqual({ K: 2, D: 3 });
  });

  it("a single number has no shape", () => {
    expect(readyValue(read({ rate: 2 }, [parameter("rate", { domain: "positive" })])).values["rate"].shape).toEqual([]);
  });

  it("a wrong shape names parameter, expected and found, and what settled the size", () => {
    const [problem] = problemsOf(read({ weights: [0.5, 0.5], mean: [[1], [2], [3]] }, [weights, mean]));
    expect(problem.code).toBe("GEN4304");
    expect(problem.message).toBe(
      "The parameter `mean` should be [K, D] (K is 2 by the shape of `weights`, D is 1 by the shape of `mean`), but is [3, 1].",
    );
  });

  it("a start may leave parameters out; a query may not, fixed ones aside", () => {
    const known = parameter("scale", { domain: "positive", fixed: [1] });
    expect(readyValue(read({ weights: [1] }, [weights, mean], true)).values).not.toHaveProperty("mean");
    expect(codesOf({ weights: [1] }, [weights, mean])).toEqual(["GEN4302"]);
    expect(codesOf({ weights: [1] }, [weights, known])).toEqual([]);
    expect(codesOf({ weights: [1], scale: 2 }, [weights, known])).toEqual(["GEN4306"]);
  });

  it("a misspelt name", () => {
    expect(problemsOf(read({ wieghts: [1] }, [weights], true))[0]).toMatchObject({
      code: "GEN4303",
      hint: "Did you mean `weights`?",
    });
  });

  it.each([
    ["text", "no JSON at all"],
    ["a list", "[1]"],
  ])("%s is not an object", (_, text) => {
    expect(problemsOf(readParameters("p.json", text, [], new Map(), false))[0].code).toBe("GEN4301");
  });

  it.each([
    ["uneven lists", [[1], [2, 3]]],
    ["text", [["a"]]],
    ["mixed depth", [[1], 2]],
    ["null", [[null]]],
  ])("not all numbers: %s", (_, value) => {
    expect(codesOf({ mean: value }, [mean])).toEqual(["GEN4305"]);
  });

  it.each([
    ["a simplex sums to one", weights, [0.5, 0.25], "sums to 0.75, not to 1"],
    [
      "covariances are symmetric",
      { ...covariance, name: "weights" },
      [
        [1, 0.5],
        [0.4, 1],
      ],
      "is not symmetric",
    ],
    [
      "and positive definite",
      { ...covariance, name: "weights" },
      [
        [1, 2],
        [2, 1],
      ],
      "is not positive definite",
    ],
  ])("domain: %s", (_, described, value, reason) => {
    const [problem] = problemsOf(read({ weights: value }, [described]));
    expect(problem).toMatchObject({ code: "GEN4306", message: `The parameter \`weights\` ${reason}.` });
  });
});
