import { csvOf, draws } from "./draws.js";
import type { Template } from "./index.js";

export const vae: Template = {
  model: `## Pictures from a code of L numbers; the encoder is derived.
model Vae {
  size D, L = 2
  net decoder(Vector[L]) -> Vector[D] = dense(32, relu) |> dense(32, relu)
  each n {
    latent  z: Vector[L] ~ Normal(0, 1)
    observe x: Binary[D] ~ Bernoulli(logits: decoder(z))
  }
}
`,
  variable: "x",
  dims: {},
  data() {
    // Bars across a grid of 4 by 4, now and then with a spot of noise.
    const random = draws(4);
    const rows = Array.from({ length: 200 }, () => {
      const vertical = random.uniform() < 0.5;
      const at = Math.floor(4 * random.uniform());
      return Array.from({ length: 16 }, (_, i) => {
        const on = (vertical ? i % 4 : Math.floor(i / 4)) === at;
        return on === random.uniform() >= 0.05 ? 1 : 0;
      });
    });
    return csvOf(
      Array.from({ length: 16 }, (_, i) => `x${i}`),
      rows,
    );
  },
};
