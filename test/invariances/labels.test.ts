import { expect, test } from "vitest";
import type { Expression, Model } from "../../src/ir/model.js";
import type { Tensors } from "../support/interpreted-program.js";
import { blockOf, expectEqual, forRandomTrainers, logDensity, type RandomTrainer } from "./random-trainer.js";

/** Every parameter that a model reads, with its indices. */
function reads(model: Model): readonly Extract<Expression, { kind: "parameter" }>[] {
  const inside = (expression: Expression): readonly Extract<Expression, { kind: "parameter" }>[] => {
    if (expression.kind === "parameter") return [expression];
    return expression.kind === "apply" ? expression.arguments.flatMap(inside) : [];
  };
  return model.factors.flatMap((factor) =>
    factor.kind === "density" ? Object.values(factor.arguments).flatMap(inside) : [],
  );
}

/** The slices of a row-major array along one dimension, moved one place on, the last one to the front. */
function rotated(values: Float64Array, shape: readonly number[], dimension: number): Float64Array {
  const inner = shape.slice(dimension + 1).reduce((a, b) => a * b, 1);
  const length = shape[dimension]!;
  return values.map((_, i) => {
    const place = Math.floor(i / inner) % length;
    return values[i + (((place + length - 1) % length) - place) * inner]!;
  });
}

/** The parameters of the same model with the values of one latent renamed. */
function renamed({ model, trainer, sizes, parameters }: RandomTrainer, latent: string): Tensors {
  const next: Record<string, Float64Array> = { ...parameters };
  const rotate = (name: string, dimension: number): void => {
    const { shape } = trainer.description.parameters.find((parameter) => parameter.name === name)!;
    const extents = shape.map((extent) => (typeof extent === "number" ? extent : (sizes[extent as string] ?? NaN)));
    next[name] = rotated(
      next[name]!,
      extents.slice(0, dimension + 1).concat(rest(extents, dimension, next[name]!)),
      dimension,
    );
  };
  for (const { name, indices } of reads(model)) {
    indices.forEach((index, dimension) => {
      if (index.kind === "variable" && index.name === latent) rotate(name, dimension);
    });
  }
  const own = model.factors.find((factor) => factor.kind === "density" && factor.child === latent);
  const probabilities = own?.kind === "density" ? own.arguments["probabilities"] : undefined;
  if (probabilities?.kind !== "parameter") throw new Error(`${latent} has no table of probabilities`);
  rotate(probabilities.name, probabilities.indices.length);
  return next;
}

/** What remains of a shape after a dimension, as one extent: a sum of sizes needs no number of its own. */
function rest(extents: readonly number[], dimension: number, values: Float64Array): number[] {
  return [values.length / extents.slice(0, dimension + 1).reduce((a, b) => a * b, 1)];
}

test("the names of a latent variable's values do not matter", async () => {
  await forRandomTrainers(
    { priors: false, missing: true, weights: false },
    (model) => model.variables.some(({ role }) => role === "latent"),
    async (one) => {
      const { model, data, rows, text } = one;
      const block = blockOf(data, rows);
      const before = await logDensity(one, block);
      for (const { name } of model.variables.filter(({ role }) => role === "latent")) {
        const parameters = renamed(one, name);
        expect(parameters).not.toEqual(one.parameters);
        expectEqual({ density: await logDensity(one, block, parameters) }, { density: before }, 1e-11, text);
      }
    },
  );
});
