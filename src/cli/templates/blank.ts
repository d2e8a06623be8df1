import { csvOf, draws } from "./draws.js";
import type { Template } from "./index.js";

export const blank: Template = {
  model: `## One Gaussian: the place to begin.
model Blank {
  size D
  param mean: Vector[D]
  param covariance: Cov[D]
  each n {
    observe x: Vector[D]? ~ Normal(mean, covariance)
  }
}
`,
  variable: "x",
  dims: {},
  data() {
    const random = draws(2);
    const rows = Array.from({ length: 50 }, () => {
      const shared = random.normal();
      return [10 + 2 * shared + random.normal(), -3 + shared];
    });
    return csvOf(["x0", "x1"], rows);
  },
};
