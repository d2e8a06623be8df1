import { describe, expect, test } from "vitest";
import { emitNetwork } from "../../../src/codegen/network-kernels/emit-network.js";
import { interpretPlan } from "../../../src/ir/interpret-plan.js";
import { NetworkInstance } from "../../../src/runtime/networks/network-instance.js";
import { boundProgramOf, randomInputs } from "../../support/bound-programs.js";

const text = `model M {
  size D, L = 5
  net dec(Vector[L]) -> Vector[D] = dense(75, relu) |> dense(90, relu)
  net enc(Vector[D]) -> (Vector[L], Vector[L]) = dense(75, relu)
  each n { latent z: Vector[L] ~ Normal(0, 1)  observe x: Binary[D] ~ Bernoulli(logits: dec(z)) }
  guide { let (m, v) = enc(x)  z ~ Normal(m, sd: exp(v / 2)) }
}`;
const program = boundProgramOf(text);
const module = emitNetwork([program.step]);
/** Neither a multiple of what is made at once; sums are deeper than one panel. */
const sizes = { D: 302, L: 5 };
const rows = 133;
const tolerance = 2e-4;

function inputsWith(part: number, one = 1): ReturnType<typeof randomInputs> {
  const inputs = randomInputs(program, program.step, sizes, rows, 1);
  const x = Float64Array.from({ length: rows * sizes.D }, (_, i) => ((i * 7919) % 1000 < 1000 * part ? 1 : 0));
  // One entry that is another number: what is looked at may not show it.
  const last = x.lastIndexOf(1);
  if (last >= 0) x[last] = one;
  return { ...inputs, data: { ...inputs.data, x } };
}

/** Outputs of a step, and the kernels that were run. */
async function run(
  inputs: ReturnType<typeof inputsWith>,
  threads: number,
  variant: "plain" | undefined,
): Promise<{ readonly outputs: Readonly<Record<string, Float32Array>>; readonly kernels: readonly string[] }> {
  if (module === undefined) throw new Error("no kernels");
  const instance = new NetworkInstance(module, sizes, { threads, ...(variant === undefined ? {} : { variant }) });
  const prepared = instance.prepare("step", rows);
  for (const [key, view] of prepared.views) {
    const [kind, name] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
    if (kind !== "output") view.set(inputs[kind as "data"][name]!);
  }
  while (instance.runningThreads < threads) {
    prepared.run();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const kernels: string[] = [];
  const team = instance["threads"];
  const runTask = team.run.bind(team);
  team.run = (task, meanwhile) => {
    kernels.push(task.kernel);
    return runTask(task, meanwhile);
  };
  prepared.run();
  const outputs: Record<string, Float32Array> = {};
  for (const [key, view] of prepared.views)
    if (key.startsWith("output ")) outputs[key.slice("output ".length)] = Float32Array.from(view);
  instance.dispose();
  return { outputs, kernels };
}

describe.each([
  ["few", 0.1, 1],
  ["half of the", 0.5, 1],
  ["half of the, one no bit,", 0.5, 0.25],
  ["most", 0.95, 1],
  ["no", 0, 1],
])("%s entries of the data that are not 0", (_, part, one) => {
  const inputs = inputsWith(part, one);
  const expected = interpretPlan(program.step, { sizes, rows, inputs });

  test.each([undefined, "plain"] as const)("products by lists are right for any threads (%s)", async (variant) => {
    const { outputs, kernels } = await run(inputs, 1, variant);
    // Of the data, if there are few, and of what is cut off.
    const count = kernels.filter((kernel) => kernel.endsWith("OfLists")).length;
    expect(count).toBeGreaterThanOrEqual(part < 0.3 ? 4 : 2);
    expect(kernels.some((kernel) => kernel.startsWith("productBy"))).toBe(true);
    // Sums of four rows are picked by bits, and what a relu cuts off is not made.
    const bits = kernels.filter((kernel) => kernel.endsWith("OfBits"));
    expect(bits).toEqual(part > 0.3 && one === 1 ? ["productOfBits", "linesOfBits"] : []);
    expect(kernels).toContain("neededProduct");
    for (const [name, values] of Object.entries(expected)) {
      const scale = Math.max(1, ...values.map(Math.abs));
      const largest = values.reduce((most, value, i) => Math.max(most, Math.abs(outputs[name]![i]! - value)), 0);
      expect(largest / scale, name).toBeLessThan(tolerance);
    }
    expect((await run(inputs, 3, variant)).outputs).toEqual(outputs);
  });
});

test("a value that is no number is listed", async () => {
  const inputs = inputsWith(0.1);
  inputs.data["x"]![5] = NaN;
  const { outputs } = await run(inputs, 1, undefined);
  expect(outputs["objective"]![0]).toBeNaN();
});
