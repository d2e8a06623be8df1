import { describe, expect, test } from "vitest";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import type { Model } from "../../../src/ir/model.js";
import type { PlanFunction } from "../../../src/ir/plan.js";
import { boundProgramOf, randomInputs } from "../../support/bound-programs.js";
import { gameOf } from "../../support/games.js";

function unitsOf(model: Model): readonly string[] {
  return model.parameters.flatMap(({ name, asWritten }) => (asWritten === undefined ? [] : [name])).sort();
}

const model = (nets: string, rows: string, rest = "learn elbo"): string => `model M {
  size D, L = 2
  ${nets}
  each n {
    latent z: Vector[L] ~ Normal(0, 1)
    ${rows}
  }
  ${rest}
}`;

describe("what is rewritten follows from the structure", () => {
  const dec = "net dec(Vector[L]) -> Vector[D] = dense(4, tanh)";
  const both = "net dec(Vector[L]) -> (Vector[D], Vector[D]) = dense(4, tanh)";
  test.each([
    ["a location", model(dec, "observe x: Vector[D] ~ Normal(dec(z), 1)"), ["dec.x.deviation", "dec.x.mean"]],
    ["of any family", model(dec, "observe x: Vector[D] ~ StudentT(4, dec(z), 1)"), ["dec.x.deviation", "dec.x.mean"]],
    [
      "a spread beside a location that is no network",
      model(`${dec} param m: Vector[D]`, "observe x: Vector[D] ~ Normal(m, sd: softplus(dec(z) - 1))"),
      ["dec.x.deviation"],
    ],
    [
      "a spread whose output does something else as well keeps its units",
      model(both, "let (a, b) = dec(z) observe x: Vector[D] ~ Normal(a + b, sd: softplus(b))"),
      [],
    ],
    [
      "what two variables share goes by the first",
      model(dec, "observe x: Vector[D] ~ Normal(dec(z), 1) observe y: Vector[D] ~ Normal(dec(z), 2)"),
      ["dec.x.deviation", "dec.x.mean"],
    ],
    [
      "outputs of two variables have units of their own",
      model(both, "let (a, b) = dec(z) observe x: Vector[D] ~ Normal(a, 1) observe y: Vector[D] ~ Laplace(b, 2)"),
      ["dec.x.deviation", "dec.x.mean", "dec.y.deviation", "dec.y.mean"],
    ],
    [
      "a linear network keeps its weights",
      model("net dec(Vector[L]) -> Vector[D] = dropout(0.1)", "observe x: Vector[D] ~ Normal(dec(z), 1)"),
      [],
    ],
    ["bits have no unit", model(dec, "observe x: Binary[D] ~ Bernoulli(logits: dec(z))"), []],
    ["a logarithm has none", model(dec, "observe x: Vector[D] ~ Normal(exp(dec(z)), 1)"), []],
    ["nor has what is squashed", model(dec, "observe x: Vector[D] ~ Normal(sigmoid(dec(z)), 1)"), []],
    [
      "a written guide reads distances",
      model(
        `${dec} net enc(Vector[D]) -> (Vector[L], Vector[L]) = dense(3, tanh)`,
        "observe x: Vector[D] ~ Normal(dec(z), 1)",
        "guide { let (m, s) = enc(x)  z ~ Normal(m, sd: softplus(s)) }",
      ),
      ["dec.x.deviation", "dec.x.mean", "enc.x.deviation", "enc.x.mean"],
    ],
    [
      "but not of what it has worked on itself",
      model(
        `net enc(Vector[D]) -> (Vector[L], Vector[L]) = dense(3, tanh) ${dec}`,
        "observe x: Vector[D] ~ Normal(sigmoid(dec(z)), 1)",
        "guide { let (m, s) = enc(x / 10)  z ~ Normal(m, sd: softplus(s)) }",
      ),
      [],
    ],
  ])("%s", (_, text, expected) => {
    const program = boundProgramOf(text);
    expect(unitsOf(program.model)).toEqual(expected);
    const moved = program.step.outputs.map(({ name }) => name);
    for (const name of expected) {
      expect(program.held).toContain(name);
      expect(moved).not.toContain(`gradient.${name}`);
    }
  });
});

type Inputs = ReturnType<typeof randomInputs>;

/** Folds mean + deviation * (h W + b) into the output layer: W deviation and b deviation + mean. */
function folded({ parameter, ...rest }: Inputs, layer: string, units: string): Inputs {
  const found = { ...parameter };
  const [mean, deviation] = [`${units}.mean`, `${units}.deviation`].map((name) => found[name]!);
  const width = deviation!.length;
  found[`${layer}.weight`] = found[`${layer}.weight`]!.map((value, i) => value * deviation![i % width]!);
  found[`${layer}.bias`] = found[`${layer}.bias`]!.map((value, i) => value * deviation![i]! + mean![i]!);
  found[`${units}.mean`] = new Float64Array(width);
  found[`${units}.deviation`] = new Float64Array(width).fill(1);
  return { ...rest, parameter: found };
}

describe("a rewritten model can be what the program as written can be, and nothing else", () => {
  const sizes = { D: 3, L: 2 };
  const rows = 5;
  const run = (fn: PlanFunction, inputs: Inputs, name: string): readonly number[] => [
    ...interpretPlan(fn, { sizes, rows, inputs })[name]!,
  ];

  test.each([
    "observe x: Vector[D] ~ Normal(dec(z), 0.5)",
    "observe x: Vector[D]? ~ Laplace(dec(z), 0.5) observe y: Vector[D] ~ Normal(2 * dec(z), sd: softplus(dec(z)))",
  ])("%s: mean and deviation are absorbed by the output layer, wherever the output is read", (observed) => {
    const program = boundProgramOf(model("net dec(Vector[L]) -> Vector[D] = dense(4, tanh)", observed));
    for (const fn of [program.bound, program.logWeight, program.reconstruct]) {
      const inputs = randomInputs(program, fn, sizes, rows, 2);
      const name = fn === program.bound ? "bound" : fn === program.logWeight ? "logWeight" : "x";
      const plain = run(fn, folded(inputs, "dec.1", "dec.x"), name);
      run(fn, inputs, name).forEach((value, i) => expect(value).toBeCloseTo(plain[i]!, 9));
    }
  });

  test("x and what is given for it in other units have bounds apart by the log of the units", () => {
    const text = model(
      `net dec(Vector[L]) -> (Vector[D], Vector[D]) = dense(4, tanh)
  net enc(Vector[D]) -> (Vector[L], Vector[L]) = dense(3, tanh)`,
      "let (a, b) = dec(z) observe x: Vector[D] ~ Normal(a, sd: softplus(b))",
      "guide { let (m, s) = enc(x)  z ~ Normal(m, sd: softplus(s)) }",
    );
    const program = boundProgramOf(text);
    const inputs = randomInputs(program, program.bound, sizes, rows, 4);
    const [shift, scale] = [
      [-7, 300, 0.2],
      [0.01, 50, 1e4],
    ];
    const parameter = { ...inputs.parameter };
    for (const net of ["dec", "enc"]) {
      parameter[`${net}.x.mean`] = parameter[`${net}.x.mean`]!.map((value, i) => shift[i]! + scale[i]! * value);
      parameter[`${net}.x.deviation`] = parameter[`${net}.x.deviation`]!.map((value, i) => scale[i]! * value);
    }
    const data = { x: inputs.data["x"]!.map((value, i) => shift[i % 3]! + scale[i % 3]! * value) };
    const jacobian = scale.reduce((sum, each) => sum + Math.log(each), 0);
    const moved = run(program.bound, { ...inputs, parameter, data }, "bound");
    run(program.bound, inputs, "bound").forEach((value, row) => expect(moved[row]! + jacobian).toBeCloseTo(value, 7));
  });
});

describe("games", () => {
  const game = (observed: string): string => `model G {
  size D = 2, L = 1
  net gen(Vector[L]) -> Vector[D] = dense(3, tanh)
  net judge(Vector[D]) -> Real = dense(4, tanh)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Vector[D] = ${observed} }
  critic judge(x)
  learn adversarial { loss: wasserstein, gp: 10, r1: 2 }
}`;
  const sizes = { D: 2, L: 1 };

  test("values that are squashed, as those of images, are left as they are", () => {
    expect(unitsOf(gameOf(game("sigmoid(gen(z))")).model)).toEqual([]);
    expect(unitsOf(gameOf(game("gen(z)")).model)).toEqual(["gen.x.deviation", "gen.x.mean"]);
  });

  test("steps on data in other units are the same steps, penalties included", () => {
    const program = gameOf(game("gen(z)"));
    for (const fn of [program.criticStep, program.generatorStep]) {
      const inputs = randomInputs(program as never, fn, sizes, 6, 3);
      const [shift, scale] = [
        [70, -3],
        [13, 0.001],
      ];
      const parameter = { ...inputs.parameter };
      const units = ["gen.x.mean", "gen.x.deviation"].map((name) => parameter[name]);
      // The generator's step never leaves the units of the data.
      if (fn === program.criticStep) {
        parameter["gen.x.mean"] = units[0]!.map((value, i) => shift[i]! + scale[i]! * value);
        parameter["gen.x.deviation"] = units[1]!.map((value, i) => scale[i]! * value);
      } else expect(units).toEqual([undefined, undefined]);
      const data = { ...inputs.data };
      if (data["x"] !== undefined) data["x"] = data["x"].map((value, i) => shift[i % 2]! + scale[i % 2]! * value);
      const before = interpretPlan(fn, { sizes, rows: 6, inputs });
      const after = interpretPlan(fn, { sizes, rows: 6, inputs: { ...inputs, parameter, data } });
      for (const [name, values] of Object.entries(before))
        values.forEach((value, i) => expect(after[name]![i], name).toBeCloseTo(value, 7));
    }
  });
});
