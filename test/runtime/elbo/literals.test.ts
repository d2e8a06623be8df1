import { expect, test } from "vitest";
import { compileSource, loadTrainer } from "../../../src/compile/index.js";

const text = `model M {
  size K = 2
  param share: Simplex[K] = [0.4, 0.6]
  param centre[K]: Vector[2] = [1, 2]
  net g(Vector[1]) -> Vector[2] = dense(4, tanh)
  each n {
    latent  k: Category[K] ~ Categorical(share)
    latent  z: Vector[1] ~ Normal(0, 1)
    observe x: Vector[2] ~ Normal(g(z) + centre[k], 0.1)
  }
}`;

test("what the model fixes to a literal is that in every cell of its table, in a fit and where parameters are set", async () => {
  const source = { name: "model.gen", text };
  const { program } = compileSource(source);
  if (program?.algorithm !== "elbo") throw new Error("no bound");
  const Model = await loadTrainer({ source, program });
  const trainer = new Model({});
  if (!("encode" in trainer)) throw new Error("no bound");
  const x = Array.from({ length: 20 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
  await trainer.fit({ x }, { epochs: 1, seed: 1 });
  expect([...trainer.parameters["centre"]!.data]).toEqual([1, 2, 1, 2]);
  const { centre, share, ...learned } = trainer.parameters;
  expect([...share!.data]).toEqual([0.4, 0.6]);
  const again = new Model({});
  again.setParameters(learned);
  expect([...again.parameters["centre"]!.data]).toEqual([...centre!.data]);
});
