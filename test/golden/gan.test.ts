import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { interpretPlan } from "../../src/ir/interpret-plan.js";
import type { AdversarialProgram } from "../../src/ir/program.js";
import { asWritten } from "../support/as-written.js";
import { gameOf } from "../support/games.js";

/** Losses, penalty and derivatives of a tiny generator and critic with fixed weights, in float64, by PyTorch. */
interface Case {
  readonly name: string;
  readonly inputs: {
    readonly G: Weights;
    readonly D: Weights;
    readonly z: readonly (readonly number[])[];
    readonly x_real: readonly (readonly number[])[];
    readonly alpha: unknown;
    readonly leaky_slope: number;
    readonly lambda_gp: number;
  };
  readonly expected: Readonly<Record<string, unknown>>;
}

type Weights = Readonly<Record<"W1" | "b1" | "W2" | "b2", unknown>>;

const { cases } = JSON.parse(readFileSync(new URL("neural.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[];
};
const golden = cases.find(({ name }) => name === "gan_wgan_gp_losses")!;
const { inputs, expected } = golden;

function flat(values: unknown): Float64Array {
  return Float64Array.from((Array.isArray(values) ? values.flat(9) : [values]) as number[]);
}

const rows = inputs.z.length;
const sizes = { L: inputs.z[0]!.length, D: inputs.x_real[0]!.length };
const layer = (name: string, weights: Weights): Record<string, Float64Array> => ({
  [`${name}.0.weight`]: flat(weights.W1),
  [`${name}.0.bias`]: flat(weights.b1),
  [`${name}.1.weight`]: flat(weights.W2),
  [`${name}.1.bias`]: flat(weights.b2),
});

function gameWith(options: string): AdversarialProgram {
  return gameOf(`model Game {
  size D = ${sizes.D}, L = ${sizes.L}
  net G(Vector[L]) -> Vector[D] = dense(${flat(inputs.G.b1).length}, tanh)
  net F(Vector[D]) -> Real = dense(${flat(inputs.D.b1).length}, lrelu(${inputs.leaky_slope}))
  each n {
    latent z: Vector[L] ~ Normal(0, 1)
    observe x: Vector[D] = G(z)
  }
  critic F(x)
  learn adversarial { ${options} }
}`);
}

/** One step on the golden draws: whatever is a table of normals is z, of uniforms the place between data and draws. */
function run(program: AdversarialProgram, name: "criticStep" | "generatorStep"): Record<string, Float64Array> {
  const fn = program[name];
  const table = Object.fromEntries(
    program.noise.map((noise) => [noise.name, flat(noise.family === "uniform" ? inputs.alpha : inputs.z)]),
  );
  return interpretPlan(fn, {
    sizes,
    rows,
    inputs: {
      parameter: { ...asWritten(program.model, sizes), ...layer("G", inputs.G), ...layer("F", inputs.D) },
      data: { x: flat(inputs.x_real) },
      table,
    },
  });
}

function expectClose(found: Float64Array, wanted: unknown, sign: number): void {
  const values = flat(wanted);
  expect(found.length).toBe(values.length);
  found.forEach((value, i) => expect(Math.abs(value - sign * values[i]!)).toBeLessThan(1e-9 * (1 + Math.abs(values[i]!))));
}

/** Steps ascend the negative of a loss. */
function expectGradients(found: Record<string, Float64Array>, net: string, gradients: unknown): void {
  const { W1, b1, W2, b2 } = gradients as Weights;
  const names = { "0.weight": W1, "0.bias": b1, "1.weight": W2, "1.bias": b2 };
  for (const [place, wanted] of Object.entries(names)) expectClose(found[`gradient.${net}.${place}`]!, wanted, -1);
}

describe("losses and derivatives as PyTorch has them", () => {
  it("nonsaturating", () => {
    const program = gameWith("loss: nonsaturating");
    const critic = run(program, "criticStep");
    expectClose(critic["objective"]!, expected["d_loss_bce"], -1);
    expectGradients(critic, "F", expected["grad_d_loss_bce"]);
    const generator = run(program, "generatorStep");
    expectClose(generator["objective"]!, expected["g_loss_nonsaturating"], -1);
    expectGradients(generator, "G", expected["grad_g_nonsat"]);
  });

  it("wasserstein with its penalty, differentiated twice", () => {
    const program = gameWith(`loss: wasserstein, gp: ${inputs.lambda_gp}`);
    const critic = run(program, "criticStep");
    expectClose(critic["objective"]!, expected["wgan_gp_critic_loss"], -1);
    expectGradients(critic, "F", expected["grad_wgan_gp_critic"]);
    const generator = run(program, "generatorStep");
    expectClose(generator["objective"]!, expected["wgan_g_loss"], -1);
  });
});
