import { describe, expect, test } from "vitest";
import type { DensityFactor, Dimension, Expression, Model } from "../../src/ir/model.js";
import type { Tensors } from "../support/interpreted-program.js";
import { blockOf, forRandomTrainers, logDensity, runs } from "./random-trainer.js";

/** Parameters that an expression reads, index expressions left aside. */
function parametersIn(expression: Expression): readonly string[] {
  if (expression.kind === "parameter") return [expression.name];
  return expression.kind === "apply" ? expression.arguments.flatMap(parametersIn) : [];
}

/** A parameter that is added to the mean with factor 1 in every entry of the variable. */
function interceptIn(expression: Expression): string | undefined {
  if (expression.kind === "parameter") return expression.name;
  if (expression.kind !== "apply") return undefined;
  const [left, right] = expression.arguments;
  if (expression.function === "subtract") return left === undefined ? undefined : interceptIn(left);
  if (expression.function !== "add" || left === undefined || right === undefined) return undefined;
  return interceptIn(right) ?? interceptIn(left);
}

interface LocationScale {
  readonly factor: DensityFactor;
  readonly mean: Expression;
  readonly spread: Expression;
  readonly isDeviation: boolean;
}

/** Factors of which both the mean and the spread can be carried over into other units. */
function locationScales(model: Model): readonly LocationScale[] {
  return model.factors.flatMap((factor) => {
    if (factor.kind !== "density") return [];
    const { arguments: given, distribution } = factor;
    const mean =
      distribution === "Normal" ? given["mean"] : distribution === "StudentT" ? given["location"] : undefined;
    const spread = given["sd"] ?? given["covariance"] ?? given["scale"];
    if (mean === undefined || spread === undefined || JSON.stringify(mean).includes('"tanh"')) return [];
    return [{ factor, mean, spread, isDeviation: given["sd"] !== undefined }];
  });
}

function scaleSpread(
  model: Model,
  sizes: Readonly<Record<string, number>>,
  name: string,
  values: Float64Array,
  s: number,
  isDeviation: boolean,
): Float64Array {
  const { domain } = model.parameters.find((parameter) => parameter.name === name)!;
  if (domain.kind === "covariance" && domain.structure === "lowRank") {
    // Loadings, then the variance of each entry.
    const { rank } = domain as { readonly rank?: Dimension };
    const width = (rank?.kind === "literal" ? rank.value : sizes[rank!.name]!) + 1;
    return values.map((value, i) => value * ((i + 1) % width === 0 ? s * s : s));
  }
  return values.map((value) => value * (isDeviation ? s : s * s));
}

describe("units of random models", () => {
  test("data in other units: log s less for each observed entry", async () => {
    let scaled = 0;
    let shifted = 0;
    await forRandomTrainers(
      { priors: false, missing: true, weights: false },
      (model) => locationScales(model).length > 0,
      async (one) => {
        const { model, data, rows, sizes, text } = one;
        const before = await logDensity(one, blockOf(data, rows));
        const parameters: Record<string, Float64Array> = { ...one.parameters };
        const moved: Record<string, Float64Array> = { ...data };
        const expected = Float64Array.from(before);
        for (const { factor, mean, spread, isDeviation } of locationScales(model)) {
          const s = 3.7;
          const intercept = interceptIn(mean);
          // Only a mean with an intercept can be shifted; only a full one by the same in every entry.
          const shift = intercept === undefined ? 0 : -11.5;
          if (shift !== 0) shifted++;
          scaled++;
          for (const name of parametersIn(mean)) parameters[name] = parameters[name]!.map((value) => value * s);
          if (intercept !== undefined) parameters[intercept] = parameters[intercept]!.map((value) => value + shift);
          for (const name of parametersIn(spread))
            parameters[name] = scaleSpread(model, sizes, name, parameters[name]!, s, isDeviation);
          const column = data[factor.child]!;
          const width = column.length / rows;
          moved[factor.child] = column.map((value) => value * s + shift);
          column.forEach((value, i) => {
            const row = Math.floor(i / width);
            if (!Number.isNaN(value)) expected[row] = expected[row]! - Math.log(s);
          });
        }
        const after = await logDensity(one, blockOf(moved, rows), parameters as Tensors);
        after.forEach((value, row) =>
          expect(Math.abs(value - expected[row]!), text).toBeLessThan(1e-9 * (1 + Math.abs(expected[row]!))),
        );
      },
    );
    expect(scaled).toBeGreaterThanOrEqual(runs);
    expect(shifted).toBeGreaterThan(0);
  });
});
