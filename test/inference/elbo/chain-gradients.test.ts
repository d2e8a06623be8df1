import { describe, expect, test } from "vitest";
import {
  chainBoundOf,
  chainObjective,
  InterpretedRunner,
  randomParameters,
  randomSequences,
  uniforms,
} from "../../support/chain-bound-programs.js";
import { chainBoundModels } from "../../support/chain-bound-models.js";

const lengths = [3, 1, 4];

describe.each(chainBoundModels.map(({ name, text }) => [name, text] as const))("%s", (_, text) => {
  test("the derivative of the objective is its slope", async () => {
    const model = chainBoundOf(text);
    const random = uniforms(11);
    const sizes = Object.fromEntries(model.description.sizes.map(({ name, default: value }) => [name, value ?? 3]));
    const parameters = randomParameters(model, sizes, random);
    const data = await randomSequences(model, sizes, lengths, random);
    const objective = (values: typeof parameters): ReturnType<typeof chainObjective> =>
      chainObjective(model, data, new InterpretedRunner(model.program, sizes, values), parameters, 0.7);
    const found = await objective(parameters);
    const { held } = model.program;
    const learned = model.program.model.parameters.filter(
      ({ name, fixed }) => fixed === undefined && !held.includes(name),
    );
    // Along a random direction of each parameter.
    for (const { name, domain } of learned) {
      const values = parameters[name]!;
      // A simplex stays one.
      const direction = values.map(() => random() - 0.5);
      if (domain.kind === "simplex") continue;
      const h = 1e-5;
      const at = async (scale: number): Promise<number> => {
        const moved = { ...parameters, [name]: values.map((value, i) => value + scale * direction[i]!) };
        return (await objective(moved))["objective"]![0]!;
      };
      const difference = ((await at(h)) - (await at(-h))) / (2 * h);
      const derived = Array.from(found[`gradient.${name}`]!).reduce((sum, slope, i) => sum + slope * direction[i]!, 0);
      expect(Math.abs(derived - difference), name).toBeLessThan(2e-7 * (1 + Math.abs(difference)));
    }
    // The rows add up to what a step says; what drops out does so in steps alone.
    const weights = data.weights === undefined ? undefined : Array.from(data.weights);
    if (weights === undefined && !text.includes("dropout"))
      expect(Array.from(found["rows"]!).reduce((sum, row) => sum + row, 0) / data.rows).toBeCloseTo(
        found["bound"]![0]!,
        10,
      );
  });
});
