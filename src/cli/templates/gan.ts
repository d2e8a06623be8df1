import { csvOf, draws } from "./draws.js";
import type { Template } from "./index.js";

export const gan: Template = {
  model: `## Points drawn by a network that a second network learns to tell from the data.
model Gan {
  size D, L = 4
  net generator(Vector[L]) -> Vector[D] = dense(32, relu) |> dense(32, relu)
  net judge(Vector[D]) -> Real = dense(32, lrelu) |> dense(32, lrelu)
  each n {
    latent  z: Vector[L] ~ Normal(0, 1)
    observe x: Vector[D] = generator(z)
  }
  critic judge(x)
  learn adversarial { loss: wasserstein, gp: 10, critic_steps: 5 }
}
`,
  variable: "x",
  dims: {},
  data() {
    // A noisy ring.
    const random = draws(5);
    const rows = Array.from({ length: 200 }, () => {
      const angle = 2 * Math.PI * random.uniform();
      return [Math.cos(angle) + 0.1 * random.normal(), Math.sin(angle) + 0.1 * random.normal()];
    });
    return csvOf(["x0", "x1"], rows);
  },
};
