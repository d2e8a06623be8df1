import { csvOf, draws } from "./draws.js";
import type { Template } from "./index.js";

export const mixture: Template = {
  model: `## Rows fall into K groups; each group is a Gaussian with its own centre and shape.
model Mixture {
  size K = 3, D
  ## How large each group is.
  param weights: Simplex[K]
  ## The centre of each group.
  param mean[K]: Vector[D]
  ## The shape of each group.
  param covariance[K]: Cov[D]
  each n {
    latent  z: Category[K] ~ Categorical(weights)
    observe x: Vector[D]?  ~ Normal(mean[z], covariance[z])
  }
}
`,
  variable: "x",
  dims: {},
  data() {
    const random = draws(1);
    const centres = [
      [0, 0],
      [4, 1],
      [1, 5],
    ];
    const rows = Array.from({ length: 150 }, (_, i) => centres[i % 3].map((centre) => centre + 0.7 * random.normal()));
    return csvOf(["x0", "x1"], rows);
  },
};
