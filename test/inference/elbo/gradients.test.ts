import { describe, expect, test } from "vitest";
import { boundModels, boundProgramOf, randomInputs } from "../../support/bound-programs.js";
import { slopes } from "../../support/finite-differences.js";

const rows = 4;

describe.each(boundModels.map((model) => [model.name, model.text] as const))("%s", (_, text) => {
  const { step, model, ...rest } = boundProgramOf(text);
  const program = { step, model, ...rest };
  const defaults = Object.fromEntries(
    model.sizes.flatMap((s) => (s.default === undefined ? [] : [[s.name, s.default]])),
  );
  const sizes = { D: 6, ...defaults };
  const inputs = randomInputs(program, step, sizes, rows, 3);
  // Where each draw is weighted, or the guide's density held, the guide's derivative is another estimate of the same.
  const isEstimate = text.includes("iwae") || text.includes("stl");
  const learned = new Set(step.outputs.map(({ name }) => name));
  const names = Object.keys(inputs.parameter).filter(
    (name) => learned.has(`gradient.${name}`) && (!isEstimate || !name.startsWith("encoder")),
  );

  test("the derivative of the objective is its slope", () => {
    for (const { name, derived, difference } of slopes(step, { sizes, rows, inputs }, names))
      expect(Math.abs(derived - difference), name).toBeLessThan(1e-6 * (1 + Math.abs(difference)));
  });
});

describe("estimates that hold the guide's density", () => {
  test.each(["iwae: 3", "stl: 1"])("%s: on average the derivative is the slope of the objective", (option) => {
    const program = boundProgramOf(`model M {
  size D = 2, L = 1
  net dec(Vector[L]) -> Vector[D] = dense(3, tanh)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] ~ Normal(dec(z), 1) }
  guide auto(dense(2, tanh))
  learn elbo { ${option} }
}`);
    const sizes = { D: 2, L: 1 };
    const many = 3000;
    const inputs = randomInputs(program, program.step, sizes, many, 11);
    // The same row over and over, under draws of its own each time.
    const x = inputs.data["x"]!;
    for (let i = 2; i < x.length; i++) x[i] = x[i % 2]!;
    inputs.parameter["encoder.x.mean"]!.fill(0);
    inputs.parameter["encoder.x.deviation"]!.fill(1);
    const learned = new Set(program.step.outputs.map(({ name }) => name));
    const names = Object.keys(inputs.parameter).filter(
      (name) => name.startsWith("encoder") && learned.has(`gradient.${name}`),
    );
    const found = slopes(program.step, { sizes, rows: many, inputs }, names);
    for (const { name, derived, difference } of found)
      // Standard error of either side is below 0.01 here.
      expect(Math.abs(derived - difference), name).toBeLessThan(0.05);
  });
});
